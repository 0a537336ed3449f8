"""What was lost on its way to us, counted by the database, against a count number by number."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.acces.roles import Role
from app.stockage.base import Base
from app.suivi import depot
from app.suivi.attentes import AVANT_TOUT, Attentes
from app.suivi.depot import TROUS_MAX, Filtre, Releve
from app.traces.schemas import ENTIER_64
from tests.outils import PRESERIE, Service, vider_les_traces

ISSUES = ("enregistree", "doublon", "trace-invalide", "traces-desactivees")
DEPARTS = (0, 1, 2**31 - 20, 2**53, ENTIER_64 - 500)
Intervalles = list[tuple[int, int]]


class Recue(NamedTuple):
    """A reception: of whom, its number, and what became of it."""

    pilote: int
    poste: str | None
    sequence: int | None
    issue: str


@st.composite
def _receptions(tirer: st.DrawFn) -> list[Recue]:
    """Workstations that count from anywhere, in any order, with repetitions and numbers left out."""
    recues = []
    for pilote in range(tirer(st.integers(1, 2))):
        for poste in tirer(st.sets(st.sampled_from([None, "", "poste-1", "poste-2"]), min_size=1)):
            depart, etendue = tirer(st.sampled_from(DEPARTS)), tirer(st.sampled_from((3, 20, 500)))
            numeros = st.none() | st.integers(depart, depart + etendue)
            recues += [
                Recue(pilote, poste, numero, tirer(st.sampled_from(ISSUES)))
                for numero in tirer(st.lists(numeros, max_size=30))
            ]
    return tirer(st.permutations(recues))


def _trous(vus: set[int]) -> Intervalles:
    """Number by number."""
    trous: Intervalles = []
    for numero in range(min(vus), max(vus)):
        if numero in vus:
            continue
        if trous and trous[-1][1] == numero - 1:
            trous[-1] = trous[-1][0], numero
        else:
            trous.append((numero, numero))
    return trous


class Banc(NamedTuple):
    """Two pilotes of the example's présérie, where receptions are laid down as they stand in the database."""

    proprietaire: asyncpg.Connection
    base: Base
    preserie_id: int
    pilotes: list[int]
    cle_id: int

    async def poser(self, recues: list[Recue]) -> None:
        await vider_les_traces(self.proprietaire)
        gardees = [r for r in recues if r.issue == "enregistree"]
        await self.proprietaire.executemany(
            "INSERT INTO trace (preserie_id, id, pilote_id, cle_id, emise_le, numero_execution, succes, empreinte, "
            "operation, version, poste, sequence) "
            "VALUES ($1, $2, $3, $4, now(), 1, true, '', 'consultation', 'v', $5, $6)",
            [(self.preserie_id, uuid4(), self.pilotes[r.pilote], self.cle_id, r.poste, r.sequence) for r in gardees],
        )
        await self.proprietaire.executemany(
            "INSERT INTO reception_sans_suite (preserie_id, pilote_id, cle_id, issue, poste, sequence) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            [
                (self.preserie_id, self.pilotes[r.pilote], self.cle_id, r.issue, r.poste, r.sequence)
                for r in recues
                if r.issue != "enregistree"
            ],
        )

    async def lire(self) -> dict[tuple[int, str | None], tuple[object, ...]]:
        attentes = Attentes([], [], datetime.now(UTC))
        releve = Releve(self.preserie_id, "ortho-soft", None, attentes)
        async with self.base.lecture() as session:
            lignes = await depot.postes(session, releve, Filtre(), AVANT_TOUT, 1000)
        return {
            (self.pilotes.index(p["pilote_id"]), p["poste"]): (
                *(p["enregistrees"], p["doublons"], p["rejetees"], p["premiere"], p["derniere"]),
                *(p["perdues"], [tuple(trou) for trou in p["trous"] or ()]),
            )
            for p in lignes
        }


@pytest.fixture
async def banc(service: Service, proprietaire: asyncpg.Connection) -> Banc:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    preserie_id = await proprietaire.fetchval("SELECT id FROM preserie WHERE code = $1", PRESERIE)
    pilotes = await proprietaire.fetch("SELECT id FROM pilote ORDER BY id LIMIT 2")
    cle_id = await proprietaire.fetchval("SELECT id FROM cle_acces WHERE role = 'cnam'")
    return Banc(proprietaire, service.application.state.base, preserie_id, [p["id"] for p in pilotes], cle_id)


def _attendu(recues: list[Recue]) -> dict[tuple[int, str | None], tuple[object, ...]]:
    par_poste: defaultdict[tuple[int, str | None], list[Recue]] = defaultdict(list)
    for recue in recues:
        par_poste[recue.pilote, recue.poste].append(recue)
    attendu: dict[tuple[int, str | None], tuple[object, ...]] = {}
    for cle, siennes in par_poste.items():
        vus = {r.sequence for r in siennes if r.sequence is not None}
        trous = _trous(vus) if vus else []
        issues = [r.issue for r in siennes]
        enregistrees, doublons = issues.count("enregistree"), issues.count("doublon")
        attendu[cle] = (
            *(enregistrees, doublons, len(issues) - enregistrees - doublons),
            *(min(vus, default=None), max(vus, default=None)),
            *(sum(a - de + 1 for de, a in trous), trous[:TROUS_MAX]),
        )
    return attendu


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(recues=_receptions())
async def test_la_base_compte_les_pertes_comme_a_la_main(banc: Banc, recues: list[Recue]) -> None:
    await banc.poser(recues)
    assert await banc.lire() == _attendu(recues)


async def test_plus_de_trous_qu_on_n_en_montre(banc: Banc) -> None:
    recues = [Recue(0, "poste-1", 2 * rang, ISSUES[rang % 4]) for rang in reversed(range(300))]
    recues += [Recue(1, None, ENTIER_64, "doublon"), Recue(1, None, 0, "enregistree")]
    await banc.poser(recues)
    lus = await banc.lire()
    assert lus[0, "poste-1"] == _attendu(recues[:300])[0, "poste-1"]
    assert lus[0, "poste-1"][5:] == (299, [(2 * rang + 1, 2 * rang + 1) for rang in range(100)])
    assert lus[1, None][5:] == (ENTIER_64 - 1, [(1, ENTIER_64 - 1)])
