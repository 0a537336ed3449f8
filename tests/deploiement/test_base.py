"""The users that deploy/ makes in PostgreSQL, and how the service's is replaced: docs/cles.md."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from app.stockage.embarque import PostgresEmbarque, postgres_embarque
from app.stockage.schema import migrer
from tests.deploiement.proxy import DEPLOY
from tests.processus.exploitation import demander
from tests.sauvegarde.aides import outils
from tests.test_documents import DOCS

MOTS = {"base-proprietaire": "mot du propriétaire", "base-service": "mot du service"}


@pytest.fixture
def vierge(tmp_path: Path) -> Iterator[PostgresEmbarque]:
    with postgres_embarque(tmp_path / "grappe", reglages={"fsync": "off"}) as postgres:
        yield postgres


def _psql(postgres: PostgresEmbarque, *arguments: str, base: str = "postgres", **env: str) -> None:
    commande: list[str | Path] = [
        outils() / "psql",
        "-Xq",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        postgres.url(base),
        *arguments,
    ]
    fait = subprocess.run(commande, env=os.environ | env, capture_output=True, text=True, timeout=60, check=False)
    assert fait.returncode == 0, fait.stderr


def _par_patroni(postgres: PostgresEmbarque, dossier: Path) -> str:
    _psql(postgres, "-c", "DROP DATABASE traces_postes")  # the embedded server's own
    mots = {"PROPRIETAIRE": MOTS["base-proprietaire"], "SERVICE": MOTS["base-service"]}
    _psql(postgres, "-f", str(DEPLOY / "patroni" / "base.sql"), **mots)
    return "traces_postes"


def _par_compose(postgres: PostgresEmbarque, dossier: Path) -> str:
    for nom, mot in MOTS.items():
        (dossier / nom).write_text(mot + "\n")
    texte = (DEPLOY / "compose" / "base" / "utilisateurs.sh").read_text("utf-8")
    env = {"PATH": f"{outils()}:{os.environ['PATH']}", "PGHOST": str(postgres.dossier_socket)}
    subprocess.run(
        ["bash", "-c", texte.replace("/run/secrets", str(dossier))],
        env=env | {"POSTGRES_USER": "traces_postes"},
        timeout=60,
        check=True,
    )
    return "traces"


@pytest.mark.parametrize("preparer", [_par_patroni, _par_compose])
def test_l_utilisateur_du_service_est_remplace(
    vierge: PostgresEmbarque, tmp_path: Path, preparer: Callable[[PostgresEmbarque, Path], str]
) -> None:
    (tmp_path / "mots").mkdir()
    base = preparer(vierge, tmp_path / "mots")
    migrer(vierge.url(base, "proprietaire"))
    assert demander(vierge.url(base, "service"), "SELECT count(*) FROM trace")
    requete = "SELECT count(*) FROM pg_authid WHERE rolname IN ('service', 'proprietaire') AND rolpassword ~ '^SCRAM'"
    ((chiffres,),) = demander(vierge.url(base), requete)
    assert chiffres == 2
    page = (DOCS / "cles.md").read_text("utf-8")
    (creer,) = re.findall(r"^CREATE ROLE service_2 .*;$", page, re.MULTILINE)
    _psql(vierge, "-c", creer, base=base)
    assert demander(vierge.url(base, "service_2"), "SELECT count(*) FROM trace")
    _psql(vierge, "-c", "DROP ROLE service;", base=base)
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        demander(vierge.url(base, "service"), "SELECT 1")
    assert demander(vierge.url(base, "service_2"), "SELECT count(*) FROM trace")
