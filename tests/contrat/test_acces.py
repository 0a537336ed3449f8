"""Who may do what: every role on every route, and nothing of another éditeur's."""

import asyncpg

from app.acces.roles import Role
from tests.contrat.aides import accuse, cas, inscrire_rival, pilote, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service, trace

_EDITEUR: Corps = {"raison_sociale": "Ortho Soft", "solution_sesam_vitale": True}
_MODULE: Corps = {"editeur": "ortho-soft", "nom": "Module"}
_LOGICIEL: Corps = {
    "editeur": "ortho-soft",
    "module": "mon-ortho",
    "nom": "Ortho Plus",
    "sesam_vitale": True,
    "autorisation_cnda": {"numero": "ON-2026-0117", "date": "2026-09-02"},
}
_SERIE: Corps = {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33", "38"], "fin_prevue_le": None}
_PHASE_2 = pilote(phase_2_le="2026-10-17")
C, E, P, L = Role.CNAM, Role.EDITEUR, Role.POSTE, Role.LECTURE

# Each route, its body, and the roles that may; the éditeur's key is that of the object's own éditeur.
ROUTES: list[tuple[str, str, object, set[Role]]] = [
    ("POST", "/traces", [], {C, E, P}),
    ("GET", f"/traces/consigne?logiciel=ortho-plus&numero_am={PILOTES[0]}", None, {C, E, P}),
    ("PUT", "/editeurs/ortho-soft", _EDITEUR, {C}),
    ("PUT", "/modules/mon-ortho", _MODULE, {C}),
    ("PUT", "/logiciels/ortho-plus", _LOGICIEL, {C}),
    ("PUT", f"/preseries/{PRESERIE}", _SERIE, {C}),
    ("PUT", f"/preseries/{PRESERIE}/jalons/support", {"le": "2026-09-12"}, {C}),
    ("PUT", f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}", _PHASE_2, {C, E}),
    ("POST", f"/preseries/{PRESERIE}/demarrage", {}, {C}),
    *(("GET", f"/{liste}", None, {C, E}) for liste in ("editeurs", "modules", "logiciels", "preseries")),
    ("GET", "/editeurs/ortho-soft", None, {C, E}),
    ("GET", "/modules/mon-ortho", None, {C, E}),
    ("GET", "/logiciels/ortho-plus", None, {C, E}),
    ("GET", f"/preseries/{PRESERIE}", None, {C, E}),
    ("GET", f"/preseries/{PRESERIE}/jalons", None, {C, E}),
    ("GET", f"/preseries/{PRESERIE}/jalons/support", None, {C, E}),
    ("GET", f"/preseries/{PRESERIE}/pilotes", None, {C, E}),
    ("GET", f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}", None, {C, E}),
    ("GET", f"/bilan/preseries/{PRESERIE}", None, {C, E, L}),
    ("GET", f"/bilan/preseries/{PRESERIE}/ventilation?par=jour", None, {C, E, L}),
    ("GET", f"/executions?preserie={PRESERIE}", None, {C, E, L}),
]


async def test_chaque_role_sur_chaque_route(cnam: Service) -> None:
    appelants = {role: await cnam.en(role, editeur="ortho-soft" if role in (E, P) else None) for role in Role}
    for methode, chemin, corps, permis in ROUTES:
        for role, appelant in appelants.items():
            with cas((methode, chemin, role)):
                reponse = await appelant.appeler(methode, chemin, json=corps)
                if role in permis:
                    assert reponse.status_code == 200, reponse.text
                else:
                    verifier_probleme(reponse, 403, "role-insuffisant")


async def test_sans_cle_ou_avec_une_mauvaise_chaque_route_repond_401(cnam: Service) -> None:
    personne = Service(cnam.client, cnam.application)
    bonne = cnam.cle or ""
    mauvaises = (None, "", "Bearer", "Bearer ", f"Basic {bonne}", bonne, f"Bearer {bonne}x", f"Bearer {bonne[:-1]}")
    for methode, chemin, corps, _ in ROUTES:
        for autorisation in mauvaises if chemin in ("/traces", "/editeurs") else mauvaises[:1]:
            with cas((methode, chemin, autorisation)):
                entetes = {} if autorisation is None else {"Authorization": autorisation}
                reponse = await personne.appeler(methode, chemin, json=corps, headers=entetes)
                verifier_probleme(reponse, 401)
                assert reponse.headers["www-authenticate"].startswith("Bearer")
    assert (await personne.appeler("GET", "/editeurs", headers={"Authorization": f"bearer {bonne}"})).status_code == 200


async def test_un_corps_n_est_pas_lu_sans_cle(cnam: Service) -> None:
    personne = Service(cnam.client, cnam.application)
    for contenu in (b"{", b"x" * 2_000_000):
        verifier_probleme(await personne.appeler("POST", "/traces", content=contenu), 401)


async def test_ce_qui_est_a_un_autre_editeur_ne_se_devine_pas(cnam: Service) -> None:
    await cnam.poster(trace())
    identifiant = (await cnam.lire(f"/executions?preserie={PRESERIE}"))["elements"][0]["id"]
    await inscrire_rival(cnam)
    rival = await cnam.en(E, editeur="rival")
    detaillee = ("GET", f"/executions/{identifiant}", None, {C, E, L})
    for methode, chemin, corps, permis in [*ROUTES, detaillee]:
        if E not in permis or "ortho" not in chemin.split("?")[0] + chemin.split("preserie=")[-1]:
            continue
        if chemin.startswith("/traces"):
            continue
        with cas((methode, chemin)):
            probleme = verifier_probleme(await rival.appeler(methode, chemin, json=corps), 404, "introuvable")
            inconnu = chemin.replace(PRESERIE, "inconnue").replace("ortho-", "inconnu-").replace("mon-ortho", "inconnu")
            autre = verifier_probleme(await rival.appeler(methode, inconnu, json=corps), 404, "introuvable")
            assert (probleme["title"], probleme["detail"]) == (autre["title"], autre["detail"])
    verifier_probleme(await rival.appeler("GET", f"/executions/{identifiant}"), 404, "introuvable")


async def test_un_editeur_ne_voit_que_les_siens_dans_les_listes(cnam: Service) -> None:
    await inscrire_rival(cnam)
    for editeur, attendus in (
        ("ortho-soft", ("ortho-soft", "mon-ortho", "ortho-plus", PRESERIE)),
        ("rival", ("rival", "rival-ordo", "rival-plus", "rival-lpp")),
    ):
        sien = await cnam.en(E, editeur=editeur)
        for liste, attendu in zip(("editeurs", "modules", "logiciels", "preseries"), attendus, strict=True):
            assert [e["code"] for e in (await sien.lire(f"/{liste}"))["elements"]] == [attendu]
    for liste in ("editeurs", "modules", "logiciels", "preseries"):
        assert len((await cnam.lire(f"/{liste}"))["elements"]) == 2
    nouveau = await cnam.en(E, editeur="pas-encore-inscrit")
    assert (await nouveau.lire("/preseries"))["elements"] == []


async def test_un_integrateur_voit_le_module_qu_il_utilise(cnam: Service) -> None:
    await inscrire_rival(cnam, demarrer=False)
    corps = _LOGICIEL | {"editeur": "rival", "module": "mon-ortho"}
    assert (await cnam.appeler("PUT", "/logiciels/rival-plus", json=corps)).status_code == 200
    rival = await cnam.en(E, editeur="rival")
    assert (await rival.lire("/modules/mon-ortho"))["editeur"] == "ortho-soft"
    # The module's owner sees no intégrateur's préséries.
    proprietaire = await cnam.en(E, editeur="ortho-soft")
    assert [p["code"] for p in (await proprietaire.lire("/preseries"))["elements"]] == [PRESERIE]
    verifier_probleme(await proprietaire.appeler("GET", "/bilan/preseries/rival-lpp"), 404)


async def test_une_cle_de_poste_est_liee_a_son_editeur(cnam: Service) -> None:
    await inscrire_rival(cnam)
    rival = await cnam.en(P, editeur="rival")
    verifier_probleme(await rival.poster(trace()), 403, "logiciel-interdit")
    corps = accuse(
        await rival.poster([trace(), trace(logiciel="rival-plus")]), enregistrees=1, rejets=["logiciel-interdit"]
    )
    assert corps["rejets"][0]["champ"] == "logiciel"


async def test_une_cle_de_poste_peut_etre_reservee_a_un_numero_am(cnam: Service) -> None:
    reservee = await cnam.en(P, editeur="ortho-soft", numero_am=PILOTES[1])
    assert (await reservee.poster(trace(numero_am=PILOTES[1]))).status_code == 201
    probleme = verifier_probleme(await reservee.poster(trace(numero_am=PILOTES[0])), 403)
    assert [faute["champ"] for faute in probleme["erreurs"]] == ["numero_am"]
    corps = (await reservee.poster([trace(numero_am=PILOTES[1]), trace(numero_am=PILOTES[2])])).json()
    assert (corps["enregistrees"], corps["rejetees"]) == (1, 1)


async def test_une_cle_de_lecture_peut_etre_limitee_a_des_preseries(cnam: Service) -> None:
    await inscrire_rival(cnam)
    await cnam.poster(trace())
    identifiant = (await cnam.lire(f"/executions?preserie={PRESERIE}"))["elements"][0]["id"]
    chemins = [chemin for _, chemin, _, permis in ROUTES if L in permis] + [f"/executions/{identifiant}"]
    for preseries, statut in ((None, 200), ({PRESERIE}, 200), ({PRESERIE, "rival-lpp"}, 200), ({"rival-lpp"}, 404)):
        lecteur = await cnam.en(L, preseries=None if preseries is None else frozenset(preseries))
        for chemin in chemins:
            with cas((preseries, chemin)):
                assert (await lecteur.appeler("GET", chemin)).status_code == statut


async def test_un_refus_pour_un_autre_ne_dit_rien_de_sa_preserie(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    """Another éditeur's présérie: neither that it is open nor who its pilotes are."""
    await inscrire_rival(cnam)
    rival = await cnam.en(P, editeur="rival")
    for faute in ({}, {"duree_ms": -1}, {"type_prescription": "imagerie"}):
        connu, inconnu = trace(**faute), trace(**faute, numero_am="999999999")
        reponses = [(await rival.poster([envoi])).json() for envoi in (connu, inconnu)]
        for reponse, envoi in zip(reponses, (connu, inconnu), strict=True):
            assert reponse["rejets"][0].pop("id") == envoi["id"]
        with cas(faute):
            assert reponses[0] == reponses[1]
