"""Whatever is deposited, answered for, killed and reopened: order, bytes, numbers and counters are exact."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.poste import Rejet, Resultat, Spool
from app.poste.lots import Lot

TRACES_MAX, OCTETS_MAX = 12, 600
VALEURS = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
TRACES = st.dictionaries(st.text(max_size=8), VALEURS | st.lists(VALEURS, max_size=3), max_size=4)


class Modele(RuleBasedStateMachine):
    """A list and five integers beside the real spool."""

    def __init__(self) -> None:
        super().__init__()
        self.dossier = tempfile.TemporaryDirectory()
        self.gardees: list[tuple[int, bytes]] = []
        self.derniere = self.perdues = self.enregistrees = self.doublons = self.rejetees = 0
        self.ouvrir()

    def ouvrir(self) -> None:
        self.spool = Spool(Path(self.dossier.name) / "spool.db", traces_max=TRACES_MAX, octets_max=OCTETS_MAX)
        assert self.spool.mis_de_cote is None

    def teardown(self) -> None:
        self.spool.fermer()
        self.dossier.cleanup()

    @rule(traces=st.lists(TRACES, max_size=6))
    def deposer(self, traces: list[dict[str, Any]]) -> None:
        attendues: list[int | None] = []
        for trace in traces:
            self.derniere += 1
            corps = json.dumps({**trace, "sequence": self.derniere}, separators=(",", ":")).encode()
            octets = sum(len(gardee) for _, gardee in self.gardees)
            if len(self.gardees) == TRACES_MAX or octets + len(corps) > OCTETS_MAX:
                self.perdues += 1
                attendues.append(None)
            else:
                self.gardees.append((self.derniere, corps))
                attendues.append(self.derniere)
        assert self.spool.deposer_tout(traces) == attendues

    @precondition(lambda self: self.gardees)
    @rule(donnees=st.data())
    def repondre(self, donnees: st.DataObject) -> None:
        """The service answers for some lot, not always the first."""
        lues = self.spool.lire(TRACES_MAX)
        debut = donnees.draw(st.integers(0, len(lues) - 1))
        lot = Lot(tuple(lues[debut : debut + donnees.draw(st.integers(1, 5))]))
        sorts = donnees.draw(st.lists(st.sampled_from("edr"), min_size=len(lot), max_size=len(lot)))
        rejets = [Rejet(t.position, "trace-invalide") for t, sort in zip(lot.traces, sorts, strict=True) if sort == "r"]
        enregistrees, doublons = sorts.count("e"), sorts.count("d")
        self.spool.retirer(
            lot,
            Resultat(
                recues=len(lot),
                enregistrees=enregistrees,
                doublons=doublons,
                rejetees=len(rejets),
                rejets_detailles=rejets,
            ),
        )
        self.enregistrees += enregistrees
        self.doublons += doublons
        self.rejetees += len(rejets)
        parties = {trace.position for trace in lot.traces}
        self.gardees = [gardee for gardee in self.gardees if gardee[0] not in parties]

    @rule()
    def rouvrir(self) -> None:
        self.spool.fermer()
        self.ouvrir()

    @invariant()
    def tout_est_exact(self) -> None:
        assert [(lue.position, lue.corps) for lue in self.spool.lire(1_000)] == self.gardees
        etat = self.spool.etat()
        assert (etat.derniere, etat.perdues, etat.enregistrees, etat.doublons, etat.rejetees) == (
            self.derniere,
            self.perdues,
            self.enregistrees,
            self.doublons,
            self.rejetees,
        )
        assert etat.en_attente == len(self.gardees)
        assert etat.octets == sum(len(corps) for _, corps in self.gardees)


TestSpool = Modele.TestCase
TestSpool.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
