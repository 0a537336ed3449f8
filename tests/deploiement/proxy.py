"""A real nginx with the configuration of deploy/nginx, on free ports; what depends on the place is written anew."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.processus.lancement import PATIENCE_S, attendre, nettoyer, port_libre

DOSSIER_IMPOSSIBLE = "/dev/null/pas-de-base-embarquee"
"""Where no embedded database can be, whatever the account: a deployment without an address must not bring one."""
DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx") or ("/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else None)
_ABSENTS = NGINX is None or shutil.which("openssl") is None
exige_nginx = pytest.mark.skipif(
    _ABSENTS, reason="nginx or openssl is not here: apt-get install --no-install-recommends nginx-light openssl"
)
LARGES = (("rate=50r/s", "rate=5000r/s"), ("burst=200", "burst=5000"), ("connexions 50", "connexions 2000"))
"""Limits that no test meets by the way: all of them come from one address."""
_DE_DEBIAN = ("/run/nginx.pid", "/var/log/nginx/", "/var/lib/nginx/")


class Autorite:
    """What ``deploy/nginx/certificats.sh`` makes, in a folder."""

    def __init__(self, dossier: Path) -> None:
        self.dossier = dossier
        self.script("autorite")

    def script(self, geste: str, *arguments: str, **env: str) -> None:
        commande = [str(DEPLOY / "nginx" / "certificats.sh"), geste, str(self.dossier), *arguments]
        fini = subprocess.run(
            commande, env=os.environ | env, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert fini.returncode == 0, fini.stderr

    def poste(self, nom: str) -> tuple[Path, Path]:
        self.script("poste", nom)
        return self.dossier / f"{nom}.pem", self.dossier / f"{nom}.cle"


@dataclass
class Proxy:
    """A running nginx; ``prefixe`` holds its configuration and its logs."""

    processus: subprocess.Popen[bytes]
    prefixe: Path
    port: int
    autorite: Autorite

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def journal_d_acces(self) -> str:
        return (self.prefixe / "journaux" / "acces.log").read_text()

    def contexte(self, certificat: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        contexte = ssl.create_default_context(cafile=str(self.autorite.dossier / "autorite.pem"))
        if certificat is not None:
            contexte.load_cert_chain(*certificat)
        return contexte

    def client(self, certificat: tuple[Path, Path] | None = None, cle: str | None = None) -> httpx.Client:
        entetes = {"Authorization": f"Bearer {cle}"} if cle is not None else {}
        return httpx.Client(
            base_url=self.url, verify=self.contexte(certificat), headers=entetes, timeout=PATIENCE_S, trust_env=False
        )

    def recharger(self) -> None:
        """The workers of before have gone when this returns."""
        avant = self._ouvriers()
        _nginx(self.prefixe, "-s", "reload")
        attendre(lambda: not avant & self._ouvriers() and bool(self._ouvriers()))

    def _ouvriers(self) -> set[str]:
        with suppress(FileNotFoundError):
            pid = self.processus.pid
            return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return set()


def configurer(
    prefixe: Path, port: int, repliques: Sequence[int], autorite: Autorite, limites: Sequence[tuple[str, str]] = LARGES
) -> None:
    """Writes the configuration of deploy/nginx with other ports, paths and limits, and nothing else changed."""
    shutil.copytree(DEPLOY / "nginx", prefixe, dirs_exist_ok=True)
    (prefixe / "journaux").mkdir(exist_ok=True)
    _remplacer(prefixe / "nginx.conf", *((la, f"{prefixe}/journaux/") for la in _DE_DEBIAN[1:]))
    _remplacer(
        prefixe / "nginx.conf",
        (_DE_DEBIAN[0], f"{prefixe}/nginx.pid"),
        ("user www-data;", "user root;" if os.geteuid() == 0 else ""),
        ("worker_processes auto", "worker_processes 2"),
    )
    for nom, reste in (
        ("ecoute-defaut", "ssl default_server; server_name _;"),
        ("ecoute", "ssl; server_name localhost;"),
    ):
        (prefixe / "site" / f"{nom}.conf").write_text(f"listen 127.0.0.1:{port} {reste}\n")
    _remplacer(prefixe / "site" / "certificats.conf", ("/etc/traces-postes/tls", str(autorite.dossier)))
    _remplacer(prefixe / "site" / "limites.conf", *limites)
    _remplacer(
        prefixe / "site" / "repliques.conf",
        *((f"127.0.0.1:800{rang}", f"127.0.0.1:{replique}") for rang, replique in enumerate(repliques, 1)),
    )


def _remplacer(fichier: Path, *paires: tuple[str, str]) -> None:
    texte = fichier.read_text()
    for ancien, neuf in paires:
        assert ancien in texte, (fichier.name, ancien)
        texte = texte.replace(ancien, neuf)
    fichier.write_text(texte)


def _nginx(prefixe: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert NGINX is not None
    return subprocess.run(
        [NGINX, "-p", str(prefixe), "-c", str(prefixe / "nginx.conf"), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )


def verifier_la_configuration(prefixe: Path) -> str:
    """What ``nginx -t`` says."""
    return _nginx(prefixe, "-t").stderr


@contextmanager
def proxy(
    prefixe: Path, repliques: Sequence[int], autorite: Autorite, limites: Sequence[tuple[str, str]] = LARGES
) -> Iterator[Proxy]:
    """nginx before services on these ports, once it answers."""
    assert NGINX is not None
    port = port_libre()
    configurer(prefixe, port, repliques, autorite, limites)
    with (prefixe / "journaux" / "sortie.log").open("wb") as sortie:
        lance = subprocess.Popen(
            [NGINX, "-p", str(prefixe), "-c", str(prefixe / "nginx.conf"), "-g", "daemon off;"],
            stdout=sortie,
            stderr=sortie,
            start_new_session=True,
        )
    try:
        lui = Proxy(lance, prefixe, port, autorite)
        attendre(lambda: _repond(lui))
        yield lui
    finally:
        nettoyer(lance)


def _repond(lui: Proxy) -> bool:
    assert lui.processus.poll() is None, (lui.prefixe / "journaux" / "sortie.log").read_text()
    try:
        with lui.client() as client:
            client.get("/metrics")
    except httpx.TransportError:
        return False
    return True
