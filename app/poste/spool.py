"""The spool: a workstation's traces on its own disk, from the number they are given to the service's answer.

A trace and its number are one commit, so that numbers have no gap and come never twice, whenever the machine
stops. What leaves the spool is counted: recorded, doublon, refused, or dropped because there was no room.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from app.poste.erreurs import DejaRetirees, EcritureRefusee, ReglageInvalide, SpoolIllisible, SpoolPlein
from app.poste.exclusivite import Exclusivite
from app.poste.lots import Lot, TraceEncodee, encoder
from app.poste.resultat import Rejet, Resultat
from app.poste.support import (
    LIRE_TRACES,
    Compte,
    ecrire_compte,
    erreurs_dites,
    lire_compte,
    lisible,
    ouvrir,
    transaction,
)

TRACES_MAX = 100_000
OCTETS_MAX = 64 << 20
REFUS_GARDES = 1_000
CORPS_GARDE = 4_096
"""Bytes. A refused trace is kept aside with its code, and with its body if it is no larger than this."""
SANS_CORPS = "donnee-personnelle"
"""What is refused for this must not stay."""
ILLISIBLE = "trace-illisible"
"""What damage has made of a trace that was kept."""


@dataclass(frozen=True, slots=True)
class Refus:
    """A trace that the service refused, or that damage has made unreadable, and why."""

    sequence: int
    code: str
    champ: str | None
    corps: bytes | None = field(repr=False)


class Spool:
    """The spool in the file `chemin`, for one `poste` and one process at a time; threads may share it.

    Each call waits for the disk: from an event loop, use `asyncio.to_thread`. `mis_de_cote` is where a
    damaged file was put that this one replaces and goes on from.
    """

    def __init__(self, chemin: Path | str, *, traces_max: int = TRACES_MAX, octets_max: int = OCTETS_MAX) -> None:
        if traces_max < 1 or octets_max < 1:
            raise ReglageInvalide("Le spool doit pouvoir garder au moins une trace et un octet.")
        self._chemin = Path(chemin).resolve()
        self._traces_max = traces_max
        self._octets_max = octets_max
        self._verrou = threading.Lock()
        self._non_comptees = 0
        with erreurs_dites(self._chemin):
            self._exclusivite = Exclusivite(self._chemin)
        try:
            self._connexion, self.mis_de_cote = ouvrir(self._chemin)
        except BaseException:
            self._exclusivite.rendre()
            raise
        self._exclusivite.couvrir(self._connexion)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, genre: type[BaseException] | None, erreur: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fermer()

    def fermer(self) -> None:
        """Counts what the disk had refused, if it writes again, and closes; nothing in a forked child."""
        if self._exclusivite.heritee:
            return
        with self._a_nous():
            try:
                if self._non_comptees:
                    with suppress(EcritureRefusee), self._commit():
                        pass
            finally:
                self._non_comptees = 0
                self._connexion.close()
                self._exclusivite.rendre()

    def deposer(self, trace: Mapping[str, object]) -> int:
        """Gives the trace its `sequence` and keeps it; it is on disk when this returns."""
        [sequence] = self.deposer_tout([trace])
        if sequence is None:
            raise SpoolPlein(self._chemin)
        return sequence

    def deposer_tout(self, traces: Iterable[Mapping[str, object]]) -> list[int | None]:
        """The same with one commit for all; None for each that was dropped for want of room.

        Where the disk refuses, none is kept; their numbers are counted as lost with the next commit.
        """
        traces = list(traces)
        sequences: list[int | None] = []
        with self._a_nous():
            try:
                with self._commit() as compte:
                    for position, trace in enumerate(traces):
                        sequences.append(self._garder(compte, position, trace))
            except EcritureRefusee:
                self._non_comptees += len(traces)
                raise
        return sequences

    def _garder(self, compte: Compte, position: int, trace: Mapping[str, object]) -> int | None:
        sequence = compte.derniere + 1
        corps = encoder(position, {**trace, "sequence": sequence}).corps
        plein = compte.en_attente >= self._traces_max or compte.octets + len(corps) > self._octets_max
        compte.derniere = sequence
        if plein:
            compte.perdues += 1
            return None
        self._connexion.execute("INSERT INTO trace VALUES (?, ?)", (sequence, corps))
        compte.octets += len(corps)
        return sequence

    def lire(self, limite: int, *, apres: int = -1) -> list[TraceEncodee]:
        """The first traces that wait, in order, each with its `sequence` as position; `apres`: beyond this number.

        One that damage has made unreadable is dropped: whatever lot it was in would be refused, each time.
        """
        choix = f"{LIRE_TRACES} WHERE sequence > ? ORDER BY sequence LIMIT ?"
        with self._a_nous():
            while True:
                lignes = self._connexion.execute(choix, (apres, limite)).fetchall()
                illisibles = [sequence for sequence, corps in lignes if not lisible(sequence, corps)]
                if not illisibles:
                    return [TraceEncodee(sequence, corps) for sequence, corps in lignes]
                self._ecarter(illisibles)

    def _ecarter(self, illisibles: list[int]) -> None:
        with self._commit() as compte:
            for sequence in illisibles:
                self._mettre_de_cote(Rejet(sequence, ILLISIBLE))
            if self._supprimer(illisibles) != len(illisibles):
                raise SpoolIllisible(self._chemin)  # not where their numbers say: opened again, it is mended
            compte.perdues += len(illisibles)
            # Summed again: the damage may have changed lengths.
            (compte.octets,) = self._connexion.execute("SELECT coalesce(sum(length(corps)), 0) FROM trace").fetchone()

    def retirer(self, lot: Lot, resultat: Resultat) -> None:
        """Removes a lot that the service has answered for, and counts what it came to."""
        with self._a_nous():
            with self._commit() as compte:
                for rejet in resultat.rejets_detailles:
                    self._mettre_de_cote(rejet)
                retirees = self._supprimer([trace.position for trace in lot.traces])
                if not retirees == len(lot) == resultat.recues:
                    raise DejaRetirees(self._chemin)
                compte.octets -= sum(len(trace.corps) for trace in lot.traces)
                compte.enregistrees += resultat.enregistrees
                compte.doublons += resultat.doublons
                compte.rejetees += resultat.rejetees
            if not compte.en_attente or any(rejet.code == SANS_CORPS for rejet in resultat.rejets_detailles):
                self._vider_le_journal()

    def _supprimer(self, sequences: list[int]) -> int:
        """How many of them were there."""
        return self._connexion.executemany("DELETE FROM trace WHERE sequence = ?", [(n,) for n in sequences]).rowcount

    def _vider_le_journal(self) -> None:
        """The journal holds what was written to it until it is written over, were it months later."""
        # The lot is out all the same: what the disk refuses here is done with the next one, or at the close.
        with suppress(sqlite3.Error):
            self._connexion.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _mettre_de_cote(self, rejet: Rejet) -> None:
        self._connexion.execute(
            "INSERT OR IGNORE INTO refus SELECT sequence, ?, ?, iif(? <> ? AND length(corps) <= ?, corps, NULL)"
            " FROM trace WHERE sequence = ?",
            (rejet.code, rejet.champ, rejet.code, SANS_CORPS, CORPS_GARDE, rejet.position),
        )
        self._connexion.execute(
            "DELETE FROM refus WHERE sequence NOT IN (SELECT sequence FROM refus ORDER BY sequence DESC LIMIT ?)",
            (REFUS_GARDES,),
        )

    def etat(self) -> Compte:
        """What waits and what became of the rest."""
        with self._a_nous():
            return self._compte()

    def refus(self) -> list[Refus]:
        """The last refused traces, in order."""
        with self._a_nous():
            lignes = self._connexion.execute("SELECT sequence, code, champ, corps FROM refus ORDER BY sequence")
            return [Refus(*ligne) for ligne in lignes]

    def _compte(self) -> Compte:
        compte = lire_compte(self._connexion)
        compte.derniere += self._non_comptees
        compte.perdues += self._non_comptees
        return compte

    @contextmanager
    def _a_nous(self) -> Iterator[None]:
        """One thread at a time, in the process that opened the spool."""
        self._exclusivite.exiger()
        with self._verrou, erreurs_dites(self._chemin):
            yield

    @contextmanager
    def _commit(self) -> Iterator[Compte]:
        """One transaction, which leaves the counters as the caller changed them."""
        with erreurs_dites(self._chemin), transaction(self._connexion):
            compte = self._compte()
            yield compte
            ecrire_compte(self._connexion, compte)
        self._non_comptees = 0
