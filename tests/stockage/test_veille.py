"""The watch over the embedded server: it starts it again, outlives what it meets, and never holds up a stop."""

import asyncio
import fcntl
import itertools
import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.stockage.embarque import postgres_embarque
from app.stockage.grappe import Grappe
from app.stockage.postmaster import Fiche
from tests.processus.lancement import attendre, pid_de_postgres
from tests.stockage.test_embarque import attendre_en_service, autre_processus, demander

ARRET_MAX_S = 20


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cluster for all tests that do not need a fresh one."""
    return tmp_path_factory.mktemp("veille") / "donnees"


def prete(dossier: Path) -> bool:
    fiche = Fiche.lire(dossier / "postgres")
    return fiche is not None and fiche.prete


def tuer(dossier: Path) -> int:
    pid = pid_de_postgres(dossier)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


async def test_un_serveur_tue_sous_veille_repart_de_lui_meme_et_s_arrete_avec_elle(dossier: Path) -> None:
    with postgres_embarque(dossier, veiller=True) as postgres:
        pid = pid_de_postgres(dossier)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        attendre(lambda: pid_de_postgres(dossier) not in (pid, None))
        attendre(lambda: prete(dossier))
        assert await demander(postgres.url(), "SELECT 1") == 1
    assert pid_de_postgres(dossier) is None


async def test_la_veille_ne_refait_pas_une_grappe_disparue_et_la_relance_a_son_retour(dossier: Path) -> None:
    """As when its disk is unmounted: an empty database in its place would look like one that lost everything."""
    grappe, ailleurs = dossier / "postgres", dossier / "ailleurs"
    with postgres_embarque(dossier, veiller=True) as postgres:
        pid = pid_de_postgres(dossier)
        assert pid is not None
        grappe.rename(ailleurs)
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(3)
        assert not grappe.exists()
        ailleurs.rename(grappe)
        attendre(lambda: pid_de_postgres(dossier) not in (pid, None))
        attendre(lambda: prete(dossier))
        assert await demander(postgres.url(), "SELECT 1") == 1
    assert pid_de_postgres(dossier) is None


def test_un_arret_n_attend_pas_la_fin_d_une_longue_reprise(tmp_path: Path) -> None:
    """Its recovery waits for an archive that does not answer."""
    with autre_processus(tmp_path) as service:
        attendre_en_service(service)
        with (tmp_path / "postgres" / "postgresql.auto.conf").open("a") as flux:
            flux.write("restore_command = 'sleep 100; false'\n")
        (tmp_path / "postgres" / "recovery.signal").touch()
        pid = tuer(tmp_path)
        try:
            attendre(lambda: pid_de_postgres(tmp_path) not in (pid, None))
            service.send_signal(signal.SIGINT)
            service.wait(ARRET_MAX_S)
            assert pid_de_postgres(tmp_path) is None
        finally:
            if (reste := pid_de_postgres(tmp_path)) is not None:
                os.kill(reste, signal.SIGQUIT)


def test_un_arret_n_attend_pas_qu_un_autre_processus_ait_demarre_le_serveur(dossier: Path) -> None:
    with (
        autre_processus(dossier) as service,
        (dossier / "postgres.usage").open("w") as usage,
        (dossier / "postgres.verrou").open("w") as verrou,
    ):
        attendre_en_service(service)
        fcntl.flock(usage, fcntl.LOCK_SH)
        fcntl.flock(verrou, fcntl.LOCK_EX)
        tuer(dossier)
        time.sleep(2)
        service.send_signal(signal.SIGINT)
        service.wait(ARRET_MAX_S)


def test_un_arret_presse_attend_que_la_veille_ait_lache_le_serveur(
    dossier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second signal breaks off the wait for the watch, as it would any."""
    relance, finie, trop_tot = threading.Event(), threading.Event(), []
    arreter, attendre_le_fil = Grappe.arreter, threading.Thread.join

    def demarrer(*_: object) -> bool:
        relance.set()
        time.sleep(1)
        finie.set()
        return False

    def arreter_note(grappe: Grappe) -> None:
        trop_tot.append(not finie.is_set())
        monkeypatch.undo()
        arreter(grappe)

    def rompre(fil: threading.Thread, *arguments: float) -> None:
        if fil.name == "veille-postgres":
            raise KeyboardInterrupt
        attendre_le_fil(fil, *arguments)

    with ExitStack() as pile:
        pile.enter_context(postgres_embarque(dossier, veiller=True))
        monkeypatch.setattr(Grappe, "demarrer", demarrer)
        monkeypatch.setattr(Grappe, "arreter", arreter_note)
        monkeypatch.setattr(Grappe, "vivante", lambda _: False)
        monkeypatch.setattr(threading.Thread, "join", rompre)
        assert relance.wait(10)
        with pytest.raises(KeyboardInterrupt):
            pile.close()
    assert trop_tot == [False]
    assert pid_de_postgres(dossier) is None


def test_la_veille_survit_a_un_imprevu_et_le_dit_une_fois(dossier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vivante, regards, dits = Grappe.vivante, itertools.count(), Dits()

    def surprendre(grappe: Grappe) -> bool:
        if next(regards) < 2:
            raise IndexError
        return vivante(grappe)

    monkeypatch.setattr("app.stockage.embarque._journal", dits)
    with postgres_embarque(dossier, veiller=True):
        monkeypatch.setattr(Grappe, "vivante", surprendre)
        pid = tuer(dossier)
        attendre(lambda: pid_de_postgres(dossier) not in (pid, None))
        attendre(lambda: len(dits) == 2)
    assert dits == ["postgres_embarque_a_terre", "postgres_embarque_relance"]


class Dits(list[str]):
    """The events that were logged."""

    def error(self, evenement: str, **_: object) -> None:
        self.append(evenement)

    warning = error


@pytest.mark.parametrize("lecture", [1, 2, 3])
@pytest.mark.parametrize("texte", [None, "", "123\n/un/dossier\n"], ids=["ôtée", "vide", "inachevée"])
def test_une_fiche_otee_ou_inachevee_entre_deux_lectures_ne_gene_pas(
    dossier: Path, monkeypatch: pytest.MonkeyPatch, lecture: int, texte: str | None
) -> None:
    lire, lectures = Path.read_text, itertools.count(1)

    def lire_mal(chemin: Path, *arguments: str) -> str:
        if chemin.name != "postmaster.pid" or next(lectures) != lecture:
            return lire(chemin, *arguments)
        if texte is None:
            raise FileNotFoundError
        return texte

    with postgres_embarque(dossier):
        pid = pid_de_postgres(dossier)
        with monkeypatch.context() as mal:
            mal.setattr(Path, "read_text", lire_mal)
            assert Grappe.de(dossier, {}).demarrer()
        assert pid_de_postgres(dossier) == pid
