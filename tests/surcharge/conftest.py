"""A service with narrow bounds, and the example's présérie."""

from collections.abc import Iterator

import pytest

from tests.outils import registre_exemple, trace
from tests.processus.lancement import Serveur, creer_cle, serveur
from tests.surcharge.aides import POIDS_MAX


@pytest.fixture(scope="module")
def bornes() -> dict[str, str]:
    """Its settings; a module may have others."""
    return {"receptions_max_octets": str(POIDS_MAX), "corps_delai_s": "2"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, bornes: dict[str, str]) -> Iterator[Serveur]:
    with serveur(tmp_path_factory.mktemp("surcharge") / "donnees", workers=1, reglages=bornes) as lui:
        yield lui


@pytest.fixture(scope="module")
def cle(service: Serveur) -> str:
    cle = creer_cle(service.dossier, "--role", "cnam")
    service.inscrire(cle, registre_exemple())
    assert service.appeler("POST", "/traces", cle, json=trace()).status_code == 201
    return cle
