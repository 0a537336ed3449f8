"""The example's présérie under way, as those who run its questionnaire meet it."""

import asyncpg
import pytest

from app.acces.roles import Role
from tests.outils import Service


@pytest.fixture
async def cnam(service: Service) -> Service:
    """A key of the Cnam; the example's présérie has started."""
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    return cnam


@pytest.fixture
def pilote(cnam: Service) -> Service:
    """A caller without a key."""
    return Service(cnam.client, cnam.application)


@pytest.fixture
def base(cnam: Service, proprietaire: asyncpg.Connection) -> asyncpg.Connection:
    """A connection as the schema's owner, to look behind the service."""
    return proprietaire
