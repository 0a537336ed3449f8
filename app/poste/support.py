"""The file under a spool: SQLite, opened by one process at a time, checked, and mended where it can be.

A damaged file whose counters can still be read is put aside, and a new one begun that holds what could be
read of it and goes on with its numbers. Anything else is left untouched and refused.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from itertools import count
from pathlib import Path

from app.poste.erreurs import EcritureRefusee, SpoolIllisible, SpoolOccupe

SIGNATURE = 0x54505350
"""Tells a spool from any other SQLite file ("TPSP")."""
JOURNAL_MAX = 4 << 20
"""Bytes that the WAL keeps after a large group."""
TABLES = (
    "CREATE TABLE trace (sequence INTEGER PRIMARY KEY, corps BLOB NOT NULL)",
    "CREATE TABLE refus (sequence INTEGER PRIMARY KEY, code TEXT NOT NULL, champ TEXT, corps BLOB)",
    "CREATE TABLE compte (derniere INT, perdues INT, enregistrees INT, doublons INT, rejetees INT, octets INT)",
)
SCHEMA = (
    *TABLES,
    "INSERT INTO compte VALUES (0, 0, 0, 0, 0, 0)",
    f"PRAGMA application_id = {SIGNATURE}",
)
REFUS_D_ECRIRE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
}
ABIME = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}


@dataclass(slots=True)
class Compte:
    """What became of the numbers given so far: each is waiting, or counted once in one of the others."""

    derniere: int = 0
    perdues: int = 0
    enregistrees: int = 0
    doublons: int = 0
    rejetees: int = 0
    octets: int = 0

    @property
    def en_attente(self) -> int:
        return self.derniere - self.perdues - self.enregistrees - self.doublons - self.rejetees


LIRE_COMPTE = f"SELECT {', '.join(champ.name for champ in fields(Compte))} FROM compte"  # noqa: S608 - our own names
LIRE_TRACES = "SELECT rowid, coalesce(CAST(corps AS BLOB), x'') FROM trace"
"""Bytes whatever a damaged row says that it holds."""
ECRIRE_COMPTE = f"UPDATE compte SET {', '.join(f'{champ.name} = ?' for champ in fields(Compte))}"  # noqa: S608


def lire_compte(connexion: sqlite3.Connection) -> Compte:
    """The counters; what was never written as such is a damage that SQLite does not see."""
    lignes = connexion.execute(LIRE_COMPTE).fetchall()
    if len(lignes) == 1 and all(isinstance(valeur, int) and valeur >= 0 for valeur in lignes[0]):
        return Compte(*lignes[0])
    erreur = sqlite3.DatabaseError()
    erreur.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    raise erreur


def ecrire_compte(connexion: sqlite3.Connection, compte: Compte) -> None:
    connexion.execute(ECRIRE_COMPTE, astuple(compte))


def lisible(sequence: int, corps: bytes) -> bool:
    """Whether the row is as it was written: JSON that bears its number. SQLite sees no bit that flips in a body."""
    try:
        trace = json.loads(corps)
    except (ValueError, RecursionError):
        return False
    return isinstance(trace, dict) and trace.get("sequence") == sequence


def code_de(erreur: sqlite3.Error) -> int:
    return getattr(erreur, "sqlite_errorcode", 0) & 0xFF  # the other bits say in which way


@contextmanager
def erreurs_dites(chemin: Path) -> Iterator[None]:
    """What SQLite and the disk refuse, in our own words."""
    try:
        yield
    except sqlite3.Error as erreur:
        code = code_de(erreur)
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise SpoolOccupe(chemin) from None
        if code in REFUS_D_ECRIRE:
            raise EcritureRefusee(chemin) from None
        if code in ABIME:
            raise SpoolIllisible(chemin) from None
        raise
    except UnicodeDecodeError:  # SQLite's own message, where it cites a damaged schema
        raise SpoolIllisible(chemin) from None
    except OSError:
        raise EcritureRefusee(chemin) from None


@contextmanager
def transaction(connexion: sqlite3.Connection, genre: str = "IMMEDIATE") -> Iterator[None]:
    connexion.execute(f"BEGIN {genre}")
    try:
        yield
        connexion.execute("COMMIT")
    except BaseException:
        if connexion.in_transaction:  # SQLite undoes some failures by itself
            connexion.execute("ROLLBACK")
        raise


def ouvrir(chemin: Path) -> tuple[sqlite3.Connection, Path | None]:
    """The spool's only connection, and where the damaged file that it replaces was put, if there was one."""
    with erreurs_dites(chemin):
        mis_de_cote = _mettre_en_place(chemin)
        if _octets(chemin) == 0 < _octets(_voisin(chemin, "-wal")):
            raise SpoolIllisible(chemin)  # its file was lost: SQLite would begin a new one, and delete the journal
        connexion = _preparer(chemin)
        try:
            if _sain(connexion):
                return connexion, mis_de_cote
            _recopier(connexion, chemin)
        except BaseException:
            _laisser(connexion)
            raise
        _laisser(connexion)
        mis_de_cote = _mettre_en_place(chemin)
        return _preparer(chemin), mis_de_cote


def _laisser(connexion: sqlite3.Connection) -> None:
    """Closes a file that is damaged, or not ours, as it was found: uninterrupted, SQLite pours its journal into it."""
    connexion.interrupt()
    connexion.close()


def _connecter(chemin: Path) -> sqlite3.Connection:
    connexion = sqlite3.connect(chemin, timeout=0, isolation_level=None, check_same_thread=False)
    # A damaged code of a refusal must not hide the others.
    connexion.text_factory = lambda octets: octets.decode(errors="replace")
    # macOS leaves what was synced in the disk's own cache, unless asked.
    connexion.execute("PRAGMA fullfsync = ON")
    connexion.execute("PRAGMA checkpoint_fullfsync = ON")
    return connexion


def _preparer(chemin: Path) -> sqlite3.Connection:
    """Takes the file for ourselves, new or not, and makes it durable."""
    if not chemin.exists():
        chemin.touch(mode=0o600)
    connexion = _connecter(chemin)
    try:
        # Exclusive: one process at a time, and the lock dies with it.
        connexion.execute("PRAGMA locking_mode = EXCLUSIVE")
        with transaction(connexion, "EXCLUSIVE"):
            neuf = _est_neuf(connexion, chemin)
        # WAL with FULL: one append and one fsync per commit; a torn end fails its checksum and is not read.
        connexion.execute("PRAGMA journal_mode = WAL")
        connexion.execute("PRAGMA synchronous = FULL")
        connexion.execute(f"PRAGMA journal_size_limit = {JOURNAL_MAX}")
        connexion.execute("PRAGMA secure_delete = ON")  # what was answered for must not linger in free pages
        if neuf:
            _creer(connexion)
    except BaseException:
        _laisser(connexion)
        raise
    return connexion


def _est_neuf(connexion: sqlite3.Connection, chemin: Path) -> bool:
    (signature,) = connexion.execute("PRAGMA application_id").fetchone()
    (tables,) = connexion.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and signature != SIGNATURE:
        raise SpoolIllisible(chemin)
    return not tables


def _creer(connexion: sqlite3.Connection) -> None:
    with transaction(connexion):
        for instruction in SCHEMA:
            connexion.execute(instruction)


def _sain(connexion: sqlite3.Connection) -> bool:
    """Whether SQLite finds nothing wrong, and the counters are those of the traces."""
    try:
        if connexion.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            return False
        if sorted(sql for (sql,) in connexion.execute("SELECT sql FROM sqlite_master")) != sorted(TABLES):
            return False  # SQLite would look for the columns that a damaged text names
        compte = lire_compte(connexion)
        nombre, octets, derniere = connexion.execute(
            "SELECT count(*), total(length(corps)), coalesce(max(rowid), 0) FROM trace"
        ).fetchone()
    except sqlite3.Error as erreur:
        if code_de(erreur) in ABIME:
            return False
        raise
    return (compte.en_attente, compte.octets) == (nombre, octets) and derniere <= compte.derniere


def _recopier(abimee: sqlite3.Connection, chemin: Path) -> None:
    """Begins the file that goes on with the numbers of a damaged one, and holds what can be read of it."""
    compte = lire_compte(abimee)
    traces = _lisibles(abimee)
    compte.derniere = max(compte.derniere, *traces, 0)
    compte.octets = sum(map(len, traces.values()))
    compte.perdues += compte.en_attente - len(traces)
    if min(astuple(compte)) < 0:
        raise SpoolIllisible(chemin)  # no such counters were ever written
    partiel = _voisin(chemin, ".partiel")
    partiel.unlink(missing_ok=True)
    partiel.touch(mode=0o600)
    with closing(_connecter(partiel)) as neuve:
        _creer(neuve)
        with transaction(neuve):
            neuve.executemany("INSERT INTO trace VALUES (?, ?)", sorted(traces.items()))
            ecrire_compte(neuve, compte)
    partiel.replace(_voisin(chemin, ".nouveau"))
    _synchroniser(chemin.parent)


def _lisibles(abimee: sqlite3.Connection) -> dict[int, bytes]:
    """The traces before the first damage, and those after the last."""
    traces: dict[int, bytes] = {}
    for sens in ("ASC", "DESC"):
        with suppress(sqlite3.DatabaseError):
            # What was read before the damage stays.
            traces.update(abimee.execute(f"{LIRE_TRACES} ORDER BY rowid {sens}"))
    return {sequence: corps for sequence, corps in traces.items() if lisible(sequence, corps)}


def _mettre_en_place(chemin: Path) -> Path | None:
    """Puts a damaged file aside for the new one, if there is one: also after a stop half way."""
    nouveau = _voisin(chemin, ".nouveau")
    if not nouveau.exists():
        return None
    rang = next(rang for rang in count(1) if not _voisin(chemin, f".illisible-{rang}").exists())
    if not chemin.exists():
        rang -= 1  # it was put aside before the stop
    cote = _voisin(chemin, f".illisible-{rang}")
    for suffixe in ("-wal", "-journal", ""):  # the journals first: they would be taken for the new file's
        with suppress(FileNotFoundError):
            _voisin(chemin, suffixe).rename(_voisin(cote, suffixe))
    nouveau.rename(chemin)
    _synchroniser(chemin.parent)
    return cote


def _voisin(chemin: Path, suffixe: str) -> Path:
    return chemin.with_name(chemin.name + suffixe)


def _octets(chemin: Path) -> int:
    return chemin.stat().st_size if chemin.exists() else 0


def _synchroniser(dossier: Path) -> None:
    """Makes renames durable, where a folder can be synced."""
    if os.name == "posix":
        descripteur = os.open(dossier, os.O_RDONLY)
        try:
            os.fsync(descripteur)
        finally:
            os.close(descripteur)
