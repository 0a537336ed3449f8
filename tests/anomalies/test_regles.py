"""The fold of an anomaly against DOMAIN's criterion 2, told trace by trace."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.anomalies.regles import Occurrences, Suite, anomalies
from app.anomalies.schemas import AnomalieLue, StatutAnomalie

MIDI = datetime(2026, 11, 2, 12, tzinfo=UTC)
VERSIONS = ("4.2.0", "4.2.1", "4.2.2", "4.3.0")


@dataclass(frozen=True, slots=True)
class Vue:
    """A trace: its version, when it was emitted (hours from noon), and whether it failed by the logiciel's fault."""

    version: str
    heure: int
    echec: bool
    bloquante: bool = False
    pilote: str = "111111111"

    @property
    def emise_le(self) -> datetime:
        return MIDI + timedelta(hours=self.heure)


def _suite(statut: str, heure: int = 0, **champs: object) -> Suite:
    vide: dict[str, object] = dict.fromkeys(("libelle", "origine", "bloquante", "version_corrective", "motif"))
    commun = {"operation": "execution", "code": "E-1", "le": MIDI + timedelta(hours=heure), "role": "editeur"}
    return Suite(**commun | vide | {"statut": statut} | champs)  # type: ignore[arg-type]


def _corrigee(version: str = "4.2.2", heure: int = 0) -> Suite:
    return _suite("corrigee", heure, version_corrective=version)


def _occurrences(lots: Iterable[Sequence[Vue]]) -> list[Occurrences]:
    """Each batch by version and pilote, as the counters have it."""
    trouvees = []
    for lot in lots:
        groupes: defaultdict[tuple[str, str], list[Vue]] = defaultdict(list)
        for vue in lot:
            if vue.echec:
                groupes[vue.version, vue.pilote].append(vue)
        for (version, pilote), siennes in groupes.items():
            instants = [vue.emise_le for vue in siennes]
            bloquante = any(vue.bloquante for vue in siennes)
            trouvees.append(
                Occurrences("execution", "E-1", version, pilote, bloquante, len(siennes), min(instants), max(instants))
            )
    return trouvees


def _vues(traces: Iterable[Vue]) -> dict[str, datetime]:
    vues: dict[str, datetime] = {}
    for trace in traces:
        vues[trace.version] = min(trace.emise_le, vues.get(trace.version, trace.emise_le))
    return vues


def _plier(traces: Sequence[Vue], *suites: Suite, lots: Iterable[Sequence[Vue]] | None = None) -> AnomalieLue | None:
    pliees = anomalies(_occurrences([traces] if lots is None else lots), suites, _vues(traces))
    assert len(pliees) <= 1
    return pliees[0] if pliees else None


traces = st.lists(
    st.builds(
        Vue,
        st.sampled_from(VERSIONS),
        st.integers(-4, 4),
        st.booleans(),
        st.booleans(),
        st.sampled_from(("111111111", "222222222")),
    ),
    max_size=12,
)


def _rouvrent(vues: Sequence[Vue], corrective: str) -> set[str]:
    """DOMAIN, trace by trace, of a correction declared at noon."""
    premiere = _vues(vues)
    connue = premiere.get(corrective, MIDI)
    return {
        vue.version
        for vue in vues
        if vue.echec and vue.emise_le > MIDI and (vue.version == corrective or premiere[vue.version] > connue)
    }


@given(traces, st.sampled_from(VERSIONS))
def test_une_correction_est_rouverte_par_ce_que_dit_le_domaine(vues: list[Vue], corrective: str) -> None:
    lue = _plier(vues, _corrigee(corrective))
    assert lue is not None
    attendues = _rouvrent(vues, corrective)
    assert set(lue.rouverte_par) == attendues
    assert lue.statut == (StatutAnomalie.OUVERTE if attendues else StatutAnomalie.CORRIGEE)


@given(traces, st.randoms(use_true_random=False), st.data())
def test_ni_l_ordre_ni_les_lots_ne_changent_une_anomalie(
    vues: list[Vue], hasard: Random, tirage: st.DataObject
) -> None:
    suites = (_suite("declaree", -3, origine="poste", bloquante=False), _corrigee())
    melangees = hasard.sample(vues, len(vues))
    coupes = sorted(tirage.draw(st.sets(st.integers(0, len(vues)))) | {0, len(vues)})
    lots = [melangees[de:a] for de, a in pairwise(coupes)]
    assert _plier(melangees, *suites, lots=lots) == _plier(vues, *suites)


@given(traces)
def test_ce_qui_fut_emis_avant_la_correction_ne_rouvre_jamais(vues: list[Vue]) -> None:
    """Also where it comes in afterwards: only its emission counts."""
    lue = _plier([vue for vue in vues if vue.heure <= 0], _corrigee())
    assert lue is not None
    assert (lue.statut, lue.rouverte_par) == (StatutAnomalie.CORRIGEE, [])


@pytest.mark.parametrize(
    ("version", "heure", "statut"),
    [
        ("4.2.1", 1, "corrigee"),  # an old version, still out there
        ("4.2.2", -1, "corrigee"),  # tried before the correction was declared
        ("4.2.2", 1, "ouverte"),
        ("4.3.0", 1, "ouverte"),
    ],
)
def test_ce_qui_rouvre_une_correction(version: str, heure: int, statut: str) -> None:
    deja = [Vue("4.2.1", -4, echec=True), Vue("4.2.2", -2, echec=False)]
    lue = _plier([*deja, Vue(version, heure, echec=True)], _corrigee())
    assert lue is not None
    assert lue.statut == statut
    assert lue.version_corrective == "4.2.2"
    assert lue.rouverte_par == ([version] if statut == "ouverte" else [])


def test_une_version_corrective_jamais_vue_l_est_quand_elle_est_declaree() -> None:
    ancienne, nouvelle = Vue("4.2.1", 1, echec=True), Vue("4.3.0", 1, echec=True)
    deja = Vue("4.2.1", -1, echec=False)
    for trace, statut in ((ancienne, "corrigee"), (nouvelle, "ouverte")):
        lue = _plier([deja, trace], _corrigee("9.9.9"))
        assert lue is not None
        assert lue.statut == statut


@given(traces, st.lists(st.sampled_from(("declaree", "ouverte", "corrigee", "ecartee")), max_size=5))
def test_le_dernier_acte_compte_et_tous_restent(vues: list[Vue], statuts: list[str]) -> None:
    suites = [_corrigee() if s == "corrigee" else _suite(s, origine="logiciel", motif=s) for s in statuts]
    lue = _plier(vues, *suites)
    echecs = [vue for vue in vues if vue.echec]
    if not suites and not echecs:
        assert lue is None
        return
    assert lue is not None
    assert [acte.statut for acte in lue.historique] == statuts
    assert lue.occurrences == len(echecs)
    assert lue.versions == sorted({vue.version for vue in echecs})
    assert lue.pilotes == sorted({vue.pilote for vue in echecs})
    assert lue.bloquante == any(vue.bloquante for vue in echecs)
    dernier = statuts[-1] if statuts else "ouverte"
    if dernier == "corrigee":
        assert (lue.statut == "ouverte") == bool(_rouvrent(vues, "4.2.2"))
    else:
        assert lue.statut == ("ouverte" if dernier == "declaree" else dernier)


def test_une_declaration_ajoute_a_ce_que_disent_les_traces() -> None:
    declaree = _suite("declaree", libelle="Écran figé", origine="poste", bloquante=True)
    seule = _plier([], declaree)
    assert seule is not None
    assert (seule.libelle, seule.origine, seule.bloquante, seule.occurrences) == ("Écran figé", "poste", True, 0)
    assert not seule.intrinseque_bloquante
    vue = _plier([Vue("4.2.1", -1, echec=True)], declaree)
    assert vue is not None
    assert (vue.origine, vue.bloquante) == ("logiciel", True)
    assert vue.intrinseque_bloquante
