"""The business metrics: every cell of every présérie, equal to its bilan."""

import asyncio
import math
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from sqlalchemy import event

from app.acces.roles import Role
from app.recompte.service import a_recompter, noter, recompter
from app.supervision.lecture import FRAICHE_S
from tests.contrat.aides import etat_dit, inscrire_rival, mettre
from tests.contrat.semis import semis
from tests.outils import PILOTES, PRESERIE, Corps, Service, echec, trace
from tests.supervision.attendues import attendues
from tests.supervision.releves import Cellule, Releve, cellule, lire, pareil

AUJOURD_HUI = datetime.now(ZoneInfo("Europe/Paris")).date()


@pytest.fixture
async def cnam(service: Service) -> Service:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    return cnam


async def _releve(cnam: Service) -> Releve:
    """A scrape whose reading is no older than this call."""
    await asyncio.sleep(FRAICHE_S)
    reponse = await cnam.appeler("GET", "/metrics")
    assert reponse.status_code == 200, reponse.text
    releve = lire(reponse.text)
    assert releve["traces_postes_lecture_metier_reussie"] == 1
    return releve


def _metier(releve: Releve) -> dict[Cellule, float]:
    return {cle: valeur for cle, valeur in releve.valeurs.items() if cle[0].startswith("preserie_")}


async def _bilan(cnam: Service, preserie: str = PRESERIE) -> Corps:
    bilan: Corps = await cnam.lire(f"/bilan/preseries/{preserie}")
    ventilation: Corps = await cnam.lire(f"/bilan/preseries/{preserie}/ventilation?par=version")
    return bilan | {"versions": ventilation["lignes"]}


def _verifier(releve: Releve, prevues: dict[Cellule, float]) -> None:
    lues = _metier(releve)
    assert lues.keys() == prevues.keys()
    assert [(cle, lues[cle], v) for cle, v in prevues.items() if not pareil(lues[cle], v)] == []


async def test_une_preserie_vide_a_toutes_ses_cellules(cnam: Service) -> None:
    releve = await _releve(cnam)
    _verifier(releve, attendues(await _bilan(cnam), installes=5))
    assert len(_metier(releve)) == 37
    (taux,) = releve.series("preserie_taux_enregistrement").values()
    (derniere,) = releve.series("preserie_derniere_reception_timestamp_seconds").values()
    assert math.isnan(taux)
    assert math.isnan(derniere)
    assert not any(numero_am in releve.texte for numero_am in PILOTES)


async def test_openmetrics_dit_la_meme_chose(cnam: Service) -> None:
    releve = await _releve(cnam)
    for _ in range(2):
        reponse = await cnam.appeler("GET", "/metrics", headers={"Accept": "application/openmetrics-text"})
        familles = list(openmetrics(reponse.text))
        trouvees = {cellule(sample.name, **sample.labels) for f in familles for sample in f.samples}
        assert trouvees == releve.valeurs.keys()
        assert reponse.text.count("# EOF") == 1


async def test_les_jauges_sont_les_chiffres_des_bilans(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await inscrire_rival(cnam)
    for lot in semis():
        assert (await cnam.poster(lot)).status_code == 200
    intrinseque = {"code": "LOG-1", "origine": "logiciel", "bloquante": True}
    lot = [
        echec(operation="consultation", erreur=intrinseque, ordonnance=..., type_prescription=...),
        echec(erreur=intrinseque | {"code": "LOG-2", "bloquante": False}),
        echec(erreur=intrinseque | {"code": "LOG-3", "bloquante": False}),
        trace(numero_am=PILOTES[0], logiciel="rival-plus"),
        trace(numero_am="999999999"),
    ]
    assert (await cnam.poster([*lot, lot[0]])).json()["doublons"] == 1
    await mettre(proprietaire, statut="validee", traces_actives=False)
    await etat_dit(cnam, "desactivees")
    assert (await cnam.poster([trace(), trace()])).json()["rejetees"] == 2
    bilan, rival = await _bilan(cnam), await _bilan(cnam, "rival-lpp")
    assert bilan["executions"]["total"] > bilan["executions"]["enregistrees"] > 0
    assert bilan["traces"]["rejetees"] == 3
    anomalies = {("consultation", True): 1, ("execution", False): 2}
    prevues = attendues(bilan, installes=5, apres_desactivation=2, anomalies=anomalies)
    _verifier(await _releve(cnam), prevues | attendues(rival, installes=1))


async def test_un_releve_ne_lit_pas_ce_dont_seules_les_modalites_ont_besoin(cnam: Service) -> None:
    """The cells are gone through once, for the figures."""
    moteur = cnam.application.state.base.moteur.sync_engine
    ordres: list[str] = []
    event.listen(moteur, "before_cursor_execute", lambda *ordre: ordres.append(ordre[2]))
    await _releve(cnam)
    (lecture,) = [ordre for ordre in ordres if "compteur_execution" in ordre]
    assert lecture.count("FROM compteur_execution") == 1
    assert lecture.count("FROM pilote") == 1  # this présérie's, not the others'


async def test_seules_les_preseries_qui_ont_change_se_relisent(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """New receptions, a doublon, a registry that changed; nothing where nothing did."""
    await inscrire_rival(cnam)
    envoi = trace()
    await cnam.poster(envoi)
    await _releve(cnam)
    moteur = cnam.application.state.base.moteur.sync_engine
    relues: list[list[int]] = []

    def noter(*ordre: Any) -> None:
        if "compteur_execution" in ordre[2]:
            relues.extend(sorted(valeur) for valeur in ordre[3] if isinstance(valeur, list))

    ids = {code: id_ for id_, code in await proprietaire.fetch("SELECT id, code FROM preserie")}
    sienne, rivale = ids[PRESERIE], ids["rival-lpp"]
    event.listen(moteur, "before_cursor_execute", noter)
    for changement, attendue in (
        (None, []),
        (cnam.poster(trace()), [[sienne]]),
        (cnam.poster(envoi), [[sienne]]),
        (cnam.poster(trace(numero_am=PILOTES[0], logiciel="rival-plus")), [[rivale]]),
        (mettre(proprietaire, observee_depuis=date(2026, 10, 1)), [sorted((sienne, rivale))]),
        (None, []),
    ):
        if changement is not None:
            await changement
        relues.clear()
        releve = await _releve(cnam)
        assert relues == attendue
        prevues = attendues(await _bilan(cnam), installes=5) | attendues(await _bilan(cnam, "rival-lpp"), installes=1)
        _verifier(releve, prevues)
        relues.clear()


async def test_une_fenetre_se_voit_comme_dans_le_bilan(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await cnam.poster([trace(), trace(emise_le="2026-11-01T09:00:00+01:00")])
    await mettre(proprietaire, observee_depuis=date(2026, 10, 25))
    bilan = await _bilan(cnam)
    assert (bilan["executions"]["total"], bilan["ensemble"]["executions"]["total"]) == (1, 2)
    _verifier(await _releve(cnam), attendues(bilan, installes=5))


async def test_les_pilotes_installes_et_silencieux(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    il_y_a_4_jours = datetime.now(ZoneInfo("UTC")) - timedelta(days=4)
    await mettre(proprietaire, traces_depuis_le=il_y_a_4_jours)
    await cnam.poster(trace(numero_am=PILOTES[0]))
    reservee = await cnam.en(Role.POSTE, editeur="ortho-soft", numero_am=PILOTES[0])
    assert (
        await reservee.poster(trace(numero_am=PILOTES[4]))
    ).status_code == 403  # no sign of the pilote that it names
    for pilote, colonne, jour in (
        (PILOTES[1], "installe_le", AUJOURD_HUI),
        (PILOTES[2], "installe_le", AUJOURD_HUI + timedelta(days=2)),
        (PILOTES[3], "retire_le", AUJOURD_HUI - timedelta(days=1)),
    ):
        await proprietaire.execute(f"UPDATE pilote SET {colonne} = $1 WHERE numero_am = $2", jour, pilote)  # noqa: S608
    bilan = await _bilan(cnam)
    _verifier(await _releve(cnam), attendues(bilan, installes=3, silencieux=1))
    await mettre(proprietaire, statut="validee", traces_actives=False)
    _verifier(await _releve(cnam), attendues(await _bilan(cnam), installes=3))


async def test_une_version_en_recul_et_une_version_nommee_autre(cnam: Service) -> None:
    """The eleventh last is shown with what is older, and a caller's own « autre » with them."""
    versions = ["autre", *(f"1.{n}" for n in range(12))]
    lot = [
        trace(version=version, emise_le=f"2026-10-{jour:02}T09:00:00+01:00")
        for jour, version in enumerate(versions, start=1)
        for _ in range(20)
    ]
    lot += [
        echec(version="1.12", emise_le="2026-10-20T09:00:00+01:00", ordonnance=f"2N8K4XYZ9{n:07}") for n in range(15)
    ]
    assert (await cnam.poster(lot)).json()["rejetees"] == 0
    bilan = await _bilan(cnam)
    lignes = {ligne["cle"]: ligne for ligne in bilan["versions"]}
    reste = [lignes.pop(version) for version in ("autre", "1.0", "1.1", "1.2")]
    sommes = {nom: sum(ligne[nom] for ligne in reste) for nom in ("executions", "enregistrees")}
    bilan["versions"] = [*lignes.values(), {"cle": "autre", **sommes}]
    _verifier(await _releve(cnam), attendues(bilan, installes=5, en_recul=["1.12"]))


async def test_le_dernier_recompte_se_voit_au_releve_suivant(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await cnam.poster(trace())
    await _releve(cnam)
    base = cnam.application.state.base
    for ecarts in (0, 1):
        (preserie,) = await a_recompter(base, PRESERIE)
        recompte = await recompter(base, preserie, lambda: None, 10)
        assert recompte is not None
        await noter(base, preserie, recompte)
        fait_le = await proprietaire.fetchval("SELECT fait_le FROM recompte")
        prevues = attendues(await _bilan(cnam), installes=5, ecarts=ecarts, recompte_le=fait_le.timestamp())
        _verifier(await _releve(cnam), prevues)
        await proprietaire.execute("UPDATE compteur_trace SET nombre = nombre + 1")
