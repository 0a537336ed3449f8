"""The short form: each fault once. The long one: ``make pannes``."""

from collections.abc import Callable

import pytest

from tests.pannes.epreuve import Releve, eprouver
from tests.pannes.pannes import PANNES, Panne
from tests.pannes.terrain import Terrain


@pytest.mark.parametrize(
    ("ici", "panne"),
    [pytest.param(panne.lieu, panne, id=panne.nom) for panne in PANNES if panne.courte],
    indirect=["ici"],
    scope="module",
)
def test_apres_une_panne_rien_n_est_perdu_ni_compte_deux_fois(
    ici: Terrain, panne: Panne, releves: list[Releve], record_property: Callable[[str, object], None]
) -> None:
    """All that was acknowledged is there once, the figures are a recount's, and the service is ready by itself."""
    releve = eprouver(ici, panne, 1, lambda _: None)
    releves.append(releve)
    record_property("pret_s", releve.prets_s)
    assert not releve.fautes, "\n".join(releve.fautes)
    assert releve.fois == panne.a_la_fois
