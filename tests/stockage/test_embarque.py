"""The embedded server, on real clusters: shared, taken over, restarted, let through closed directories."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.stockage.acces_posix import Compte, droits, lire_acl
from app.stockage.embarque import PostgresEmbarqueImpossible, postgres_embarque
from tests.processus.lancement import attendre, pid_de_postgres, vivant

RACINE = Path(__file__).parents[2]
EN_ROOT = os.geteuid() == 0
UTILISATEUR = """
import signal, sys, time
from pathlib import Path
from app.stockage.embarque import postgres_embarque
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
with postgres_embarque(Path(sys.argv[1]), veiller=True):
    print("en service", flush=True)
    time.sleep(600)
"""


async def demander(url: str, requete: str) -> Any:
    connexion = await asyncpg.connect(url)
    try:
        return await connexion.fetchval(requete)
    finally:
        await connexion.close()


def mode(chemin: Path) -> int:
    return stat.S_IMODE(chemin.stat().st_mode)


def proprietaire(chemin: Path) -> int:
    return chemin.stat().st_uid


@contextmanager
def autre_processus(dossier: Path) -> Iterator[subprocess.Popen[str]]:
    commande = [sys.executable, "-c", UTILISATEUR, str(dossier)]
    with subprocess.Popen(commande, cwd=RACINE, stdout=subprocess.PIPE, text=True) as processus:
        try:
            yield processus
        finally:
            processus.kill()


def attendre_en_service(processus: subprocess.Popen[str]) -> None:
    assert processus.stdout is not None
    assert processus.stdout.readline() == "en service\n"


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cluster for all tests that do not need a fresh one."""
    return tmp_path_factory.mktemp("embarque") / "donnees"


async def test_demarre_repond_et_s_arrete(dossier: Path) -> None:
    with postgres_embarque(dossier) as postgres:
        assert "PostgreSQL 18" in await demander(postgres.url(), "SELECT version()")
        assert await demander(postgres.url(), "SELECT current_database() || '/' || current_user") == (
            "traces_postes/traces_postes"
        )
        pid = pid_de_postgres(dossier)
        assert pid is not None
    assert pid_de_postgres(dossier) is None
    attendre(lambda: not vivant(pid))


async def test_reglages_durables_discrets_et_fermes(dossier: Path) -> None:
    fermes = {"listen_addresses": "*", "work_mem": "5MB", "max_connections": "33"}
    with postgres_embarque(dossier, reglages=fermes) as postgres:
        attendus = {
            "fsync": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "log_error_verbosity": "terse",
            "server_encoding": "UTF8",
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "work_mem": "5MB",
            "max_connections": "33",
        }
        lus = {nom: await demander(postgres.url(), f"SHOW {nom}") for nom in attendus}
        assert lus == attendus
        assert mode(postgres.dossier_socket) == 0o700
    assert mode(dossier) & 0o707 == 0o700


def test_le_serveur_n_herite_ni_verrou_ni_terminal(dossier: Path) -> None:
    with postgres_embarque(dossier):
        pid = pid_de_postgres(dossier)
        assert pid is not None
        assert os.getsid(pid) != os.getsid(0)
        ouverts = {str(lien.readlink()) for lien in Path(f"/proc/{pid}/fd").iterdir()}
        assert not {chemin for chemin in ouverts if chemin.startswith(str(dossier / "postgres."))}


async def test_le_dernier_arrete(dossier: Path) -> None:
    with ExitStack() as premier, ExitStack() as second:
        premier.enter_context(postgres_embarque(dossier))
        postgres = second.enter_context(postgres_embarque(dossier))
        premier.close()
        assert await demander(postgres.url(), "SELECT 1") == 1
        second.close()
        assert pid_de_postgres(dossier) is None


async def test_deux_processus_se_partagent_le_serveur(dossier: Path) -> None:
    with autre_processus(dossier) as voisin:
        attendre_en_service(voisin)
        pid = pid_de_postgres(dossier)
        with postgres_embarque(dossier):
            assert pid_de_postgres(dossier) == pid
        assert pid_de_postgres(dossier) == pid
        voisin.send_signal(signal.SIGINT)
        voisin.wait(20)
    assert pid_de_postgres(dossier) is None


async def test_utilisateur_tue_puis_reprise(dossier: Path) -> None:
    with autre_processus(dossier) as tue:
        attendre_en_service(tue)
    pid = pid_de_postgres(dossier)
    assert pid is not None
    assert vivant(pid)
    with postgres_embarque(dossier) as postgres:
        assert pid_de_postgres(dossier) == pid
        assert await demander(postgres.url(), "SELECT 1") == 1
    assert pid_de_postgres(dossier) is None


async def test_postmaster_tue_puis_redemarrage(dossier: Path) -> None:
    with ExitStack() as pile:
        postgres = pile.enter_context(postgres_embarque(dossier))
        await demander(postgres.url(), "CREATE TABLE survivante AS SELECT 42 AS n")
        connexion = await asyncpg.connect(postgres.url())
        pid = pid_de_postgres(dossier)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        with postgres_embarque(dossier) as relance:
            assert pid_de_postgres(dossier) != pid
            assert await demander(relance.url(), "SELECT n FROM survivante") == 42
        connexion.terminate()
    assert pid_de_postgres(dossier) is None


def test_pid_repris_par_un_autre_programme(dossier: Path) -> None:
    with postgres_embarque(dossier):
        fiche = (dossier / "postgres" / "postmaster.pid").read_text().splitlines()
    compte = (dossier / "postgres").stat()
    qui = {"user": compte.st_uid, "group": compte.st_gid} if EN_ROOT else {}
    with subprocess.Popen(["sleep", "60"], cwd="/", **qui) as etranger:  # type: ignore[call-overload]
        (dossier / "postgres" / "postmaster.pid").write_text("\n".join([str(etranger.pid), *fiche[1:]]) + "\n")
        (dossier / "socket").mkdir()
        (dossier / "socket" / ".s.PGSQL.5432.lock").write_text(f"{etranger.pid}\n")
        with postgres_embarque(dossier):
            assert pid_de_postgres(dossier) not in {None, etranger.pid}
        etranger.kill()


def test_reglage_faux_montre_le_journal_sans_attendre(dossier: Path) -> None:
    debut = time.monotonic()
    with (
        pytest.raises(PostgresEmbarqueImpossible, match=r"work_mem[\s\S]*TRACES_POSTES_DATABASE_URL"),
        postgres_embarque(dossier, reglages={"work_mem": "beaucoup"}),
    ):
        pass
    assert time.monotonic() - debut < 5
    with postgres_embarque(dossier):
        assert pid_de_postgres(dossier) is not None


async def test_initialisation_interrompue(tmp_path: Path) -> None:
    with autre_processus(tmp_path):
        attendre(lambda: any(tmp_path.glob("postgres.neuf-*/base")))
    assert not (tmp_path / "postgres").exists()
    with postgres_embarque(tmp_path) as postgres:
        assert await demander(postgres.url(), "SELECT 1") == 1


async def test_chemin_long_et_accentue(tmp_path: Path) -> None:
    profond = tmp_path.joinpath("é, à" * 10, *["sous-dossier"] * 8, "donnees")
    with postgres_embarque(profond) as postgres:
        assert await demander(postgres.url(), "SELECT 1") == 1
        assert mode(postgres.dossier_socket) == 0o700
    assert not postgres.dossier_socket.exists()


def test_chemin_que_le_shell_interpreterait(tmp_path: Path) -> None:
    with pytest.raises(PostgresEmbarqueImpossible, match="caractères"), postgres_embarque(tmp_path / "$HOME"):
        pass


def test_dossier_inutilisable_dit_quoi_faire(tmp_path: Path) -> None:
    (tmp_path / "fichier").touch()
    with (
        pytest.raises(PostgresEmbarqueImpossible, match="TRACES_POSTES_DATABASE_URL"),
        postgres_embarque(tmp_path / "fichier"),
    ):
        pass


@pytest.mark.skipif(EN_ROOT, reason="root may enter every directory")
def test_dossier_d_un_autre_compte(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with (
        pytest.raises(PostgresEmbarqueImpossible, match="TRACES_POSTES_DATA_DIR"),
        postgres_embarque(tmp_path),
    ):
        pass


@pytest.mark.skipif(not EN_ROOT, reason="an ordinary user runs PostgreSQL as themselves")
async def test_root_dans_un_dossier_ferme(tmp_path: Path) -> None:
    ferme = tmp_path / "ferme"
    ferme.mkdir(mode=0o700)
    with postgres_embarque(ferme / "donnees") as postgres:
        assert await demander(postgres.url(), "SELECT 1") == 1
        compte = proprietaire(ferme / "donnees" / "postgres")
        assert compte != 0
    for dossier in (ferme, ferme / "donnees"):
        acl = {(entree.etiquette, entree.identifiant): entree.droits for entree in lire_acl(dossier)}
        assert acl[0x02, compte] == 1
        assert acl[0x04, 0xFFFFFFFF] == 0  # the group
        assert acl[0x20, 0xFFFFFFFF] == 0  # everyone else
        assert len(acl) == 5
        assert proprietaire(dossier) == 0
        assert droits(dossier, Compte(65534, 65534)) == 0
    avant = ferme.stat().st_ctime_ns
    with postgres_embarque(ferme / "donnees"):
        pass
    assert ferme.stat().st_ctime_ns == avant


@pytest.mark.skipif(not EN_ROOT, reason="only root works beside another account's cluster")
async def test_root_a_cote_d_un_compte_ordinaire(tmp_path: Path) -> None:
    with postgres_embarque(tmp_path):
        pass
    for chemin in [tmp_path, *(tmp_path / "postgres").rglob("*"), tmp_path / "postgres"]:
        os.chown(chemin, 65534, 65534, follow_symlinks=False)
    (tmp_path / "socket").mkdir(exist_ok=True)
    with postgres_embarque(tmp_path) as postgres:
        assert proprietaire(Path(f"/proc/{pid_de_postgres(tmp_path)}")) == 65534
        assert await demander(postgres.url(), "SELECT 1") == 1
