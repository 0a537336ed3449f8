"""PURE. What a POST would have answered, worked out without writing: an éditeur's test bench (CONTRACT, « essai »)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC

from app.traces.empreintes import empreinte
from app.traces.refus import DU_REGISTRE, Issue
from app.traces.schemas import TraceRecue
from app.traces.tri import Admise, CleTrace, Rejet

_SANS_CLE = b"essai"


@dataclass(slots=True)
class Essai:
    """One body's traces in turn; ``presentes`` are the digests of those that are stored under the same key."""

    presentes: Mapping[CleTrace, bytes]
    _vues: dict[object, bytes] = field(default_factory=dict)

    def essayer(self, admise: Admise) -> Issue:
        """What would become of a trace that its présérie takes."""
        connue = self.presentes.get(admise.ligne.cle) or self._vues.get(admise.ligne.cle)
        if connue is not None:
            return self._comparer(connue, admise)
        if admise.arretee:
            return Issue.DESACTIVEE
        self._vues[admise.ligne.cle] = admise.ligne.empreinte
        return Issue.ENREGISTREE

    def essayer_hors_registre(self, trace: TraceRecue) -> Issue:
        """The same for a trace that no présérie takes: only its own body can hold another of its id."""
        dite = empreinte(_SANS_CLE, trace, trace["emise_le"].astimezone(UTC))
        connue = self._vues.setdefault((trace["logiciel"], trace["id"]), dite)
        if connue is dite:
            return Issue.ENREGISTREE
        return Issue.DOUBLON if connue == dite else Issue.REUTILISEE

    def _comparer(self, connue: bytes, admise: Admise) -> Issue:
        if connue == admise.ligne.empreinte:
            return Issue.DOUBLON
        return Issue.DESACTIVEE if admise.arretee else Issue.REUTILISEE


def est_du_registre(rejet: Rejet) -> bool:
    """Whether a refusal says something of the registry rather than of the trace or of the key."""
    return rejet.refus in DU_REGISTRE
