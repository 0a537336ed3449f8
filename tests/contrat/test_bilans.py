"""Bilans of several préséries: lists, sums of an éditeur and of a module, and whose they are to see."""

from datetime import date

import asyncpg
import pytest
from sqlalchemy import event

from app.acces.roles import Role
from tests.contrat.aides import cas, inscrire_rival, mettre, pilote, verifier_probleme
from tests.contrat.semis import BILAN, semer
from tests.outils import PILOTES, PRESERIE, Corps, Service, echec, trace


@pytest.fixture
async def deux(cnam: Service) -> Service:
    """The Cnam's key; the example's éditeur and a rival that integrates the first one's module in a second logiciel."""
    await inscrire_rival(cnam)
    suite: list[tuple[str, str, Corps]] = [
        (
            "PUT",
            "/logiciels/rival-integre",
            {
                "editeur": "rival",
                "module": "mon-ortho",
                "nom": "Rival intégré",
                "sesam_vitale": False,
                "autorisation_cnda": {"numero": "ON-2", "date": "2026-09-02"},
            },
        ),
        ("PUT", "/preseries/rival-integre-lpp", {"logiciel": "rival-integre", "categorie_ps": "lpp", "cpam": ["33"]}),
        ("PUT", "/preseries/rival-integre-lpp/jalons/support", {"le": "2026-09-12"}),
        ("PUT", "/preseries/rival-integre-lpp/jalons/kit_accompagnement", {"le": "2026-09-12"}),
        ("PUT", f"/preseries/rival-integre-lpp/pilotes/{PILOTES[1]}", pilote()),
        ("POST", "/preseries/rival-integre-lpp/demarrage", {}),
    ]
    for methode, chemin, corps in suite:
        assert (await cnam.appeler(methode, chemin, json=corps)).status_code in (200, 201)
    await semer(cnam)
    await cnam.poster([trace(logiciel="rival-plus"), echec(logiciel="rival-plus", emise_le="2026-10-21T08:00:00Z")])
    await cnam.poster([trace(logiciel="rival-integre", numero_am=PILOTES[1]), trace(logiciel="rival-integre")])
    return cnam


def _codes(page: Corps) -> list[str]:
    return [bilan["preserie"] for bilan in page["elements"]]


async def test_la_liste_des_bilans_se_filtre_et_se_pagine(deux: Service) -> None:
    for filtres, attendues in (
        ("", [PRESERIE, "rival-integre-lpp", "rival-lpp"]),
        ("?editeur=rival", ["rival-integre-lpp", "rival-lpp"]),
        ("?module=mon-ortho", [PRESERIE, "rival-integre-lpp"]),
        ("?editeur=rival&module=mon-ortho", ["rival-integre-lpp"]),
        ("?statut=en_cours&editeur=ortho-soft", [PRESERIE]),
        ("?statut=validee", []),
        ("?editeur=inconnu", []),
    ):
        with cas(filtres):
            assert _codes(await deux.lire("/bilan" + filtres)) == attendues
    premiere = await deux.lire("/bilan?limite=2")
    assert _codes(premiere) == [PRESERIE, "rival-integre-lpp"]
    assert _codes(await deux.lire(f"/bilan?limite=2&apres={premiere['suivant']}")) == ["rival-lpp"]


async def test_un_bilan_de_la_liste_est_celui_de_sa_preserie(deux: Service) -> None:
    for bilan in (await deux.lire("/bilan"))["elements"]:
        seul = await deux.lire(f"/bilan/preseries/{bilan['preserie']}")
        assert bilan | {"calcule_le": None} == seul | {"calcule_le": None}


async def test_les_chiffres_d_un_editeur_sont_la_somme_de_ses_preseries(
    deux: Service, proprietaire: asyncpg.Connection
) -> None:
    for chemin, preseries in (
        ("/bilan/editeurs/ortho-soft", [PRESERIE]),
        ("/bilan/editeurs/rival", ["rival-integre-lpp", "rival-lpp"]),
        ("/bilan/modules/mon-ortho", [PRESERIE, "rival-integre-lpp"]),
        ("/bilan/modules/rival-ordo", ["rival-lpp"]),
    ):
        with cas(chemin):
            somme = await deux.lire(chemin)
            assert [bilan["preserie"] for bilan in somme["preseries"]] == preseries
            assert somme["ensemble"] is None
            _verifier_somme(somme)
    await mettre(proprietaire, observee_depuis=date(2026, 10, 18))
    somme = await deux.lire("/bilan/modules/mon-ortho")
    _verifier_somme(somme)
    assert somme["ensemble"]["executions"]["total"] > somme["executions"]["total"]


def _verifier_somme(somme: Corps) -> None:
    for famille in ("executions", "scor"):
        bilans = [bilan[famille] for bilan in somme["preseries"]]
        assert somme[famille] == _ajouter(bilans)
    traces = [{cle: n for cle, n in bilan["traces"].items() if cle != "derniere_le"} for bilan in somme["preseries"]]
    dernieres = [bilan["traces"]["derniere_le"] for bilan in somme["preseries"] if bilan["traces"]["derniere_le"]]
    assert somme["traces"] == _ajouter(traces) | {"derniere_le": max(dernieres)}


def _ajouter(parties: list[Corps]) -> Corps:
    return {
        cle: _ajouter([p[cle] for p in parties]) if isinstance(valeur, dict) else sum(p[cle] for p in parties)
        for cle, valeur in parties[0].items()
    }


async def test_une_somme_porte_sur_tout_quelle_que_soit_la_page(deux: Service) -> None:
    entiere = await deux.lire("/bilan/editeurs/rival")
    premiere = await deux.lire("/bilan/editeurs/rival?limite=1")
    seconde = await deux.lire(f"/bilan/editeurs/rival?limite=1&apres={premiere['suivant']}")
    assert [len(p["preseries"]) for p in (premiere, seconde)] == [1, 1]
    assert seconde["suivant"] is None
    assert premiere["executions"] == seconde["executions"] == entiere["executions"]


async def test_chacun_ne_voit_que_ce_qui_le_regarde(deux: Service) -> None:
    """The module's owner sees no intégrateur's; an intégrateur sees its own alone."""
    ortho = await deux.en(Role.EDITEUR, editeur="ortho-soft")
    rival = await deux.en(Role.EDITEUR, editeur="rival")
    cpam = await deux.en(Role.LECTURE, preseries=frozenset({"rival-lpp"}))
    lecture = await deux.en(Role.LECTURE)
    for appelant, chemin, vues in (
        (ortho, "/bilan/modules/mon-ortho", [PRESERIE]),
        (rival, "/bilan/modules/mon-ortho", ["rival-integre-lpp"]),
        (ortho, "/bilan/modules/rival-ordo", None),
        (ortho, "/bilan/editeurs/rival", None),
        (rival, "/bilan/editeurs/rival", ["rival-integre-lpp", "rival-lpp"]),
        (cpam, "/bilan/editeurs/rival", ["rival-lpp"]),
        (cpam, "/bilan/editeurs/ortho-soft", None),
        (cpam, "/bilan/modules/mon-ortho", None),
        (lecture, "/bilan/modules/mon-ortho", [PRESERIE, "rival-integre-lpp"]),
        (lecture, "/bilan/editeurs/inconnu", None),
        (deux, "/bilan/modules/inconnu", None),
    ):
        with cas((chemin, vues)):
            reponse = await appelant.appeler("GET", chemin)
            if vues is None:
                verifier_probleme(reponse, 404, "introuvable")
            else:
                assert [bilan["preserie"] for bilan in reponse.json()["preseries"]] == vues
    assert _codes(await ortho.lire("/bilan")) == [PRESERIE]
    assert _codes(await cpam.lire("/bilan")) == ["rival-lpp"]
    assert _codes(await ortho.lire("/bilan?editeur=rival")) == []


async def test_un_editeur_sans_preserie_a_des_chiffres_nuls(deux: Service) -> None:
    await deux.appeler("PUT", "/editeurs/neuf", json={"raison_sociale": "Neuf", "solution_sesam_vitale": False})
    somme = await (await deux.en(Role.EDITEUR, editeur="neuf")).lire("/bilan/editeurs/neuf")
    assert somme["preseries"] == []
    assert somme["executions"] == {"total": 0, "enregistrees": 0, "tentatives": 0}
    assert somme["traces"]["derniere_le"] is None


async def test_les_pilotes_installes_et_silencieux(deux: Service, proprietaire: asyncpg.Connection) -> None:
    chemin = f"{BILAN}/pilotes"
    await proprietaire.execute("UPDATE preserie SET traces_depuis_le = now() - interval '20 days'")
    assert {tuple(p["etats"]) for p in (await deux.lire(chemin))["elements"]} == {("installe",)}
    muet = "UPDATE compteur_trace SET derniere_le = now() - interval '73 hours' WHERE pilote_id = ANY ($1)"
    siens = "SELECT id FROM pilote WHERE numero_am = ANY ($1)"
    ids = [ligne["id"] for ligne in await proprietaire.fetch(siens, PILOTES[:2])]
    await proprietaire.execute(muet, ids)
    silencieux = await deux.lire(f"{chemin}?etat=silencieux")
    assert sorted(p["numero_am"] for p in silencieux["elements"]) == sorted(PILOTES[:2])
    page = await deux.lire(f"{chemin}?etat=installe&limite=2")
    suite = await deux.lire(f"{chemin}?etat=installe&apres={page['suivant']}")
    assert [p["numero_am"] for p in page["elements"] + suite["elements"]] == sorted(PILOTES)
    await proprietaire.execute("UPDATE pilote SET retire_le = '2026-11-01' WHERE numero_am = $1", PILOTES[0])
    assert [p["numero_am"] for p in (await deux.lire(f"{chemin}?etat=silencieux"))["elements"]] == [PILOTES[1]]


async def test_la_cle_d_un_autre_ne_rompt_pas_le_silence_d_un_pilote(
    deux: Service, proprietaire: asyncpg.Connection
) -> None:
    """Its refusals count in the bilan all the same."""
    await proprietaire.execute("UPDATE preserie SET traces_depuis_le = now() - interval '20 days'")
    await proprietaire.execute("UPDATE compteur_trace SET derniere_le = now() - interval '73 hours'")
    avant = (await deux.lire(f"{BILAN}/pilotes"))["elements"]
    assert {p["etats"][-1] for p in avant} == {"silencieux"}
    rejetees = (await deux.lire(BILAN))["traces"]["rejetees"]
    rival = await deux.en(Role.POSTE, editeur="rival")
    reservee = await deux.en(Role.POSTE, editeur="ortho-soft", numero_am=PILOTES[1])
    verifier_probleme(await rival.poster(trace()), 403, "logiciel-interdit")
    verifier_probleme(await reservee.poster(trace()), 403, "pilote-interdit")
    assert (await deux.lire(f"{BILAN}/pilotes"))["elements"] == avant
    bilan = await deux.lire(BILAN)
    assert bilan["traces"]["rejetees"] == rejetees + 2
    (transmission,) = [m for m in bilan["modalites"] if m["code"] == "transmission"]
    assert transmission["explication"].startswith("5 pilotes installés sur 5 dont rien n'est reçu")
    await reservee.poster(trace(numero_am=PILOTES[1], duree_ms=-1))  # its own refusal is a sign of life
    muets = (await deux.lire(f"{BILAN}/pilotes?etat=silencieux"))["elements"]
    assert [p["numero_am"] for p in muets] == sorted({*PILOTES} - {PILOTES[1]})


async def test_les_anomalies_s_ouvrent_depuis_le_bilan(cnam: Service) -> None:
    erreur = {"origine": "logiciel", "message": "échec de la signature"}
    await cnam.poster(
        [
            *(echec(erreur=erreur | {"code": code, "bloquante": code == "SIG.1"}) for code in ("SIG.1", "B-2", "B-2")),
            echec(erreur=erreur | {"code": "B-2"}, operation="consultation"),
            echec(),
        ]
    )
    chemin = f"/preseries/{PRESERIE}/anomalies"
    for filtres, attendues in (
        ("", [("consultation", "B-2"), ("execution", "B-2"), ("execution", "SIG.1")]),
        ("?operation=execution", [("execution", "B-2"), ("execution", "SIG.1")]),
        ("?bloquante=true", [("execution", "SIG.1")]),
        ("?apres=execution/B-2", [("execution", "SIG.1")]),
    ):
        with cas(filtres):
            lues = (await cnam.lire(chemin + filtres))["elements"]
            assert [(a["operation"], a["code"]) for a in lues] == attendues
    premiere = await cnam.lire(f"{chemin}?limite=1")
    assert premiere["suivant"] == "consultation/B-2"
    for anomalie in (await cnam.lire(chemin))["elements"]:
        filtres = f"operation={anomalie['operation']}&erreur_code={anomalie['code']}&erreur_origine=logiciel"
        traces = (await cnam.lire(f"/traces?preserie={PRESERIE}&{filtres}"))["elements"]
        assert len(traces) == anomalie["occurrences"]
    verifier_probleme(await cnam.appeler("GET", f"{chemin}?apres=rien"), 422, "corps-invalide")


async def test_un_curseur_qui_n_en_est_pas_un_est_refuse(cnam: Service) -> None:
    for liste, curseur in (
        *(("/executions", "x"), ("/tentatives", "x"), ("/traces", "pas-un-uuid")),
        *(("/receptions", "1.5"), ("/receptions", "9" * 30), ("/receptions", "-1")),
    ):
        with cas((liste, curseur)):
            reponse = await cnam.appeler("GET", f"{liste}?preserie={PRESERIE}&apres={curseur}")
            assert verifier_probleme(reponse, 422, "corps-invalide")["erreurs"][0]["champ"] == "apres"


async def test_une_trace_se_relit_comme_elle_fut_envoyee(cnam: Service) -> None:
    envoi = echec(scor_envoye=True, numero_execution=2)
    await cnam.poster(envoi)
    (lue,) = (await cnam.lire(f"/traces?preserie={PRESERIE}&resultat=echec"))["elements"]
    tenus = ("id", "numero_am", "poste", "sequence", "version", "operation", "numero_execution", "type_prescription")
    assert [lue[champ] for champ in tenus] == [envoi[champ] for champ in tenus]
    assert lue["erreur"] == envoi["erreur"]
    assert "ordonnance" not in lue
    detail = await cnam.lire(f"/executions/{lue['execution']}")
    assert detail["traces"] == [lue]


async def test_une_lecture_ne_fait_pas_plus_de_requetes_quand_il_y_a_plus_a_lire(deux: Service) -> None:
    """One statement for the facts of any number of préséries; a list first finds its présérie."""
    moteur = deux.application.state.base.moteur.sync_engine
    ordres: list[str] = []
    event.listen(moteur, "before_cursor_execute", lambda *ordre: ordres.append(ordre[2]))
    liste = f"preserie={PRESERIE}"
    for chemin, nombre in (
        *((BILAN, 1), ("/bilan", 1), ("/bilan?editeur=rival", 1), (f"{BILAN}/pilotes", 1)),
        *(("/bilan/editeurs/rival", 2), ("/bilan/modules/mon-ortho", 2), (f"{BILAN}/ventilation?par=jour", 2)),
        *((f"/{nom}?{liste}", 2) for nom in ("executions", "tentatives", "traces", "receptions")),
        (f"/preseries/{PRESERIE}/anomalies", 1),
    ):
        await deux.lire(chemin)  # the key is in memory from here on
        ordres.clear()
        await deux.lire(chemin)
        assert len(ordres) == nombre, (chemin, ordres)
