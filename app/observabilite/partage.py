"""The metrics of several workers as one: each writes to files of its own in a directory, any of them reads all."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from app.observabilite import mesures

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_JAUGES = re.compile(r"gauge_live[a-z]+_([0-9]+)\.db")


@contextmanager
def mesures_partagees() -> Iterator[None]:
    """Workers started within the block share their metrics; the library looks for the variable when it is imported."""
    with TemporaryDirectory(prefix="traces-postes-mesures-", ignore_cleanup_errors=True) as dossier:
        verrou = os.open(dossier, os.O_RDONLY)
        # What cleans /tmp by age leaves a locked directory alone.
        fcntl.flock(verrou, fcntl.LOCK_SH)
        os.environ[_VARIABLE] = dossier
        try:
            yield
        finally:
            del os.environ[_VARIABLE]
            os.close(verrou)


def mesures_du_service() -> Collector:
    """The technical metrics of this worker, or the sum of all workers' where they share them."""
    dossier = os.environ.get(_VARIABLE)
    if dossier is None:
        return mesures.REGISTRE
    _oublier_les_morts(Path(dossier))
    return MultiProcessCollector(None, dossier)


def _oublier_les_morts(dossier: Path) -> None:
    """What a dead worker had in hand is gone; what it counted stays."""
    pids = {int(trouve[1]) for fichier in dossier.iterdir() if (trouve := _JAUGES.fullmatch(fichier.name))}
    for pid in pids:
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, PermissionError):
            with suppress(FileNotFoundError):  # another worker may be at it, too
                mark_process_dead(pid, str(dossier))
