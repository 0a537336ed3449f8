"""Continuous archiving: a base backup and the archived journal of writes bring the database back as of an instant."""

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from app.acces.roles import Acces, Role
from app.stockage.embarque import PostgresEmbarque, postgres_embarque
from app.stockage.ouverture import preparer
from app.stockage.secrets_locaux import en_texte
from tests.cles.test_rotation import ANCIENNE, SIGNATURE
from tests.outils import registre_exemple, traces_exemple
from tests.processus.exploitation import Emetteur, Parc, commande, creer_cle, demander
from tests.processus.lancement import attendre, processus_de
from tests.sauvegarde.aides import identifiants, outils
from tests.test_documents import DOCS

SECRETS = {"cle_maitresse": en_texte(ANCIENNE), "cle_signature": en_texte(SIGNATURE)}


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    """A folder that PostgreSQL may write to, whatever account it runs under."""
    dossier = tmp_path / "archives"
    dossier.mkdir()
    tmp_path.chmod(0o711)
    dossier.chmod(0o777)
    return dossier


def _commande(archives: Path) -> str:
    page = (DOCS / "sauvegarde.md").read_text("utf-8")
    commande: str
    (commande,) = re.findall(r"^archive_command = '(.*)'$", page, re.MULTILINE)
    return commande.replace("/archives/", f"{archives}/")


def test_ce_qui_est_deja_archive_n_est_repris_que_s_il_est_le_meme(tmp_path: Path, archives: Path) -> None:
    """PostgreSQL asks again where it did not learn of a success: that must not hold it up for ever."""
    source = tmp_path / "0001"
    commande = _commande(archives).replace("%p", str(source)).replace("%f", "0001")
    dits = []
    for contenu in ("une", "une", "autre"):
        source.write_text(contenu)
        dits.append(subprocess.run(["sh", "-c", commande], check=False, timeout=60).returncode == 0)
        assert (archives / "0001").read_text() == "une"
    assert dits == [True, True, False]
    assert [fichier.name for fichier in archives.iterdir()] == ["0001"]


@pytest.fixture
def archive(tmp_path: Path, archives: Path) -> Iterator[PostgresEmbarque]:
    """A server that archives, as docs/sauvegarde.md sets it."""
    reglages = {
        "fsync": "off",
        "archive_mode": "on",
        "archive_timeout": "2",
        "archive_command": _commande(archives),
    }
    with postgres_embarque(tmp_path / "base", reglages=reglages) as postgres:
        yield postgres


def test_la_base_revient_a_un_instant_entre_deux_sauvegardes(
    archive: PostgresEmbarque, archives: Path, tmp_path: Path
) -> None:
    reglages = {"database_url": preparer(archive)} | SECRETS
    cnam = creer_cle(reglages["database_url"], Acces(0, Role.CNAM))
    with Parc(tmp_path / "service", 1, reglages) as parc:
        (lui,) = parc.instances.values()
        lui.inscrire(cnam, registre_exemple())
        lui.appeler("POST", "/traces", cnam, json=traces_exemple()[:1000])
        with Emetteur(parc, cnam) as emetteur:
            copier(archive, tmp_path / "revenue")
            emetteur.attendre(20)
            ((instant,),) = demander(archive.url(), "SELECT clock_timestamp()")
            emetteur.attendre(20)
        ((fichier,),) = demander(archive.url(), "SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
        attendre((archives / fichier).exists)
        recuperer(tmp_path / "revenue", archives, instant)
        with postgres_embarque(tmp_path / "revenue", reglages={"fsync": "off"}) as revenue:
            verifier(revenue, archive, instant)
    assert processus_de(tmp_path / "revenue") == []


def verifier(revenue: PostgresEmbarque, origine: PostgresEmbarque, instant: datetime) -> None:
    """It has the traces from before that instant and no others, and the figures that go with them."""
    requete = "SELECT id, recue_le < $1 AS d_avant FROM trace"
    toutes = {ligne["id"]: ligne["d_avant"] for ligne in demander(origine.url(), requete, instant)}
    assert identifiants(revenue.url()) == {ident for ident, d_avant in toutes.items() if d_avant}
    assert list(toutes.values()).count(False) >= 10
    reglages = {"database_url": revenue.url(utilisateur="traces_postes_service")} | SECRETS
    assert "sont ceux des traces" in commande(reglages, "recompter")
    assert "Journal intact" in commande(reglages, "journal", "verifier")


def copier(postgres: PostgresEmbarque, dossier: Path) -> None:
    """The base backup, in the place where embedded mode looks for its cluster."""
    dossier.mkdir()
    acces = ["-h", str(postgres.dossier_socket), "-U", "traces_postes"]
    copie = [str(outils() / "pg_basebackup"), *acces, "-D", str(dossier / "postgres"), "-c", "fast", "-X", "stream"]
    subprocess.run(copie, check=True, capture_output=True, timeout=60)
    subprocess.run([outils() / "pg_verifybackup", dossier / "postgres"], check=True, capture_output=True, timeout=60)


def recuperer(dossier: Path, archives: Path, instant: datetime) -> None:
    """Has the copy play the archive up to an instant when it starts; it belongs to who runs the first one."""
    grappe = dossier / "postgres"
    with (grappe / "postgresql.auto.conf").open("a") as reglages:
        reglages.write(
            f"restore_command = 'cp {archives}/%f %p'\n"
            f"recovery_target_time = '{instant.isoformat()}'\nrecovery_target_action = 'promote'\n"
        )
    (grappe / "recovery.signal").touch()
    proprietaire = (dossier.parent / "base" / "postgres").stat()
    for chemin in (grappe, *grappe.rglob("*")):
        os.chown(chemin, proprietaire.st_uid, proprietaire.st_gid, follow_symlinks=False)
    for chemin in archives.iterdir():
        chemin.chmod(0o644)
