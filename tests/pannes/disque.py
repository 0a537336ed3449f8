"""Small file systems, filled and freed."""

import errno
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REMPLISSAGE = "remplissage"
_BLOC = b"\0" * (1 << 20)


def empechement(dossier: Path) -> str | None:
    """Why none can be mounted here."""
    essai = dossier / "essai"
    essai.mkdir()
    fini = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", essai], capture_output=True, check=False)
    if fini.returncode == 0:
        subprocess.run(["umount", essai], check=True)
    essai.rmdir()
    return None if fini.returncode == 0 else "monter un tmpfs n'est pas permis ici (il faut être root)"


@contextmanager
def monter(dossier: Path, mio: int) -> Iterator[None]:
    """A tmpfs of so many MiB in place of a directory, whose contents move into it."""
    avant = dossier.with_name(f"{dossier.name}.avant")
    dossier.rename(avant)
    etat = avant.stat()
    dossier.mkdir()
    options = f"size={mio}m,mode=700,uid={etat.st_uid},gid={etat.st_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", dossier], check=True)
    try:
        subprocess.run(["cp", "-a", f"{avant}/.", dossier], check=True)
        shutil.rmtree(avant)
        yield
    finally:
        subprocess.run(["umount", "--lazy", dossier], check=True)


def remplir(dossier: Path) -> None:
    with (dossier / _REMPLISSAGE).open("wb", buffering=0) as flux:
        try:
            while True:
                flux.write(_BLOC)
        except OSError as erreur:
            if erreur.errno != errno.ENOSPC:
                raise


def vider(dossier: Path) -> None:
    (dossier / _REMPLISSAGE).unlink(missing_ok=True)
