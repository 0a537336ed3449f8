"""PURE. What a POST would have answered, worked out without writing: an éditeur's test bench (CONTRACT, « essai »)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC

from app.traces.empreintes import empreinte
from app.traces.refus import Issue
from app.traces.schemas import TraceRecue
from app.traces.tri import Admise, CleTrace

_SANS_CLE = b"essai"


@dataclass(slots=True)
class Essai:
    """One body's traces in turn; ``presentes`` are the digests of those that are stored under the same key."""

    presentes: Mapping[CleTrace, bytes]
    _vues: dict[object, bytes] = field(default_factory=dict)

    def essayer(self, admise: Admise) -> Issue:
        """What would become of a trace that its présérie takes, or took before it was switched off."""
        cle, dite = admise.ligne.cle, admise.ligne.empreinte
        connue = self.presentes.get(cle) or self._vues.get(cle)
        if connue is not None:
            return Issue.DOUBLON if connue == dite else Issue.REUTILISEE
        self._vues[cle] = dite
        return Issue.DESACTIVEE if admise.arretee else Issue.ENREGISTREE

    def essayer_hors_registre(self, trace: TraceRecue) -> Issue:
        """The same for a trace that no présérie takes: only its own body can hold another of its id."""
        dite = empreinte(_SANS_CLE, trace, trace["emise_le"].astimezone(UTC))
        connue = self._vues.setdefault((trace["logiciel"], trace["id"]), dite)
        if connue is dite:
            return Issue.ENREGISTREE
        return Issue.DOUBLON if connue == dite else Issue.REUTILISEE
