"""The service replaced by its next version, one replica after the other, while clients send that never try again."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import pytest

from app.acces.roles import Acces, Role
from app.stockage.schema import revisions_du_code
from app.stockage.tables import ROLE_SERVICE
from tests.deploiement.clients import clients
from tests.deploiement.proxy import DEPLOY, Autorite, Proxy, exige_nginx, proxy
from tests.deploiement.terrain import Terrain, terrain
from tests.outils import PRESERIE, registre_exemple
from tests.processus.lancement import Serveur, environnement, executer, port_libre, serveur

RACINE = DEPLOY.parent
VERSION_D_AVANT = "d485d44"
SCHEMA_D_AVANT = "0005"
REPOS_S = 3.0
"""Between two replicas: longer than nginx leaves one alone that it could not reach (site/repliques.conf)."""
CHARGE_S = 1.0
PATIENCE_S = 90.0
"""Both versions, their clients and nginx share the machine."""
pytestmark = [exige_nginx, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def code_d_avant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the version before."""
    archive = subprocess.run(
        ["git", "-C", str(RACINE), "archive", VERSION_D_AVANT, "app", "migrations"], capture_output=True, check=False
    )
    if archive.returncode:
        pytest.skip(f"the version before is not in this clone: git fetch --unshallow (commit {VERSION_D_AVANT})")
    dossier = tmp_path_factory.mktemp("avant")
    subprocess.run(["tar", "--extract", "--directory", str(dossier)], input=archive.stdout, check=True)
    return dossier


@pytest.fixture
def base(tmp_path: Path, code_d_avant: Path) -> Iterator[Terrain]:
    """A database under the schema of the version before."""
    with terrain(tmp_path / "base") as lui:
        subprocess.run(
            [sys.executable, "-m", "app", "migrer"],
            cwd=code_d_avant,
            env=environnement(**lui.reglages),
            check=True,
            capture_output=True,
        )
        asyncio.run(_executer_sql(lui, f"ALTER ROLE {ROLE_SERVICE} LOGIN"))
        assert asyncio.run(_executer_sql(lui, "SELECT version_num FROM alembic_version")) == SCHEMA_D_AVANT
        yield lui


class Repliques:
    """Services on two ports, each of which is started anew with other code."""

    def __init__(self, dossier: Path, lui: Terrain) -> None:
        self._dossier, self._terrain = dossier, lui
        self.ports = (port_libre(), port_libre())
        self._piles = [ExitStack(), ExitStack()]
        self.lances: list[Serveur | None] = [None, None]

    def lancer(self, rang: int, code: Path | None) -> Serveur:
        lui = self._piles[rang].enter_context(
            serveur(
                self._dossier / f"replique-{rang}",
                self.ports[rang],
                workers=rang + 1,
                reglages=self._terrain.reglages,
                code=code,
                patience_s=PATIENCE_S,
            )
        )
        self.lances[rang] = lui
        return lui

    def arreter(self, rang: int) -> None:
        """As a service manager does: SIGTERM, and the end awaited."""
        lui = self.lances[rang]
        assert lui is not None
        assert lui.arreter() == 0
        self._piles[rang].close()

    def fermer(self) -> None:
        for pile in self._piles:
            pile.close()


def test_une_mise_a_niveau_ne_fait_echouer_aucune_requete(tmp_path: Path, base: Terrain, code_d_avant: Path) -> None:
    repliques = Repliques(tmp_path, base)
    with ExitStack() as pile:
        pile.callback(repliques.fermer)
        premiere = repliques.lancer(0, code_d_avant)
        repliques.lancer(1, code_d_avant)
        cnam, _ = base.creer_cle(Acces(0, Role.CNAM))
        premiere.inscrire(cnam, registre_exemple())
        autorite = Autorite(tmp_path / "autorite")
        autorite.script("serveur", "localhost", "127.0.0.1")
        devant = pile.enter_context(proxy(tmp_path / "nginx", repliques.ports, autorite))
        poste = autorite.poste("poste-1")
        with clients(lambda: devant.client(poste, cnam)) as releve:
            time.sleep(CHARGE_S)
            migre = executer("migrer", env=environnement(**base.reglages), patience_s=PATIENCE_S)
            assert migre.returncode == 0, migre.stderr
            time.sleep(CHARGE_S)
            for rang in (0, 1):
                repliques.arreter(rang)
                repliques.lancer(rang, None)
                time.sleep(REPOS_S)
        assert releve.echecs == []
        assert min(releve.statuts["POST 201"], releve.statuts["POST 200"], releve.statuts["GET 200"]) > 50
        _verifier_les_comptes(repliques, cnam, releve.acquittees)
        _chaque_replique_a_servi(devant, repliques)
    recompte = executer("recompter", env=environnement(**base.reglages), patience_s=PATIENCE_S)
    assert recompte.returncode == 0, recompte.stdout + recompte.stderr
    version = asyncio.run(_executer_sql(base, "SELECT version_num FROM alembic_version"))
    assert version == revisions_du_code()[0]


def _verifier_les_comptes(repliques: Repliques, cnam: str, acquittees: list[str]) -> None:
    assert len(set(acquittees)) == len(acquittees) > 1000
    for lui in repliques.lances:
        assert lui is not None
        bilan = lui.appeler("GET", f"/bilan/preseries/{PRESERIE}", cnam).json()
        assert bilan["traces"]["enregistrees"] == len(acquittees)
        assert bilan["executions"]["total"] == len(acquittees)


def _chaque_replique_a_servi(devant: Proxy, repliques: Repliques) -> None:
    lignes = [json.loads(ligne) for ligne in devant.journal_d_acces.splitlines()]
    for port in repliques.ports:
        assert sum(ligne["replique"] == f"127.0.0.1:{port}" for ligne in lignes) > 50


async def _executer_sql(lui: Terrain, ordre: str) -> object:
    connexion = await asyncpg.connect(lui.postgres.url())
    try:
        return await connexion.fetchval(ordre)
    finally:
        await connexion.close()
