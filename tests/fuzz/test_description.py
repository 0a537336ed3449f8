"""The short form: each operation of the API's description, for each role, with good and bad parameters and bodies."""

from pathlib import Path

from tests.fuzz.campagne import cible, journal
from tests.fuzz.description import eprouver

GRAINE = 20261122


def test_aucune_operation_decrite_ne_derange_le_service(tmp_path: Path) -> None:
    with cible(tmp_path) as visee:
        vues = eprouver(visee, exemples=2, graine=GRAINE)
        fautes = sorted(vues.fautes) + journal(visee)
    assert not fautes, "\n".join(fautes[:20])
    assert set(vues.statuts["sans clé"]) <= {200, 400, 401, 404, 405, 415, 422}
    assert vues.statuts["cnam"].keys() >= {200, 404, 422}
