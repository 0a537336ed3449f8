"""The spool when the machine stops: `kill -9`, power cut at any byte, disk full. Nothing promised is lost.

`TRACES_POSTES_ARRETS` is how many processes are killed (10), and some more where the machine is slow.
"""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.poste import EcritureRefusee, Resultat, Spool
from app.poste.lots import Lot
from tests.poste.conftest import trace

ARRETS = int(os.environ.get("TRACES_POSTES_ARRETS", "10"))
Promesses = list[tuple[int, bytes]]


def contenu(spool: Spool) -> Promesses:
    return [(lue.position, lue.corps) for lue in spool.lire(1_000_000)]


def _delais() -> Iterator[float]:
    """For how long each program runs, in seconds; longer and longer where nothing was promised or removed yet."""
    yield from (random.choice((0.005, 0.1, 0.5)) * random.random() for _ in range(ARRETS))
    yield from range(1, 9)


@pytest.mark.timeout(120 + 5 * ARRETS)
def test_tue_a_tout_moment_rien_de_promis_ne_manque(tmp_path: Path) -> None:
    chemin = tmp_path / "spool.db"
    promis: set[int] = set()
    partis: set[int] = set()
    for delai in _delais():
        if delai >= 1 and promis and partis:
            break
        with subprocess.Popen(
            [sys.executable, "-m", "tests.poste.depositaire", str(chemin)], stdout=subprocess.PIPE
        ) as poste:
            assert poste.stdout is not None
            assert poste.stdout.readline() == b"debut\n"
            os.set_blocking(poste.stdout.fileno(), False)
            lus, limite = b"", time.monotonic() + delai
            while time.monotonic() < limite:  # a full pipe would stop it where it stands
                lus += poste.stdout.read() or b""
                time.sleep(0.001)
            os.kill(poste.pid, signal.SIGKILL)
            poste.wait()
            lus += poste.stdout.read() or b""
        dits = [int(ligne) for ligne in lus.split()]
        nouveaux = [numero for numero in dits if numero > 0]
        assert nouveaux == sorted(set(nouveaux))
        assert not nouveaux or nouveaux[0] > max(promis, default=0), "a number was given twice"
        promis.update(nouveaux)
        partis.update(-numero for numero in dits if numero < 0)
        with Spool(chemin) as spool:
            presents = [numero for numero, _ in contenu(spool)]
            etat = spool.etat()
        assert spool.mis_de_cote is None
        assert promis - partis <= set(presents)
        assert presents == list(range(etat.derniere - etat.en_attente + 1, etat.derniere + 1))
        assert etat.perdues == 0
    assert promis
    assert partis


@dataclass(frozen=True, slots=True)
class Image:
    """What the two files hold at a moment."""

    base: bytes
    journal: bytes

    @classmethod
    def de(cls, chemin: Path) -> "Image":
        return cls(chemin.read_bytes(), _journal(chemin).read_bytes())


def _journal(chemin: Path) -> Path:
    return chemin.with_name(chemin.name + "-wal")


def _dechirures(avant: bytes, apres: bytes, pas: int) -> Iterator[bytes]:
    """A write that a power cut tore, at each byte of what it changes: what follows is as before, zeros, or noise."""
    fin = len(apres)
    while fin <= len(avant) and avant[fin - 1] == apres[fin - 1]:
        fin -= 1
    debut = next(rang for rang in range(fin) if avant[rang : rang + 1] != apres[rang : rang + 1])
    bruit = random.Random(1).randbytes(fin)
    for coupe in range(debut, fin + 1, pas):
        for suite in (avant[coupe:fin], bytes(fin - coupe), bruit[coupe:]):
            yield apres[:coupe] + suite + avant[fin:]


class Coupure:
    """Opens the spool as the power cut left it, and holds it to what it had promised."""

    def __init__(self, dossier: Path, promesses: Promesses, chemin: Path | None = None) -> None:
        self.chemin = chemin or dossier / "coupe.db"
        self.promesses = promesses
        self.essais = 0

    def verifier(self, image: Image) -> None:
        self.chemin.write_bytes(image.base)
        _journal(self.chemin).write_bytes(image.journal)
        self.ouvrir()

    def ouvrir(self) -> None:
        with Spool(self.chemin) as spool:
            assert spool.mis_de_cote is None
            gardees = contenu(spool)
            assert gardees[: len(self.promesses)] == self.promesses
            assert len(gardees) <= len(self.promesses) + 1, "but the one under way"
            assert spool.deposer({}) == len(gardees) + 1
        self.essais += 1


@pytest.fixture
def petites_pages(tmp_path: Path) -> Path:
    """A file with pages of 512 bytes, so that every byte of what a deposit writes can be tried."""
    chemin = tmp_path / "spool.db"
    base = sqlite3.connect(chemin)
    base.execute("PRAGMA page_size = 512")
    base.execute("VACUUM")
    base.close()
    return chemin


def test_courant_coupe_a_chaque_octet_d_un_depot(memoire: Path, petites_pages: Path) -> None:
    with Spool(petites_pages) as spool:
        for numero in range(20):
            spool.deposer(trace(numero))
        promesses, avant = contenu(spool), Image.de(petites_pages)
        spool.deposer(trace(20))
        apres = Image.de(petites_pages)
    assert avant.base == apres.base, "a deposit only writes the journal"
    coupure = Coupure(memoire, promesses)
    for journal in _dechirures(avant.journal, apres.journal, 1):
        coupure.verifier(Image(avant.base, journal))
    assert coupure.essais > 3 * (len(apres.journal) - len(avant.journal)) > 3_000


def test_courant_coupe_pendant_que_le_journal_est_reverse_puis_repris(memoire: Path, petites_pages: Path) -> None:
    """SQLite copies its journal into the file; the next deposit writes over the journal."""
    with Spool(petites_pages) as spool:
        avant = Image.de(petites_pages)
        while True:
            spool.deposer(trace(0))
            apres = Image.de(petites_pages)
            if apres.base != avant.base:
                break
            avant = apres
        promesses = contenu(spool)
        spool.deposer(trace(0))
        repris = Image.de(petites_pages)
    assert len(promesses) > 100
    assert repris.journal[:32] != apres.journal[:32], "a new journal, over the old one"
    coupure = Coupure(memoire, promesses)
    for base in _dechirures(avant.base, apres.base, 97):
        coupure.verifier(Image(base, apres.journal))
    for journal in _dechirures(apres.journal, repris.journal, 1):
        coupure.verifier(Image(apres.base, journal))
    assert coupure.essais > 4_000


CREATION = """
import os, resource, signal, sys
from app.poste import Spool
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
fin, pas = int(sys.argv[2]), int(sys.argv[3])
for coupe in [*range(0, fin, pas), fin]:
    if not (fils := os.fork()):
        resource.setrlimit(resource.RLIMIT_FSIZE, (coupe, coupe))
        Spool(f"{sys.argv[1]}/{coupe}.db")
        os._exit(0)
    print(coupe, os.WIFEXITED(os.waitpid(fils, 0)[1]))
"""


def test_tue_a_chaque_octet_de_la_creation(memoire: Path) -> None:
    """Files can grow up to a size: the write that crosses it is torn there, and kills the program."""
    commande = [sys.executable, "-c", CREATION, str(memoire), "30000", "97"]
    fini = subprocess.run(commande, capture_output=True, text=True, check=True)
    issues = dict(ligne.split() for ligne in fini.stdout.splitlines())
    assert list(issues.values()) == sorted(issues.values()), "killed up to some size, then no more"
    assert set(issues.values()) == {"False", "True"}
    dechires: Counter[str] = Counter()
    for coupe in issues:
        chemin = memoire / f"{coupe}.db"
        for suffixe in ("-wal", "-journal", ""):
            fichier = chemin.with_name(chemin.name + suffixe)
            dechires[suffixe] += fichier.exists() and fichier.stat().st_size == int(coupe) > 0
        Coupure(memoire, [], chemin).ouvrir()
    assert min(dechires[suffixe] for suffixe in ("-wal", "-journal", "")) >= 5, dechires


def test_courant_coupe_apres_la_creation_du_fichier(memoire: Path, petites_pages: Path) -> None:
    """The journal's first write, over nothing: what follows the cut is zeros or noise."""
    with Spool(petites_pages):
        cree = Image.de(petites_pages)
    coupure = Coupure(memoire, [])
    for journal in _dechirures(b"", cree.journal, 3):
        coupure.verifier(Image(cree.base, journal))
    assert coupure.essais > 2_000


LIMITE = """
import resource, sys
from app.poste import EcritureRefusee, Spool
spool = Spool(sys.argv[1])
spool.deposer({})
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
gardees = refusees = 0
while refusees < 5:
    try:
        print("+", spool.deposer({"version": "x" * 2_000}))
    except EcritureRefusee as refus:
        print("!", refus)
        refusees += 1
try:
    spool.deposer_tout([{}] * 1_000)
except EcritureRefusee:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print("=", spool.deposer({}))
"""


def test_un_disque_qui_refuse_d_ecrire_ne_coute_que_les_nouvelles(tmp_path: Path) -> None:
    chemin = tmp_path / "spool.db"
    fini = subprocess.run([sys.executable, "-c", LIMITE, str(chemin)], capture_output=True, text=True, check=True)
    lignes = [ligne.split(maxsplit=1) for ligne in fini.stdout.splitlines()]
    gardees = [int(reste) for signe, reste in lignes if signe == "+"]
    [apres] = [int(reste) for signe, reste in lignes if signe == "="]
    [message] = {reste for signe, reste in lignes if signe == "!"}
    assert "Faites de la place" in message
    assert len(gardees) > 5
    assert apres == 1 + len(gardees) + 5 + 1_000 + 1
    with Spool(chemin) as spool:
        assert [numero for numero, _ in contenu(spool)] == [1, *gardees, apres]
        assert spool.etat().perdues == 1_005


FERMETURE = """
import resource, sys
from app.poste import EcritureRefusee, Spool
spool = Spool(sys.argv[1])
spool.deposer({})
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
try:
    spool.deposer_tout([{"version": "x" * 2_000}] * 30)
except EcritureRefusee:
    print("refusé")
if sys.argv[2] == "de-la-place":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))
spool.fermer()
spool.fermer()
"""


@pytest.mark.parametrize(("place", "perdues"), [("de-la-place", 30), ("toujours-pas", 0)])
def test_ce_que_le_disque_a_refuse_est_compte_a_la_fermeture_s_il_le_peut(
    tmp_path: Path, place: str, perdues: int
) -> None:
    chemin = tmp_path / "spool.db"
    commande = [sys.executable, "-c", FERMETURE, str(chemin), place]
    fini = subprocess.run(commande, capture_output=True, text=True, check=False)
    assert (fini.stdout, fini.returncode) == ("refusé\n", 0), fini.stderr
    with Spool(chemin) as spool:
        assert (spool.etat().perdues, spool.deposer({})) == (perdues, perdues + 2)


JOURNAL_PLEIN = """
import resource, sys
from app.poste import Rejet, Resultat, Spool
from app.poste.lots import Lot
with Spool(sys.argv[1]) as spool:
    spool.deposer_tout([{"version": "x" * 2_000}] * 200)
with Spool(sys.argv[1]) as spool:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    lot = Lot(tuple(spool.lire(200)[-1:]))
    refusee = [Rejet(200, "donnee-personnelle")]
    spool.retirer(lot, Resultat(recues=1, rejetees=1, rejets_detailles=refusee))
    print(spool.etat().rejetees, len(spool.lire(1_000)), spool.deposer({}))
"""


def test_un_journal_qui_ne_se_vide_pas_ne_retient_pas_le_lot(tmp_path: Path) -> None:
    """The disk takes the removal, in the journal, but not the journal's content in the file."""
    commande = [sys.executable, "-c", JOURNAL_PLEIN, str(tmp_path / "spool.db")]
    fini = subprocess.run(commande, capture_output=True, text=True, check=False)
    assert fini.stdout == "1 199 201\n", fini.stderr


@pytest.fixture
def petit_disque(tmp_path: Path) -> Iterator[Path]:
    point = tmp_path / "disque"
    point.mkdir()
    monter = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(point)]
    if shutil.which("mount") is None or subprocess.run(monter, capture_output=True, check=False).returncode:
        pytest.skip("un petit disque ne se monte qu'en tant que root")
    try:
        yield point
    finally:
        subprocess.run(["umount", str(point)], check=True)


def test_un_disque_plein_garde_ce_qui_est_promis(petit_disque: Path) -> None:
    lest = petit_disque / "lest"
    lest.write_bytes(bytes(150_000))
    with Spool(petit_disque / "spool.db") as spool:
        donnes = _deposer_jusqu_au_refus(spool)
        lot = Lot(tuple(spool.lire(1_000)))
        assert [lue.position for lue in lot.traces] == donnes
        lest.unlink()
        spool.retirer(lot, Resultat(recues=len(lot), enregistrees=len(lot)))
        assert spool.deposer(trace(0)) == donnes[-1] + 2
        assert spool.etat().perdues == 1


def test_un_spool_se_rouvre_sur_un_disque_plein(petit_disque: Path) -> None:
    with Spool(petit_disque / "spool.db") as spool:
        donnes = _deposer_jusqu_au_refus(spool)
    with Spool(petit_disque / "spool.db") as spool:
        assert [lue.position for lue in spool.lire(1_000)] == donnes


def _deposer_jusqu_au_refus(spool: Spool) -> list[int]:
    donnes = []
    with suppress(EcritureRefusee):
        while True:
            donnes.append(spool.deposer(trace(0)))
    return donnes


def test_promettre_c_est_avoir_synchronise(tmp_path: Path) -> None:
    """No number is said while something that was written is not yet synced, as the system calls show."""
    if shutil.which("strace") is None:
        pytest.skip("strace manque (apt-get install --no-install-recommends strace)")
    releve = tmp_path / "appels"
    code = (
        "import os, sys\nfrom app.poste import Spool\n"
        "with Spool(sys.argv[1]) as s:\n"
        "    for _ in range(600): os.write(1, b'%d\\n' % s.deposer({'version': 'x' * 3000}))"
    )
    appels = "trace=write,pwrite64,fsync,fdatasync,ftruncate"
    chemin = tmp_path / "spool.db"
    lance = ["strace", "-f", "-y", "-e", appels, "-o", str(releve), sys.executable, "-c", code, str(chemin)]
    fini = subprocess.run(lance, capture_output=True, text=True, check=False)
    if "ptrace" in fini.stderr:
        pytest.skip("strace n'a pas le droit de suivre un processus ici")
    assert fini.returncode == 0, fini.stderr
    non_synchronises: set[str] = set()
    dits = 0
    for ligne in releve.read_text().splitlines():
        appel, _, reste = ligne.partition(" ")[2].strip().partition("(")
        fichier = reste.partition("<")[2].partition(">")[0]
        if appel == "write" and reste.startswith("1<"):
            dits += 1
            assert f"{chemin}-wal" not in non_synchronises
        elif appel in {"pwrite64", "write"}:
            non_synchronises.add(fichier)
        elif appel in {"fsync", "fdatasync"}:
            non_synchronises.discard(fichier)
    assert dits == 600
