"""The terrain of each fault, opened once for all faults that share it; what was measured, said at the end."""

from collections.abc import Iterator

import pytest

from tests.pannes.epreuve import Impossible, Releve, lignes, ouvrir
from tests.pannes.terrain import Terrain

_RELEVES = pytest.StashKey[list[Releve]]()


@pytest.fixture(scope="module")
def ici(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terrain]:
    try:
        with ouvrir(request.param, tmp_path_factory.mktemp("pannes")) as terrain:
            yield terrain
    except Impossible as raison:
        pytest.skip(str(raison))


@pytest.fixture
def releves(request: pytest.FixtureRequest) -> list[Releve]:
    return request.config.stash.setdefault(_RELEVES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if releves := config.stash.get(_RELEVES, []):
        terminalreporter.section("pannes")
        for ligne in lignes(releves):
            terminalreporter.line(ligne)
