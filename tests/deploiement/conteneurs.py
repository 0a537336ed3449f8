"""The committed image, built and run with buildah and podman in a folder of its own: no daemon, no registry."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.test_documents import DOCS

CONSTRUIRE = DOCS.parent / "deploy" / "image" / "construire.sh"
OUTILS = ("buildah", "podman", "runc", "mmdebstrap")
IMAGE = "localhost/traces-postes-essai"
NID = 10001
"""Uid of the service in its image."""


def _plafond(quoi: int, assez: int) -> str:
    """``soft:hard``, which no process may raise: podman would otherwise ask for more than this machine allows."""
    dur = resource.getrlimit(quoi)[1]
    valeur = assez if dur == resource.RLIM_INFINITY else min(assez, dur)
    return f"{valeur}:{valeur}"


@dataclass(frozen=True)
class Moteur:
    """podman on a storage of its own."""

    stockage: Path

    def podman(self, *arguments: str, patience_s: float = 180) -> subprocess.CompletedProcess[str]:
        racine = ("--root", str(self.stockage / "images"), "--runroot", str(self.stockage / "etat"))
        commun = ("--runtime", "runc", "--cgroup-manager", "cgroupfs", "--log-level", "fatal")
        return subprocess.run(
            ["podman", *racine, *commun, *arguments],
            env={"STORAGE_DRIVER": "overlay"} | os.environ,  # as construire.sh
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
        )

    def exiger(self, *arguments: str, patience_s: float = 180) -> str:
        fini = self.podman(*arguments, patience_s=patience_s)
        assert fini.returncode == 0, (arguments, fini.stdout, fini.stderr)
        return fini.stdout

    def lancer(self, nom: str, *arguments: str, options: tuple[str, ...] = (), fond: bool = True) -> str:
        """A container as confined as the deployments have it; ``fond``: in the background."""
        return self.exiger(
            *("run", "--name", nom, *(["--detach"] if fond else ["--rm"])),
            *("--network", "host", "--health-interval", "disable"),  # its timer would be systemd's
            *("--ulimit", f"nofile={_plafond(resource.RLIMIT_NOFILE, 8192)}"),
            *("--ulimit", f"nproc={_plafond(resource.RLIMIT_NPROC, 4096)}"),
            *("--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp:mode=1777"),  # noqa: S108 — the container's
            *("--cap-drop", "all", "--security-opt", "no-new-privileges"),
            *options,
            IMAGE,
            *arguments,
        )

    def journal(self, nom: str) -> str:
        fini = self.podman("logs", nom)
        return fini.stdout + fini.stderr

    def statut(self, nom: str) -> str:
        return self.exiger("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", nom).strip()

    def pid(self, nom: str) -> int:
        return int(self.exiger("inspect", "--format", "{{.State.Pid}}", nom))


@contextmanager
def moteur(stockage: Path) -> Iterator[Moteur]:
    """An engine with the image; its containers and mounts are gone at the end, whatever happened."""
    lui = Moteur(stockage)
    try:
        construit = subprocess.run(
            [CONSTRUIRE, stockage, IMAGE],
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
            env=_sans_reglages(),
        )
        assert construit.returncode == 0, construit.stdout[-2000:] + construit.stderr[-2000:]
        yield lui
    finally:
        with suppress(subprocess.TimeoutExpired):
            lui.podman("rm", "--all", "--force", "--time", "2", "--volumes")
        for monte in reversed(_montes_sous(stockage)):
            subprocess.run(["umount", "--lazy", monte], check=False)
        shutil.rmtree(stockage, ignore_errors=True)


def _sans_reglages() -> dict[str, str]:
    return {nom: valeur for nom, valeur in os.environ.items() if not nom.startswith("TRACES_POSTES_")}


def _montes_sous(dossier: Path) -> list[str]:
    lignes = Path("/proc/self/mounts").read_text().splitlines()
    return [point for point in (ligne.split()[1] for ligne in lignes) if Path(point).is_relative_to(dossier)]
