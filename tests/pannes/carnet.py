"""What the clients wrote down of each trace: before it went to the spool, after, and once it was answered for."""

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path


class Carnet:
    def __init__(self, fichier: Path) -> None:
        self.fichier = fichier
        self.emises: set[str] = set()
        self.gardees: set[str] = set()
        """On the workstation's disk."""
        self.perdues: set[str] = set()
        """Dropped and counted by a spool that was full."""
        self.acquittees: set[str] = set()
        self.lots: Counter[str] = Counter()
        """How often each workstation was answered for."""
        self.instants: list[float] = []
        """When a lot was acknowledged, by the machine's monotonic clock."""
        self.reprises = 0
        self.refus: Counter[tuple[int, bool]] = Counter()
        """Answers that were not 200: their status, and whether they said when to come back."""
        self._lu = 0

    def relire(self) -> None:
        """Reads on where it left off; a line that is still being written is read the next time."""
        with self.fichier.open("rb") as flux:
            flux.seek(self._lu)
            for ligne in flux:
                if ligne.endswith(b"\n"):
                    self._lu += len(ligne)
                    with suppress(ValueError):  # half a line of one that was killed
                        self._lire(json.loads(ligne))

    def _lire(self, dit: dict[str, object]) -> None:
        match dit:
            case {"emises": list(ids)}:
                self.emises.update(ids)
            case {"gardees": list(ids), "perdues": list(perdues)}:
                self.gardees.update(ids)
                self.perdues.update(perdues)
            case {"acquittees": list(ids), "poste": str(poste), "reprises": int(reprises)}:
                self.acquittees.update(ids)
                self.lots[poste] += bool(ids)
                self.reprises += reprises
            case {"repondu": float(quand)}:
                self.instants.append(quand)
            case {"statut": int(statut), "retry_after": quand}:
                self.refus[statut, quand is not None] += 1
