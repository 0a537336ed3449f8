"""One process at a time, whatever becomes of SQLite's own lock: a backup beside, a fork, a parent that is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.poste import Spool, SpoolOccupe
from tests.poste.conftest import trace
from tests.poste.test_spool import numeros


@pytest.fixture
def chemin(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def ailleurs(chemin: Path) -> str:
    """What another program is told that opens the spool and deposits."""
    code = "import sys\nfrom app.poste import Spool\nSpool(sys.argv[1]).deposer({})"
    fini = subprocess.run([sys.executable, "-c", code, str(chemin)], capture_output=True, text=True, check=False)
    return fini.stderr


def test_une_sauvegarde_du_fichier_ne_laisse_entrer_personne(chemin: Path) -> None:
    """To close any descriptor of a file gives up all the locks that the process has on it."""
    with Spool(chemin) as spool:
        spool.deposer(trace(0))
        chemin.read_bytes()
        assert "SpoolOccupe" in ailleurs(chemin)
        assert spool.deposer(trace(1)) == 2
    assert ailleurs(chemin) == ""
    with Spool(chemin) as spool:
        assert numeros(spool) == [1, 2, 3]


def test_deux_noms_du_meme_fichier_sont_le_meme_spool(chemin: Path) -> None:
    lien = chemin.with_name("lien.db")
    with Spool(chemin) as spool:
        spool.deposer(trace(0))
        lien.symlink_to(chemin)
        chemin.read_bytes()
        with pytest.raises(SpoolOccupe):
            Spool(lien)
    with Spool(lien) as spool:
        assert spool.deposer(trace(1)) == 2


FOURCHE = """
import os, sys
from pathlib import Path
from app.poste import ErreurPoste, Spool
chemin, journal = Path(sys.argv[1]), Path(sys.argv[1] + "-wal")
with Spool(chemin) as spool:
    spool.deposer({})
    fils = os.fork()
    if not fils:
        for geste in (lambda: spool.deposer({}), lambda: spool.lire(1), spool.etat, spool.refus, lambda: Spool(chemin)):
            try:
                geste()
            except ErreurPoste as erreur:
                print(type(erreur).__name__, flush=True)
        if sys.argv[2] == "ferme":
            spool.fermer()
        sys.exit(0)  # and Python closes the connection
    assert os.waitpid(fils, 0)[1] == 0
    assert journal.stat().st_size > 0, "the child has emptied it"
    print("+", spool.deposer({}), flush=True)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="sans fork")
@pytest.mark.parametrize("fin", ["ferme", "s-arrete"])
def test_un_processus_fils_ne_touche_pas_au_spool_de_son_pere(chemin: Path, fin: str) -> None:
    fini = subprocess.run(
        [sys.executable, "-c", FOURCHE, str(chemin), fin], capture_output=True, text=True, check=False
    )
    assert fini.stdout.splitlines() == ["SpoolOccupe"] * 5 + ["+ 2"], fini.stderr
    assert fini.returncode == -signal.SIGKILL
    with Spool(chemin) as spool:
        assert numeros(spool) == [1, 2]


FILS_QUI_RESTE = """
import os, sys, time
from app.poste import Spool
spool = Spool(sys.argv[1])
spool.deposer({})
if not os.fork():
    print(os.getpid(), flush=True)
    time.sleep(60)
time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="sans fork")
def test_un_fils_qui_survit_a_son_pere_ne_garde_pas_le_spool(chemin: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", FILS_QUI_RESTE, str(chemin)], stdout=subprocess.PIPE) as pere:
        assert pere.stdout is not None
        fils = int(pere.stdout.readline())
        try:
            with pytest.raises(SpoolOccupe):
                Spool(chemin)
            pere.kill()
            pere.wait()
            with Spool(chemin) as spool:
                assert spool.deposer(trace(0)) == 2
        finally:
            os.kill(fils, signal.SIGKILL)
