"""One answer per pilote, which it corrects until the bilan is sealed; and what the Cnam and the éditeur see of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.acces.roles import Role
from tests.contrat.aides import NIR, cas, compter, mettre, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service
from tests.questionnaire.aides import (
    INVITATIONS,
    QUESTIONNAIRE,
    REPONSES,
    bloquee,
    inviter,
    inviter_un,
    repondre,
    reponse,
)

N_AM = "38 939-14.22"
MASQUE = "[N° AM masqué]"


async def _critere(cnam: Service, **parametres: str) -> Corps:
    bilan = await cnam.lire(f"/bilan/preseries/{PRESERIE}", params=parametres)
    critere: Corps = next(c for c in bilan["criteres"] if c["code"] == "satisfaction")
    return critere


async def _entrees(cnam: Service) -> list[Corps]:
    page = await cnam.lire("/journal?objet=reponse")
    entrees: list[Corps] = page["elements"]
    return entrees


async def _il_y_a_un_instant() -> str:
    """An instant of now, once it is far enough past to be asked for."""
    instant = datetime.now(UTC)
    await asyncio.sleep(5.1)
    return instant.isoformat()


async def test_une_reponse_se_donne_se_redit_et_se_corrige(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    jeton = await inviter_un(cnam)
    donnee = await repondre(pilote, jeton, reponse(commentaire="  Bien.  "))
    assert donnee == reponse(commentaire="Bien.") | {"le": donnee["le"]}
    assert await repondre(pilote, jeton, reponse(commentaire="Bien."), 200) == donnee
    assert await repondre(pilote, jeton, reponse(commentaire="Bien.", frein=...), 200) == donnee
    assert (await compter(base, "reponse"), len(await _entrees(cnam))) == (1, 1)
    corrigee = await repondre(pilote, jeton, bloquee(commentaire=""), 200)
    assert corrigee == bloquee() | {"le": corrigee["le"]}
    assert donnee["le"] <= corrigee["le"]
    assert (await pilote.lire(f"/questionnaire/{jeton}"))["reponse"] == corrigee
    assert await compter(base, "reponse") == 2
    assert [lue["satisfaction"] for lue in (await cnam.lire(REPONSES))["elements"]] == [2]


async def test_le_journal_dit_qu_on_a_repondu_et_rien_de_la_reponse(cnam: Service, pilote: Service) -> None:
    jeton = await inviter_un(cnam)
    await repondre(pilote, jeton, bloquee())
    await repondre(pilote, jeton, bloquee(commentaire="Autre chose."), 200)
    derniere, premiere = await _entrees(cnam)
    for entree, action in ((premiere, "creation"), (derniere, "modification")):
        assert (entree["action"], entree["auteur"], entree["code"]) == (
            action,
            {"role": "questionnaire", "cle": None},
            None,
        )
        assert (entree["avant"], entree["apres"]) == (None, None)
        assert entree["personnel"] == {"numero_am": PILOTES[0]}


FAUTES: list[tuple[Any, str | None]] = [
    (reponse(satisfaction=0), "satisfaction"),
    (reponse(satisfaction=6), "satisfaction"),
    (reponse(satisfaction="4"), "satisfaction"),
    (reponse(satisfaction=...), "satisfaction"),
    (reponse(operations={"execution": 6}), "operations"),
    (reponse(operations={"execution": True}), "operations"),
    (reponse(operations={"execution": None}), "operations"),
    (reponse(operations={"zq7x9": 3}), "operations"),
    (reponse(operations={"zq7x9": "zq7x9"}), "operations"),
    (reponse(operations=["zq7x9"]), "operations"),
    (reponse(operations=...), "operations"),
    (reponse(frein_bloquant=1), "frein_bloquant"),
    (reponse(frein_bloquant=...), "frein_bloquant"),
    (reponse(frein_bloquant=True), "frein"),
    (reponse(frein_bloquant=True, frein="  "), "frein"),
    (reponse(frein_bloquant=True, frein=...), "frein"),
    (reponse(frein="x" * 2001), "frein"),
    (reponse(commentaire="é" * 2001), "commentaire"),
    (reponse(commentaire="a\0b"), "commentaire"),
    (reponse(commentaire=f"zq7x9 {NIR}"), "commentaire"),
    (reponse(commentaire=["zq7x9"]), "commentaire"),
    (reponse(zq7x9="zq7x9"), None),
]


async def test_une_reponse_mal_remplie_dit_quel_champ(cnam: Service, pilote: Service, base: asyncpg.Connection) -> None:
    jeton = await inviter_un(cnam)
    for corps, champ in FAUTES:
        with cas(corps):
            recue = await pilote.appeler("POST", f"/questionnaire/{jeton}", json=corps)
            refus = verifier_probleme(recue, 422, "corps-invalide")
            assert champ in [faute["champ"] for faute in refus["erreurs"]]
            assert "zq7x9" not in recue.text
            assert NIR not in recue.text
    for brut in (b"", b"{", b"[]", b"null", b'{"satisfaction": 1e400}', b"\xff"):
        with cas(brut):
            entetes = {"Content-Type": "application/json"}
            recue = await pilote.appeler("POST", f"/questionnaire/{jeton}", content=brut, headers=entetes)
            assert recue.status_code in (400, 415, 422), recue.text
    assert await compter(base, "reponse") == 0
    await repondre(pilote, jeton, reponse(commentaire="é" * 2000, operations={}))


async def test_un_lien_inconnu_est_un_404(cnam: Service, pilote: Service) -> None:
    jeton = await inviter_un(cnam)
    for inconnu in (jeton[:-1], jeton + "A", jeton.swapcase(), "x", "%00", "é" * 50, "a" * 5000):
        with cas(inconnu):
            verifier_probleme(await pilote.appeler("GET", f"/questionnaire/{inconnu}"), 404, "introuvable")
            refus = await pilote.appeler("POST", f"/questionnaire/{inconnu}", json=reponse())
            verifier_probleme(refus, 404, "introuvable")


async def test_un_questionnaire_clos_ne_prend_plus_de_reponse(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    jeton = await inviter_un(cnam)
    await repondre(pilote, jeton, reponse())
    for colonnes in ({"bilan_arrete_le": datetime.now(UTC)}, {"statut": "cloturee"}, {"statut": "abandonnee"}):
        with cas(colonnes):
            await mettre(base, **{"bilan_arrete_le": None, "statut": "en_cours"} | colonnes)
            verifier_probleme(await pilote.appeler("GET", f"/questionnaire/{jeton}"), 409, "questionnaire-clos")
            refus = await pilote.appeler("POST", f"/questionnaire/{jeton}", json=reponse(satisfaction=1))
            verifier_probleme(refus, 409, "questionnaire-clos")
    await mettre(base, bilan_arrete_le=None, statut="validee")
    await repondre(pilote, jeton, reponse(satisfaction=1), 200)


async def test_deux_envois_a_la_fois_ne_font_qu_une_reponse(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    jeton = await inviter_un(cnam)
    envois = [pilote.appeler("POST", f"/questionnaire/{jeton}", json=reponse()) for _ in range(20)]
    statuts = sorted(recue.status_code for recue in await asyncio.gather(*envois))
    assert statuts == [200] * 19 + [201]
    assert (await compter(base, "reponse"), len(await _entrees(cnam))) == (1, 1)


async def test_qui_n_a_pas_d_invitation_n_attend_pas_le_registre(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    await inviter_un(cnam)
    async with base.transaction():
        await base.execute("SELECT * FROM registre FOR UPDATE")
        async with asyncio.timeout(3):
            refus = await pilote.appeler("POST", "/questionnaire/inconnu", json=reponse())
        verifier_probleme(refus, 404)


async def test_un_numero_am_n_est_montre_nulle_part(cnam: Service, pilote: Service, base: asyncpg.Connection) -> None:
    jeton = await inviter_un(cnam)
    corps = reponse(frein_bloquant=True, frein=f"Demandez à {N_AM}.", commentaire="Ou à 3B7580488.")
    donnee = await repondre(pilote, jeton, corps)
    assert (donnee["frein"], donnee["commentaire"]) == (f"Demandez à {MASQUE}.", f"Ou à {MASQUE}.")
    assert await repondre(pilote, jeton, corps, 200) == donnee
    lu = await pilote.lire(f"/questionnaire/{jeton}")
    renvoyee = {champ: valeur for champ, valeur in lu["reponse"].items() if champ != "le"}
    assert await repondre(pilote, jeton, renvoyee, 200) == donnee
    assert await compter(base, "reponse") == 1
    page = await pilote.appeler("GET", f"/questionnaire/{jeton}", headers={"Accept": "text/html"})
    liste = await cnam.appeler("GET", REPONSES)
    for recue in (page, liste):
        assert MASQUE in recue.text
        assert "14.22" not in recue.text
        assert "7580488" not in recue.text
        assert not [numero for numero in PILOTES if numero in recue.text]


async def test_les_resultats_comptent_la_derniere_reponse_de_chacun(cnam: Service, pilote: Service) -> None:
    assert (await cnam.lire(QUESTIONNAIRE))["taux_reponse"] is None
    jetons = await inviter(cnam)
    await repondre(pilote, jetons[PILOTES[0]], reponse(satisfaction=1, operations={}))
    await repondre(pilote, jetons[PILOTES[0]], reponse(satisfaction=5, operations={"consultation": 3}), 200)
    await repondre(pilote, jetons[PILOTES[1]], bloquee())
    lus = await cnam.lire(QUESTIONNAIRE)
    vide = {"moyenne": None, "repartition": [0, 0, 0, 0, 0]}
    assert lus == {
        "invites": 5,
        "reponses": 2,
        "taux_reponse": 0.4,
        "satisfaction": {"moyenne": 3.5, "repartition": [0, 1, 0, 0, 1]},
        "operations": {
            "consultation": {"moyenne": 4.0, "repartition": [0, 0, 1, 0, 1]},
            "execution": {"moyenne": 4.0, "repartition": [0, 0, 0, 1, 0]},
            "modification": vide,
            "annulation": vide,
        },
        "freins_ouverts": 1,
        "freins_leves": 0,
    }
    critere = await _critere(cnam)
    assert {nom: critere[nom] for nom in lus} == lus


async def _listes(cnam: Service, critere: Corps) -> None:
    """Each list of the criterion has as many elements as it says, also page by page."""
    for liste in critere["listes"]:
        with cas(liste):
            vus, apres = 0, ""
            while True:
                lien = liste["lien"] + ("&" if "?" in liste["lien"] else "?") + f"limite=1{apres}"
                page = await cnam.lire(lien)
                vus += len(page["elements"])
                if page["suivant"] is None:
                    break
                apres = f"&apres={page['suivant']}"
            assert vus == liste["nombre"]


async def test_les_listes_du_critere_ont_autant_d_elements_qu_il_dit(cnam: Service, pilote: Service) -> None:
    jetons = await inviter(cnam)
    await repondre(pilote, jetons[PILOTES[0]], bloquee())
    await repondre(pilote, jetons[PILOTES[1]], bloquee())
    await repondre(pilote, jetons[PILOTES[2]], reponse())
    un = (await cnam.lire(f"{REPONSES}?frein=ouvert"))["elements"][0]["id"]
    avant = await _il_y_a_un_instant()
    await cnam.appeler("PATCH", f"{REPONSES}/{un}", json={"frein_leve": True, "motif": "Corrigé."})
    await repondre(pilote, jetons[PILOTES[2]], bloquee(), 200)
    await repondre(pilote, jetons[PILOTES[3]], reponse())
    critere = await _critere(cnam)
    assert [liste["nombre"] for liste in critere["listes"]] == [4, 2, 1]
    assert critere["etat"] == "non_atteint"
    await _listes(cnam, critere)
    alors = await _critere(cnam, au=avant)
    assert [liste["nombre"] for liste in alors["listes"]] == [3, 2, 0]
    await _listes(cnam, alors)
    assert (await cnam.lire(QUESTIONNAIRE, params={"au": avant}))["freins_leves"] == 0
    verifier_probleme(await cnam.appeler("GET", REPONSES, params={"apres": "x"}), 422)
    futur = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    verifier_probleme(await cnam.appeler("GET", REPONSES, params={"au": futur}), 422)


async def test_la_cnam_leve_un_frein_une_fois(cnam: Service, pilote: Service, base: asyncpg.Connection) -> None:
    jetons = await inviter(cnam, PILOTES[:2])
    await repondre(pilote, jetons[PILOTES[0]], bloquee())
    await repondre(pilote, jetons[PILOTES[1]], reponse())
    avec, sans = (lue["id"] for lue in (await cnam.lire(REPONSES))["elements"])
    levee = {"frein_leve": True, "motif": "Corrigé dans la version 4.2.2."}
    lue = (await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=levee)).json()
    assert (lue["id"], lue["motif"], lue["frein_leve_le"] is not None) == (avec, levee["motif"], True)
    encore = await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=levee)
    assert (encore.status_code, encore.json()) == (200, lue)
    entrees = [entree for entree in await _entrees(cnam) if entree["action"] == "levee"]
    assert [(e["code"], e["personnel"], e["auteur"]["role"]) for e in entrees] == [
        (str(avec), {"motif": levee["motif"]}, "cnam")
    ]
    autre = await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=levee | {"motif": "Un autre."})
    verifier_probleme(autre, 409, "conflit")
    verifier_probleme(await cnam.appeler("PATCH", f"{REPONSES}/{sans}", json=levee), 409, "conflit")
    verifier_probleme(await cnam.appeler("PATCH", f"{REPONSES}/999", json=levee), 404, "introuvable")
    for corps in (
        {"frein_leve": 1, "motif": "x"},
        {"frein_leve": True},
        levee | {"motif": f"Vu avec {PILOTES[0]}"},
    ):
        verifier_probleme(await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=corps), 422, "corps-invalide")
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    refus = await editeur.appeler("PATCH", f"{REPONSES}/{avec}", json=levee)
    verifier_probleme(refus, 403, "role-insuffisant")
    assert [(await _critere(cnam))[nom] for nom in ("freins_ouverts", "freins_leves")] == [0, 1]
    remis = {"frein_leve": False, "motif": "Levé par erreur."}
    for _ in range(2):
        lue = (await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=remis)).json()
        assert (lue["frein_leve_le"], lue["motif"]) == (None, None)
    assert await compter(base, "levee_frein") == 2
    assert [(await _critere(cnam))[nom] for nom in ("freins_ouverts", "freins_leves")] == [1, 0]
    assert (await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=levee)).json()["motif"] == levee["motif"]


async def test_un_frein_leve_que_le_pilote_signale_encore_est_de_nouveau_ouvert(cnam: Service, pilote: Service) -> None:
    jeton = await inviter_un(cnam)
    await repondre(pilote, jeton, bloquee())
    (premiere,) = (await cnam.lire(REPONSES))["elements"]
    levee = {"frein_leve": True, "motif": "Corrigé."}
    await cnam.appeler("PATCH", f"{REPONSES}/{premiere['id']}", json=levee)
    await repondre(pilote, jeton, bloquee(), 200)
    assert len((await cnam.lire(f"{REPONSES}?frein=leve"))["elements"]) == 1
    await repondre(pilote, jeton, bloquee(commentaire="Toujours là."), 200)
    (seconde,) = (await cnam.lire(f"{REPONSES}?frein=ouvert"))["elements"]
    assert (seconde["frein_leve_le"], seconde["motif"]) == (None, None)
    refus = await cnam.appeler("PATCH", f"{REPONSES}/{premiere['id']}", json=levee)
    verifier_probleme(refus, 404, "introuvable")


async def test_un_frein_ne_se_leve_plus_une_fois_la_preserie_terminee(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    await repondre(pilote, await inviter_un(cnam), bloquee())
    (une,) = (await cnam.lire(REPONSES))["elements"]
    await mettre(base, statut="cloturee")
    refus = await cnam.appeler("PATCH", f"{REPONSES}/{une['id']}", json={"frein_leve": True, "motif": "Corrigé."})
    verifier_probleme(refus, 409, "etape-refusee")


async def test_personne_ne_lit_de_qui_est_une_reponse(cnam: Service, pilote: Service) -> None:
    await repondre(pilote, await inviter_un(cnam), reponse())
    for role, editeur in ((Role.CNAM, None), (Role.EDITEUR, "ortho-soft"), (Role.LECTURE, None)):
        with cas(role):
            qui = await cnam.en(role, editeur=editeur)
            for chemin in (QUESTIONNAIRE, REPONSES):
                assert PILOTES[0] not in (await qui.appeler("GET", chemin)).text
    verifier_probleme(await (await cnam.en(Role.LECTURE)).appeler("GET", INVITATIONS), 403)


@pytest.mark.parametrize("media", ["text/plain", "multipart/form-data; boundary=x", "application/xml"])
async def test_un_autre_media_est_refuse(cnam: Service, pilote: Service, media: str) -> None:
    jeton = await inviter_un(cnam)
    entetes = {"Content-Type": media}
    refus = await pilote.appeler("POST", f"/questionnaire/{jeton}", content=b"x", headers=entetes)
    verifier_probleme(refus, 415, "type-de-media-refuse")
