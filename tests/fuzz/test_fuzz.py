"""The short form: the same requests at every run."""

from collections.abc import Iterator

import pytest

from tests.fuzz.campagne import Cible, cible, journal, mener
from tests.fuzz.description import eprouver
from tests.fuzz.jugement import Releve

REQUETES = 2_000
GRAINE = 20261122


@pytest.fixture(scope="module")
def visee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cible]:
    with cible(tmp_path_factory.mktemp("fuzz")) as visee:
        yield visee


async def test_rien_de_ce_qu_on_envoie_ne_derange_le_service(visee: Cible) -> None:
    """Every answer is due, timely, well formed and repeats nothing; memory is bounded; the books agree at the end."""
    lignes: list[str] = []
    releve = Releve(lenteur_max_s=5)  # a busy machine is slow: the long form is stricter
    await mener(visee, REQUETES, GRAINE, lignes.append, releve)
    assert not releve.fautes, "\n".join([*releve.fautes[:30], *lignes])
    assert releve.demandes == REQUETES
    assert {200, 201, 400, 401, 408, 413, 415, 422, 431} <= set(releve.statuts)


def test_aucune_operation_decrite_ne_derange_le_service(visee: Cible) -> None:
    """Each operation of the API's description, for each role, with good and bad parameters and bodies."""
    vues = eprouver(visee, exemples=1, graine=GRAINE)
    fautes = sorted(vues.fautes) + journal(visee)
    assert not fautes, "\n".join(fautes[:20])
    assert set(vues.statuts["sans clé"]) <= {200, 400, 401, 404, 405, 415, 422}
    assert vues.statuts["cnam"].keys() >= {200, 404, 422}
