"""etcd and three nodes under Patroni on loopback, started with the files of ``deploy/patroni`` as they are.

One etcd is enough: what is tried here is the loss of PostgreSQL's primary, not that of etcd's majority.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.stockage.acces_posix import Compte, compte_de_postgres, laisser_traverser
from app.stockage.grappe import binaires
from tests.processus.lancement import attendre, port_libre, vivant

DEPLOIEMENT = Path(__file__).parents[2] / "deploy" / "patroni"
CONFIGURATION = DEPLOIEMENT / "patroni.yml"
NOMS = ("n1", "n2", "n3")
PRETE_MAX_S = 120.0


@dataclass
class Noeud:
    nom: str
    dossier: Path
    port: int
    api: int
    env: dict[str, str]
    compte: Compte | None
    patroni: subprocess.Popen[bytes] | None = None

    @property
    def adresse(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def journal(self) -> Path:
        return self.dossier / "patroni.log"

    @property
    def postmaster(self) -> int | None:
        try:
            return int((self.dossier / "donnees" / "postmaster.pid").read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def lancer(self) -> None:
        with self.journal.open("ab") as sortie:
            self.patroni = subprocess.Popen(
                [sys.executable, "-m", "patroni", str(CONFIGURATION)],
                env=self.env,
                cwd=self.dossier,
                stdout=sortie,
                stderr=sortie,
                start_new_session=True,
                **({} if self.compte is None else _sous(self.compte)),
            )

    def dire(self, chemin: str = "patroni") -> dict[str, Any]:
        """What its Patroni says; nothing where it does not answer."""
        try:
            dit: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.api}/{chemin}", timeout=2).json()
        except (httpx.HTTPError, ValueError):
            return {}
        return dit

    def processus(self) -> list[int]:
        """Its Patroni, its postmaster and all that this one started."""
        postmaster = self.postmaster
        siens = [] if postmaster is None or not vivant(postmaster) else [postmaster, *_enfants(postmaster)]
        return siens if self.patroni is None else [self.patroni.pid, *siens]

    def signaler(self, signe: signal.Signals) -> None:
        for pid in self.processus():
            with suppress(ProcessLookupError):
                os.kill(pid, signe)

    def tuer(self) -> None:
        """As if its power were cut; frozen or not."""
        postmaster = self.postmaster
        self.signaler(signal.SIGKILL)
        if self.patroni is not None:
            self.patroni.wait()
            self.patroni = None
        if postmaster is not None:
            attendre(lambda: not vivant(postmaster))

    def finir(self) -> None:
        """For good; PostgreSQL is left time to give its shared memory back."""
        self.signaler(signal.SIGCONT)
        if self.patroni is not None:
            self.patroni.kill()
        if (postmaster := self.postmaster) is not None and vivant(postmaster):
            os.kill(postmaster, signal.SIGQUIT)
            attendre(lambda: not vivant(postmaster))
        self.tuer()


def _sous(compte: Compte) -> dict[str, Any]:
    return {"user": compte.uid, "group": compte.gid, "extra_groups": []}


def _enfants(pid: int) -> list[int]:
    try:
        return [int(mot) for mot in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


@dataclass
class Ensemble:
    """The nodes, and who leads them."""

    noeuds: dict[str, Noeud]
    secrets: dict[str, str]
    etcd: int
    """Its pid."""

    def url(self, utilisateur: str, base: str = "traces_postes") -> str:
        """Of all nodes at once, for whoever wants the primary."""
        hotes = ",".join(noeud.adresse for noeud in self.noeuds.values())
        acces = f"{utilisateur}:{self.secrets[utilisateur]}"
        return f"postgresql://{acces}@{hotes}/{base}?target_session_attrs=read-write"

    def membres(self, sauf: str = "") -> dict[str, dict[str, Any]]:
        """By name, as a node that answers sees them."""
        for noeud in self.noeuds.values():
            if noeud.nom != sauf and (dits := noeud.dire("cluster").get("members")):
                return {membre["name"]: membre for membre in dits}
        return {}

    def primaire(self, sauf: str = "") -> Noeud | None:
        """Who takes writes, by its own word: a lock in etcd is not yet a primary."""
        for noeud in self.noeuds.values():
            dit = noeud.dire() if noeud.nom != sauf else {}
            if dit.get("role") == "primary" and dit.get("state") == "running":
                return noeud
        return None

    def synchrone(self) -> Noeud | None:
        """The standby that every commit waits for."""
        roles = {nom: membre.get("role") for nom, membre in self.membres().items()}
        return next((self.noeuds[nom] for nom, role in roles.items() if role == "sync_standby"), None)

    def complet(self) -> bool:
        """All three there: a leader, one that each commit waits for, and one more."""
        membres = list(self.membres().values())
        roles = sorted(str(membre.get("role")) for membre in membres)
        etats = {membre.get("state") for membre in membres if membre.get("role") != "leader"}
        return roles == ["leader", "replica", "sync_standby"] and etats == {"streaming"}

    def psql(self, *arguments: str, base: str = "postgres", sur: Noeud | None = None) -> str:
        """As the superuser, on the primary unless told where."""
        noeud = sur or self.primaire()
        assert noeud is not None
        fini = subprocess.run(
            [binaires() / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *arguments],
            env={"PGHOST": "127.0.0.1", "PGPORT": str(noeud.port), "PGUSER": "postgres", "PGDATABASE": base}
            | {"PGPASSWORD": self.secrets["postgres"], "PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
        )
        assert fini.returncode == 0, fini.stderr
        return fini.stdout.strip()

    @contextmanager
    def etcd_muet(self) -> Iterator[None]:
        os.kill(self.etcd, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.etcd, signal.SIGCONT)


def absents() -> str | None:
    """Why there can be no cluster here."""
    if shutil.which("etcd") is None:
        return "etcd is not here: apt-get install --no-install-recommends etcd-server"
    return None


@contextmanager
def ensemble(dossier: Path) -> Iterator[Ensemble]:
    """Three nodes, in step; ended with the block, whatever state they are in."""
    compte = compte_de_postgres(dossier)
    if compte is not None:
        for chemin in (dossier, Path(sys.prefix), Path(sys.base_prefix), DEPLOIEMENT):
            laisser_traverser(chemin, compte)
    mots = {nom: secrets.token_hex(16) for nom in ("postgres", "replication", "rewind", "proprietaire", "service")}
    with ExitStack() as pile:
        etcd, adresse = pile.enter_context(_etcd(dossier))
        noeuds = {nom: _noeud(nom, dossier / nom, adresse, mots, compte) for nom in NOMS}
        lui = Ensemble(noeuds, mots, etcd)
        for noeud in noeuds.values():
            pile.callback(noeud.finir)
            noeud.lancer()
        attendre(lui.complet, PRETE_MAX_S)
        yield lui


def _noeud(nom: str, dossier: Path, etcd: str, mots: dict[str, str], compte: Compte | None) -> Noeud:
    dossier.mkdir()
    if compte is not None:
        os.chown(dossier, compte.uid, compte.gid)
    port, api = port_libre(), port_libre()
    env = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(dossier)} | {
        "PATRONI_NAME": nom,
        "PATRONI_ETCD3_HOSTS": etcd,
        "PATRONI_RESTAPI_LISTEN": f"127.0.0.1:{api}",
        "PATRONI_RESTAPI_CONNECT_ADDRESS": f"127.0.0.1:{api}",
        "PATRONI_POSTGRESQL_LISTEN": f"127.0.0.1:{port}",
        "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"127.0.0.1:{port}",
        "PATRONI_POSTGRESQL_DATA_DIR": str(dossier / "donnees"),
        "PATRONI_POSTGRESQL_BIN_DIR": str(binaires()),
        "PATRONI_POSTGRESQL_PGPASS": str(dossier / "pgpass"),
        "PATRONI_SUPERUSER_USERNAME": "postgres",
        "PATRONI_SUPERUSER_PASSWORD": mots["postgres"],
        "PATRONI_REPLICATION_USERNAME": "replication",
        "PATRONI_REPLICATION_PASSWORD": mots["replication"],
        "PATRONI_REWIND_USERNAME": "rewind",
        "PATRONI_REWIND_PASSWORD": mots["rewind"],
    }
    return Noeud(nom, dossier, port, api, env, compte)


@contextmanager
def _etcd(dossier: Path) -> Iterator[tuple[int, str]]:
    """Its pid and its address."""
    clients, pairs = port_libre(), port_libre()
    options = {
        "--data-dir": str(dossier / "etcd"),
        "--listen-client-urls": f"http://127.0.0.1:{clients}",
        "--advertise-client-urls": f"http://127.0.0.1:{clients}",
        "--listen-peer-urls": f"http://127.0.0.1:{pairs}",
        "--initial-advertise-peer-urls": f"http://127.0.0.1:{pairs}",
        "--initial-cluster": f"default=http://127.0.0.1:{pairs}",
    }
    with (dossier / "etcd.log").open("wb") as sortie:
        lance = subprocess.Popen(
            ["etcd", *(mot for option in options.items() for mot in option)],
            env={"PATH": os.defpath},
            stdout=sortie,
            stderr=sortie,
            start_new_session=True,
        )
    try:
        yield lance.pid, f"127.0.0.1:{clients}"
    finally:
        lance.kill()
        lance.wait()
