"""Executions that the Cnam sets aside: every figure leaves them out, shows them beside, and still opens to its list."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

import asyncpg
import pytest

from app.acces.roles import Role
from tests.contrat.aides import NIR, cas, compter, mettre, verifier_probleme
from tests.contrat.semis import BILAN, lister, semer
from tests.outils import PILOTES, PRESERIE, Corps, Service, echec, trace
from tests.supervision.attendues import attendues
from tests.supervision.releves import lire, pareil

PANNE: Corps = {"ecartee": True, "motif": "Panne du téléservice, de 9 h à 11 h."}
REPRISE: Corps = {"ecartee": False, "motif": "Le téléservice répondait."}
DEPUIS = date(2026, 10, 18)


async def _decider(cnam: Service, identifiant: str, corps: Corps) -> Corps:
    reponse = await cnam.appeler("PATCH", f"/executions/{identifiant}", json=corps)
    assert reponse.status_code == 200, reponse.text
    lue: Corps = reponse.json()
    assert lue == await cnam.lire(f"/executions/{identifiant}")
    return lue


async def _ecarter(cnam: Service, filtre: str = "", pas: int = 7) -> None:
    for execution in (await lister(cnam, filtre))[::pas]:
        await _decider(cnam, execution["id"], PANNE)


def _sommes(executions: list[Corps]) -> Corps:
    """What a list of executions adds up to, as a bilan tells it."""
    scor: Corps = {
        "phase_1": dict.fromkeys(("conforme", "piece_manquante", "en_attente"), 0),
        "phase_2": dict.fromkeys(("conforme", "double_envoi", "piece_manquante", "en_attente"), 0),
    }
    for e in executions:
        scor[f"phase_{e['phase']}"][e["conformite"]] += 1
    totaux = {
        "total": len(executions),
        "enregistrees": sum(e["enregistree"] for e in executions),
        "tentatives": sum(e["tentatives"] for e in executions),
    }
    return {"executions": totaux, "scor": scor}


def _mesure(executions: Corps) -> float | None:
    return executions["enregistrees"] / executions["total"] if executions["total"] else None


async def _tout_concorde(cnam: Service, depuis: date | None = None, au: str = "") -> Corps:
    """Figures, criteria, breakdowns and lists, all from the executions one by one; gives the bilan."""
    suite = f"&au={quote(au)}" if au else ""
    bilan: Corps = await cnam.lire(f"{BILAN}?{suite[1:]}")
    toutes = await lister(cnam, suite)
    fenetre = [e for e in toutes if depuis is None or e["jour"] >= depuis.isoformat()]
    comptees = [e for e in fenetre if not e["ecartee"]]
    attendu, avec = _sommes(comptees), _sommes(fenetre)
    assert {cle: bilan[cle] for cle in attendu} == attendu
    partie = depuis is not None or any(e["ecartee"] for e in toutes)
    assert bilan["ensemble"] == (_sommes(toutes) if partie else None)
    enregistrement, _, scor, *_ = bilan["criteres"]
    assert enregistrement["mesure"] == _mesure(attendu["executions"])
    if len(fenetre) > len(comptees):
        assert enregistrement["avec_ecartees"]["mesure"] == _mesure(avec["executions"])
        assert enregistrement["avec_ecartees"]["executions"] == len(fenetre)
        phase_2 = avec["scor"]["phase_2"]
        assert scor["avec_ecartees"]["non_conformes"] == phase_2["double_envoi"] + phase_2["piece_manquante"]
    else:
        assert enregistrement["avec_ecartees"] is scor["avec_ecartees"] is None
    for critere in (enregistrement, scor):
        for liste in critere["listes"]:
            with cas(liste):
                page = await cnam.lire(f"{liste['lien']}&limite=1000")
                assert len(page["elements"]) == liste["nombre"]
    debut = f"&depuis={depuis}" if depuis is not None else ""
    tentatives = await cnam.lire(f"/tentatives?preserie={PRESERIE}&ecartee=false&limite=1000{debut}{suite}")
    assert len(tentatives["elements"]) == attendu["executions"]["tentatives"]
    for axe in ("pilote", "version", "type_prescription", "jour"):
        with cas(axe):
            lignes = (await cnam.lire(f"{BILAN}/ventilation?par={axe}{suite}"))["lignes"]
            assert {ligne["cle"] for ligne in lignes} == {e[axe] for e in comptees}
            for ligne in lignes:
                siennes = _sommes([e for e in comptees if e[axe] == ligne["cle"]])["executions"]
                assert (ligne["executions"], ligne["enregistrees"], ligne["tentatives"]) == (*siennes.values(),)
    return bilan


async def test_une_execution_ecartee_ne_compte_plus_et_se_montre_a_cote(cnam: Service) -> None:
    await cnam.poster([trace(ordonnance=f"A{n}", emise_le="2026-10-20T09:00:00Z") for n in range(8)])
    await cnam.poster([echec(ordonnance=f"B{n}", emise_le="2026-10-20T09:00:00Z") for n in range(3)])
    bilan = await _tout_concorde(cnam)
    assert (bilan["criteres"][0]["etat"], bilan["ensemble"]) == ("non_atteint", None)
    echouee = (await lister(cnam, "&enregistree=false"))[0]
    ecartee = await _decider(cnam, echouee["id"], PANNE)
    assert (ecartee["ecartee"], [m["motif"] for m in ecartee["mises_a_l_ecart"]]) == (True, [PANNE["motif"]])
    bilan = await _tout_concorde(cnam)
    critere = bilan["criteres"][0]
    assert (critere["etat"], critere["mesure"], critere["avec_ecartees"]["etat"]) == ("atteint", 0.8, "non_atteint")
    assert (bilan["executions"]["total"], bilan["ensemble"]["executions"]["total"]) == (10, 11)
    reprise = await _decider(cnam, echouee["id"], REPRISE)
    assert [(m["ecartee"], m["motif"]) for m in reprise["mises_a_l_ecart"]] == [
        (True, PANNE["motif"]),
        (False, REPRISE["motif"]),
    ]
    assert (await _tout_concorde(cnam))["ensemble"] is None


async def test_tout_s_additionne_avec_et_sans_fenetre(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await semer(cnam)
    await _ecarter(cnam)
    bilan = await _tout_concorde(cnam)
    assert bilan["ensemble"]["executions"]["total"] == 108
    await mettre(proprietaire, observee_depuis=DEPUIS)
    bilan = await _tout_concorde(cnam, DEPUIS)
    assert bilan["ensemble"]["executions"]["total"] == 108
    assert 0 < bilan["executions"]["total"] < 54


async def test_hors_de_la_fenetre_rien_n_est_ote(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await semer(cnam)
    await _ecarter(cnam, "&jour=2026-10-16", pas=3)
    await mettre(proprietaire, observee_depuis=DEPUIS)
    assert (await _tout_concorde(cnam, DEPUIS))["executions"]["total"] == 54


async def test_une_trace_qui_vient_apres_deplace_aussi_ce_qui_est_ecarte(cnam: Service) -> None:
    """Its cell, its day, its version, its flags: all of them move while it stands aside."""
    await semer(cnam)
    commun: Corps = {"ordonnance": "TARDIVE", "numero_am": PILOTES[1], "emise_le": "2026-10-18T09:00:00Z"}
    await cnam.poster(echec(**commun, version="9.0", scor_envoye=False))
    (tardive,) = await lister(cnam, "&version=9.0")
    await _decider(cnam, tardive["id"], PANNE)
    for suite in (
        trace(**commun | {"version": "9.1", "emise_le": "2026-10-19T09:00:00Z", "scor_envoye": True}),
        trace(**commun | {"version": "8.9", "emise_le": "2026-10-16T09:00:00Z", "type_prescription": "biologie"}),
    ):
        assert (await cnam.poster(suite)).status_code == 201
        bilan = await _tout_concorde(cnam)
        assert (bilan["executions"]["total"], bilan["ensemble"]["executions"]["total"]) == (108, 109)
    lue = await cnam.lire(f"/executions/{tardive['id']}")
    assert (lue["ecartee"], lue["version"], lue["jour"], lue["tentatives"]) == (True, "8.9", "2026-10-16", 3)
    await _decider(cnam, tardive["id"], REPRISE)
    assert (await _tout_concorde(cnam))["executions"]["total"] == 109


async def test_les_mesures_la_suivent(cnam: Service) -> None:
    await semer(cnam)
    await _ecarter(cnam)
    bilan = await _tout_concorde(cnam)
    ventilation = await cnam.lire(f"/bilan/preseries/{PRESERIE}/ventilation?par=version")
    bilan["versions"] = ventilation["lignes"]
    suivies = ("executions", "scor_executions", "taux_enregistrement", "version_executions")
    releve = lire((await cnam.appeler("GET", "/metrics")).text)
    for cle, valeur in attendues(bilan, installes=0).items():
        if cle[0].removeprefix("preserie_") in suivies:
            assert pareil(releve.valeurs[cle], valeur), cle


async def test_telle_que_connue_a_un_instant(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """Instants are moved into the past: what is read has to be 5 seconds old."""
    await semer(cnam)
    await _ecarter(cnam)
    await _ecarter(cnam, "&ecartee=false", pas=11)
    ecartees = await compter(proprietaire, "mise_a_l_ecart")
    maintenant = datetime.now(UTC)
    await proprietaire.execute("SET session_replication_role = replica")
    for ordre in (
        "UPDATE version_registre SET depuis_le = now() - interval '9 hours'",
        "UPDATE trace SET recue_le = now() - interval '8 hours'",
        "UPDATE mise_a_l_ecart SET le = now() - interval '3 hours' - interval '1 minute' * id",
    ):
        await proprietaire.execute(ordre)
    for heures, otees in ((7, 0), (3, ecartees)):
        bilan = await _tout_concorde(cnam, au=(maintenant - timedelta(hours=heures)).isoformat())
        assert bilan["executions"]["total"] == 108 - otees


async def test_renvoyee_elle_ne_change_rien(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await cnam.poster(trace(ordonnance="UNE"))
    (une,) = await lister(cnam, "")
    await _decider(cnam, une["id"], REPRISE)  # it counted already
    assert await compter(proprietaire, "mise_a_l_ecart") == 0
    for corps, nombre in (
        *((PANNE, 1), (PANNE, 1), (PANNE | {"motif": "Un essai."}, 2)),
        *((REPRISE, 3), (REPRISE | {"motif": "Autre."}, 3), (PANNE, 4)),
    ):
        with cas((corps, nombre)):
            assert len((await _decider(cnam, une["id"], corps))["mises_a_l_ecart"]) == nombre
    entrees = (await cnam.lire("/journal?objet=execution"))["elements"]
    assert [(e["avant"], e["apres"]) for e in entrees] == [
        ({"ecartee": False}, {"ecartee": True}),
        ({"ecartee": True}, {"ecartee": False}),
        ({"ecartee": True}, {"ecartee": True}),
        ({"ecartee": False}, {"ecartee": True}),
    ]
    assert {e["code"] for e in entrees} == {une["id"]}
    assert entrees[-1]["personnel"] == {"motif": PANNE["motif"]}


async def test_seule_la_cnam_ecarte_et_dit_pourquoi(cnam: Service) -> None:
    await cnam.poster(trace(ordonnance="UNE"))
    (une,) = await lister(cnam, "")
    chemin = f"/executions/{une['id']}"
    for role, editeur in ((Role.EDITEUR, "ortho-soft"), (Role.LECTURE, None)):
        lui = await cnam.en(role, editeur=editeur)
        verifier_probleme(await lui.appeler("PATCH", chemin, json=PANNE), 403, "role-insuffisant")
    for champ, valeur in (
        *(("motif", ""), ("motif", None), ("motif", f"Patient {NIR}"), ("motif", f"Pilote {PILOTES[0]}.")),
        *(("ecartee", "oui"), ("ecartee", None)),
    ):
        with cas((champ, valeur)):
            probleme = verifier_probleme(
                await cnam.appeler("PATCH", chemin, json=PANNE | {champ: valeur}), 422, "corps-invalide"
            )
            assert [faute["champ"] for faute in probleme["erreurs"]] == [champ]
            assert NIR not in str(probleme)
    autre = "AAAAAgAB6p7wWkNZAol7HdeWjr9_zQ"
    for identifiant in (autre, "inconnu"):
        verifier_probleme(await cnam.appeler("PATCH", f"/executions/{identifiant}", json=PANNE), 404, "introuvable")
    assert (await cnam.lire(chemin))["mises_a_l_ecart"] == []


async def test_une_preserie_terminee_garde_les_siennes(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await cnam.poster([trace(ordonnance="UNE"), trace(ordonnance="DEUX")])
    une, deux = await lister(cnam, "")
    await _decider(cnam, une["id"], PANNE)
    for statut in ("cloturee", "abandonnee"):
        await mettre(proprietaire, statut=statut)
        await _decider(cnam, une["id"], PANNE)
        for execution, corps in ((une, REPRISE), (deux, PANNE)):
            reponse = await cnam.appeler("PATCH", f"/executions/{execution['id']}", json=corps)
            verifier_probleme(reponse, 409, "etape-refusee")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await proprietaire.execute("UPDATE mise_a_l_ecart SET ecartee = false")
