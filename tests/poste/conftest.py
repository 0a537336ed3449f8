"""The stand-in of the service, one HTTP client, and a time that tests move."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from app.poste import ClientPoste, PosteSuivi, Reglages, Temps
from tests.poste.distant import CLE, Distant, servir

AM, ORDONNANCE = "759912345", "2N8K4XYZ00012345"


def trace(numero: int, **champs: object) -> dict[str, Any]:
    return {"id": str(UUID(int=numero)), "numero_am": AM, "ordonnance": ORDONNANCE, **champs}


def traces(nombre: int) -> list[dict[str, Any]]:
    return [trace(numero) for numero in range(nombre)]


@pytest.fixture
def memoire(tmp_path: Path) -> Iterator[Path]:
    """Where thousands of openings cost no disk, if there is such a place: what is tried is cut or damaged already."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else tmp_path) as dossier:  # noqa: S108
        yield Path(dossier)


@pytest.fixture(autouse=True)
def sans_mandataire(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients that make their own HTTP client reach the stand-in even where a proxy is set."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="session")
def serveur() -> Iterator[Distant]:
    with servir(Distant()) as distant:
        yield distant


@pytest.fixture
def distant(serveur: Distant) -> Distant:
    serveur.remettre_a_zero()
    return serveur


@pytest_asyncio.fixture(scope="session")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


class Horloge:
    """Sleeps at once and remembers for how long; draws always the same."""

    def __init__(self) -> None:
        self.secondes = 0.0
        self.sommeils: list[float] = []
        self.tirage = 0.5
        self.temps = Temps(
            horloge=lambda: self.secondes,
            maintenant=lambda: datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
            dormir=self.dormir,
            hasard=lambda: self.tirage,
        )

    async def dormir(self, delai: float) -> None:
        self.sommeils.append(delai)
        self.secondes += delai
        await asyncio.sleep(0)


@pytest.fixture
def horloge() -> Horloge:
    return Horloge()


class Fabrique:
    """Makes clients of the stand-in that share its HTTP connections and the test's time."""

    def __init__(self, distant: Distant, http: httpx.AsyncClient, temps: Temps) -> None:
        self.url, self.http, self.temps = distant.url, http, temps

    def __call__(self, poste: PosteSuivi | None = None, **reglages: Any) -> ClientPoste:
        choix = Reglages(**reglages)
        return ClientPoste(self.url, CLE, http=self.http, temps=self.temps, poste=poste, reglages=choix)


@pytest.fixture
def fabrique(distant: Distant, http: httpx.AsyncClient, horloge: Horloge) -> Fabrique:
    return Fabrique(distant, http, horloge.temps)
