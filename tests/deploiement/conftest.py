"""Two services behind one nginx, shared by the tests that leave them as they found them."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.acces.roles import Acces, Role
from app.stockage.ouverture import preparer
from tests.deploiement.proxy import Autorite, Proxy, proxy
from tests.deploiement.terrain import Terrain, terrain
from tests.outils import registre_exemple
from tests.processus.lancement import Serveur, serveur


@dataclass(frozen=True)
class Deploiement:
    """``poste`` is a workstation's certificate."""

    terrain: Terrain
    repliques: tuple[Serveur, Serveur]
    proxy: Proxy
    poste: tuple[Path, Path]
    cnam: str
    cle_du_poste: str


@pytest.fixture(scope="package")
def deploiement(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploiement]:
    dossier = tmp_path_factory.mktemp("deploiement")
    with ExitStack() as pile:
        base = pile.enter_context(terrain(dossier / "base"))
        preparer(base.postgres)
        une, autre = (
            pile.enter_context(serveur(dossier / nom, workers=1, reglages=base.reglages)) for nom in ("un", "deux")
        )
        autorite = Autorite(dossier / "autorite")
        autorite.script("serveur", "localhost", "127.0.0.1")
        cnam, _ = base.creer_cle(Acces(0, Role.CNAM))
        une.inscrire(cnam, registre_exemple())
        cle_du_poste, _ = base.creer_cle(Acces(0, Role.POSTE, "ortho-soft"))
        devant = pile.enter_context(proxy(dossier / "nginx", (une.port, autre.port), autorite))
        yield Deploiement(base, (une, autre), devant, autorite.poste("poste-1"), cnam, cle_du_poste)
