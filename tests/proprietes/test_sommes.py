"""Every figure can be opened: its list has exactly as many rows. And as known at: what had been received by then."""

import asyncio
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from urllib.parse import quote

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.supervision.lecture import FRAICHE_S
from tests.contrat.aides import verifier_probleme
from tests.outils import Service, antidater_le_registre, vider_les_traces
from tests.proprietes.confrontation import Confrontation, figures
from tests.proprietes.histoires import Histoire, histoire, histoires
from tests.proprietes.oracle import AXES, Oracle
from tests.proprietes.registre import OUVERTES, PILOTES
from tests.proprietes.sommes import Corps, cellules, derriere, derriere_la_ligne, derriere_la_serie, lignes
from tests.proprietes.test_equivalence import profil
from tests.supervision.releves import lire

pytestmark = pytest.mark.timeout(1800)
_DEBUT = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture
async def confrontation(service: Service, proprietaire: asyncpg.Connection) -> Confrontation:
    return await Confrontation.ouvrir(service, proprietaire)


async def verifier_les_sommes(cnam: Service, code: str, au: str | None = None) -> int:
    """Opens every cell of a présérie's bilan and breakdowns; gives how many there were."""
    suite = f"?au={quote(au)}" if au else ""
    bilan = await cnam.lire(f"/bilan/preseries/{code}{suite}")
    a_ouvrir = [(nombre, liste) for ou, nombre in cellules(bilan) if (liste := derriere(bilan, ou)) is not None]
    for axe in AXES:
        ventilation = await cnam.lire(f"/bilan/preseries/{code}/ventilation{suite or '?'}&par={axe}")
        for ligne in ventilation["lignes"]:
            a_ouvrir += derriere_la_ligne(axe, ligne, bilan["observee_depuis"])
    for nombre, liste in a_ouvrir:
        trouvees = await lignes(cnam, code, liste, au)
        assert len(trouvees) == nombre, (code, liste)
        assert len({str(ligne) for ligne in trouvees if liste[0] != "/receptions"}) in (nombre, 0)
    return len(a_ouvrir)


@profil(8)
@given(histoire=histoires(60), fenetre=st.sampled_from((None, date(2026, 10, 25), date(2026, 11, 20))))
async def test_derriere_chaque_cellule_sa_liste(
    confrontation: Confrontation, histoire: Histoire, fenetre: date | None
) -> None:
    oracle = await confrontation.rejouer(histoire)
    await confrontation.proprietaire.execute("UPDATE preserie SET observee_depuis = $1", fenetre)
    for code in PILOTES:
        if oracle.traces(code) or code == OUVERTES[0]:
            assert await verifier_les_sommes(confrontation.cnam, code) >= 14


@profil(3)
@given(histoire=histoires(60), fenetre=st.sampled_from((None, date(2026, 10, 25))))
async def test_derriere_chaque_serie_des_metriques_sa_liste(
    confrontation: Confrontation, histoire: Histoire, fenetre: date | None
) -> None:
    await confrontation.rejouer(histoire)
    await confrontation.proprietaire.execute("UPDATE preserie SET observee_depuis = $1", fenetre)
    await asyncio.sleep(FRAICHE_S + 0.1)  # scrapes share a reading
    releve = lire((await confrontation.cnam.appeler("GET", "/metrics")).text)
    assert releve["traces_postes_lecture_metier_reussie"] == 1
    ouvertes = 0
    for (serie, etiquettes), valeur in releve.valeurs.items():
        if not serie.startswith("preserie_"):
            continue
        code = dict(etiquettes)["preserie"]
        liste = derriere_la_serie(serie, dict(etiquettes), fenetre.isoformat() if fenetre else None)
        if liste is not None:
            assert len(await lignes(confrontation.cnam, code, liste, None)) == valeur, (serie, etiquettes)
            ouvertes += serie != "preserie_version_executions"  # as many as there are versions
    assert ouvertes == len(PILOTES) * (2 + 7 + 3 + 8 + 2 + 1)


async def test_chaque_refus_est_au_plus_une_fois_dans_sa_liste(confrontation: Confrontation) -> None:
    """Also page by page, and by the code of the refusal."""
    await confrontation.rejouer(histoire(Random(5), 600))
    for code in OUVERTES:
        refus = await lignes(confrontation.cnam, code, ("/receptions", {"issue": "rejetee"}), None)
        par_pages = await lignes(confrontation.cnam, code, ("/receptions", {"issue": "rejetee"}), None, limite=3)
        assert par_pages == refus
        for motif in {r["code"] for r in refus}:
            siens = await lignes(confrontation.cnam, code, ("/receptions", {"code": motif}), None)
            assert siens == [r for r in refus if r["code"] == motif]
        traces = await lignes(confrontation.cnam, code, ("/traces", {}), None)
        assert await lignes(confrontation.cnam, code, ("/traces", {}), None, limite=7) == traces
        assert await lignes(confrontation.cnam, code, ("/tentatives", {}), None, limite=7) == [
            t for t in traces if t["operation"] == "execution"
        ]


@dataclass
class _Etape:
    """What the oracle said right after one array, which was then dated as received at ``le``."""

    le: datetime
    bilans: dict[str, Corps]
    ventilations: dict[tuple[str, str], Corps]


async def _rejouer_datee(confrontation: Confrontation, histoire: Histoire) -> list[_Etape]:
    """Receives a history with an hour between its arrays."""
    await vider_les_traces(confrontation.proprietaire)
    oracle = Oracle(await confrontation.dater_les_phases(histoire.phases))
    await antidater_le_registre(confrontation.proprietaire)
    etapes = []
    for rang, lot in enumerate(histoire.lots):
        await confrontation.poster(lot.traces, lot.editeur)
        oracle.recevoir(lot.traces, lot.editeur)
        le = _DEBUT + timedelta(hours=rang)
        for table in ("trace", "reception_sans_suite"):
            await confrontation.proprietaire.execute(
                f"UPDATE {table} SET recue_le = $1 WHERE recue_le > $2",  # noqa: S608 — one of two names
                le,
                _DEBUT + timedelta(days=60),
            )
        bilans = {code: deepcopy(oracle.bilan(code)) for code in PILOTES}
        etapes.append(_Etape(le, bilans, {(c, axe): oracle.ventilation(c, axe) for c in PILOTES for axe in AXES}))
    return etapes


@profil(12)
@given(histoire=histoires(), hasard=st.randoms(use_true_random=False))
async def test_a_chaque_instant_le_bilan_tel_que_connu(
    confrontation: Confrontation, histoire: Histoire, hasard: Random
) -> None:
    etapes = await _rejouer_datee(confrontation, histoire)
    for etape in hasard.sample(etapes, min(4, len(etapes))):
        au = (etape.le + timedelta(minutes=hasard.choice((0, 59)))).isoformat()
        for code in OUVERTES:
            bilan = await confrontation.cnam.lire(f"/bilan/preseries/{code}?au={quote(au)}")
            servi, attendu = figures(bilan), etape.bilans[code]
            for dit in (servi, attendu):
                dit["enregistrement"].pop("intervalle", None)
            assert servi == attendu, (code, au)
            assert datetime.fromisoformat(bilan["au"]) == datetime.fromisoformat(au)
            for axe in AXES:
                lues = await confrontation.cnam.lire(f"/bilan/preseries/{code}/ventilation?par={axe}&au={quote(au)}")
                assert {ligne.pop("cle"): ligne for ligne in lues["lignes"]} == etape.ventilations[code, axe]


async def test_les_listes_aussi_se_lisent_a_un_instant(confrontation: Confrontation) -> None:
    etapes = await _rejouer_datee(confrontation, histoire(Random(3), 150))
    milieu = etapes[len(etapes) // 2].le.isoformat()
    assert await verifier_les_sommes(confrontation.cnam, OUVERTES[0], milieu) > 30


async def test_avant_toute_reception_le_bilan_est_vide(confrontation: Confrontation) -> None:
    await _rejouer_datee(confrontation, histoire(Random(3), 30))
    bilan = await confrontation.cnam.lire(f"/bilan/preseries/{OUVERTES[0]}?au=2026-08-31T23:59:59Z")
    assert (bilan["traces"]["enregistrees"], bilan["executions"]["total"], bilan["debut_le"]) == (0, 0, None)


async def test_un_instant_trop_recent_est_refuse(confrontation: Confrontation) -> None:
    for ecart in (0, 4, -3600):
        au = (datetime.now(UTC) - timedelta(seconds=ecart)).isoformat()
        for route in ("/bilan/preseries/alpha-1?au=", "/executions?preserie=alpha-1&au="):
            reponse = await confrontation.cnam.appeler("GET", route + quote(au))
            assert verifier_probleme(reponse, 422, "corps-invalide")["erreurs"][0]["champ"] == "au"


async def test_une_ecriture_en_cours_est_attendue(confrontation: Confrontation) -> None:
    """It may bear a reception of before the instant asked: read too early, the answer would change afterwards."""
    await confrontation.rejouer(histoire(Random(3), 40))
    chemin = f"/bilan/preseries/{OUVERTES[0]}?au=2026-10-01T00:00:00Z"
    async with confrontation.proprietaire.transaction():
        await confrontation.proprietaire.execute("UPDATE trace SET recue_le = '2026-09-30T00:00:00Z'")
        lecture = asyncio.create_task(confrontation.cnam.lire(chemin))
        await asyncio.sleep(0.3)
        assert not lecture.done()
    bilan = await lecture
    assert bilan["traces"]["enregistrees"] == (await confrontation.cnam.lire(chemin))["traces"]["enregistrees"] > 0


async def test_une_ecriture_qui_ne_finit_pas_n_est_pas_attendue_sans_fin(confrontation: Confrontation) -> None:
    async with confrontation.proprietaire.transaction():
        await confrontation.proprietaire.execute("LOCK TABLE trace IN ROW EXCLUSIVE MODE")
        reponse = await confrontation.cnam.appeler("GET", f"/bilan/preseries/{OUVERTES[0]}?au=2026-10-01T00:00:00Z")
        verifier_probleme(reponse, 503, "ecriture-en-cours")


async def test_une_ecriture_qui_attend_un_verrou_est_attendue_aussi(confrontation: Confrontation) -> None:
    """Its reception has its instant already; it locks the counters before the list."""
    await confrontation.rejouer(histoire(Random(3), 10))
    async with confrontation.proprietaire.transaction():
        await confrontation.proprietaire.execute("LOCK TABLE compteur_trace IN SHARE MODE")
        envoi = asyncio.create_task(
            confrontation.poster([{"logiciel": "lo-alpha", "numero_am": PILOTES["alpha-1"][0]}])
        )
        await asyncio.sleep(0.2)
        lecture = asyncio.create_task(confrontation.cnam.lire("/bilan/preseries/alpha-1?au=2026-10-01T00:00:00Z"))
        await asyncio.sleep(0.3)
        assert not lecture.done()
    assert (await envoi)["rejetees"] == 1
    await lecture
