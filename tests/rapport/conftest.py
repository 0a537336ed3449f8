"""A présérie with something in every section of its report."""

import pytest

from app.acces.roles import Role
from app.reglages import Reglages
from tests.outils import Service


@pytest.fixture(scope="session")
def reglages(reglages: Reglages) -> Reglages:
    """Changes of the registry are seen at once, so that no test waits for them."""
    return reglages.model_copy(update={"registre_fraicheur_s": 0.02})


@pytest.fixture
async def cnam(service: Service) -> Service:
    """A key of the Cnam; the example's présérie has started."""
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    return cnam
