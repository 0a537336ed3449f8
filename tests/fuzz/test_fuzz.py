"""The short form of the campaign: the same requests at every run."""

from pathlib import Path

from tests.fuzz.campagne import cible, mener

REQUETES = 3_000
GRAINE = 20261122


async def test_rien_de_ce_qu_on_envoie_ne_derange_le_service(tmp_path: Path) -> None:
    """Every answer is due, timely, well formed and repeats nothing; memory is bounded; the books agree at the end."""
    lignes: list[str] = []
    with cible(tmp_path) as visee:
        releve = await mener(visee, REQUETES, GRAINE, lignes.append)
    assert not releve.fautes, "\n".join([*releve.fautes[:30], *lignes])
    assert releve.demandes == REQUETES
    assert {200, 201, 400, 401, 408, 409, 413, 415, 422, 431} <= set(releve.statuts)
