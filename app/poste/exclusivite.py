"""One process at a time on a file, by a lock on another one beside it.

SQLite's own lock vanishes without a word when the process closes another descriptor of the file (a backup is
enough), and a forked child believes that it holds it too.
"""

import os
import sqlite3
import sys
import weakref
from pathlib import Path
from typing import BinaryIO

from app.poste.erreurs import SpoolOccupe

if sys.platform != "win32":
    import fcntl


class Exclusivite:
    """Held from its making to `rendre`, or to the end of the process; where there is no flock, SQLite's lock stands.

    Raises SpoolOccupe where another one holds it, OSError where there can be none.
    """

    def __init__(self, chemin: Path) -> None:
        self._chemin = chemin
        self._connexion: sqlite3.Connection | None = None
        self._heritee = False
        self._fichier = _prendre(chemin)
        _TENUES.add(self)

    def couvrir(self, connexion: sqlite3.Connection) -> None:
        """The connection that a forked child must not use."""
        self._connexion = connexion

    @property
    def heritee(self) -> bool:
        """Whether a fork brought us here: the parent goes on, and the spool is its own."""
        return self._heritee

    def exiger(self) -> None:
        """Raises SpoolOccupe in a forked child."""
        if self._heritee:
            raise SpoolOccupe(self._chemin)

    def rendre(self) -> None:
        _TENUES.discard(self)
        if self._fichier:
            self._fichier.close()

    def ceder(self) -> None:
        """In a forked child: leaves everything to the parent, whose lock must not outlive it here."""
        self._heritee = True
        self.rendre()
        if self._connexion is not None:
            # The child's exit closes the connection: uninterrupted, that would delete the parent's journal.
            self._connexion.interrupt()


_TENUES: "weakref.WeakSet[Exclusivite]" = weakref.WeakSet()


def _ceder_tout() -> None:
    for tenue in list(_TENUES):
        tenue.ceder()


def _prendre(chemin: Path) -> BinaryIO | None:
    if sys.platform == "win32":
        return None
    # The file stays: to remove it would let two processes lock two files of the same name.
    fichier = os.fdopen(os.open(chemin.with_name(chemin.name + ".verrou"), os.O_RDWR | os.O_CREAT, 0o600), "rb")
    try:
        fcntl.flock(fichier, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as erreur:
        fichier.close()
        if isinstance(erreur, BlockingIOError):
            raise SpoolOccupe(chemin) from None
        raise
    return fichier


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_ceder_tout)
