"""Instants as parameters: those that no calendar reaches are refused, by name, on every route that takes one."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.contrat.aides import cas, verifier_probleme
from tests.outils import PRESERIE, Service

_REQUIS = {"preserie": PRESERIE, "par": "jour"}


def _adresses(description: dict[str, Any]) -> list[tuple[str, str]]:
    """Every GET with an instant among its parameters, as an address that needs nothing else, and its name."""
    trouvees = []
    for chemin, operations in description["paths"].items():
        parametres = operations.get("get", {}).get("parameters", [])
        instants = [p["name"] for p in parametres if "date-time" in str(p["schema"])]
        if instants:
            requis = [p["name"] for p in parametres if p["in"] == "query" and p["required"]]
            debut = chemin.format(code=PRESERIE) + "?" + "".join(f"{nom}={_REQUIS[nom]}&" for nom in requis)
            trouvees += [(f"{debut}{nom}=", nom) for nom in instants]
    return trouvees


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1899-12-31T23:59:59Z"])
async def test_un_instant_hors_de_bornes_est_refuse_en_francais(cnam: Service, instant: str) -> None:
    adresses = _adresses(cnam.application.openapi())
    assert {nom for _, nom in adresses} == {"au", "depuis"}
    assert len(adresses) > 5
    for adresse, nom in adresses:
        with cas(adresse):
            corps = verifier_probleme(await cnam.appeler("GET", adresse + quote(instant)), 422)
            assert [faute["champ"] for faute in corps["erreurs"]] == [nom]
            assert instant not in str(corps)


@pytest.mark.parametrize(("instant", "statut"), [("1900-01-01T00:00:00Z", 200), ("9998-12-31T23:59:59Z", 422)])
async def test_les_instants_des_bornes_sont_lus(cnam: Service, instant: str, statut: int) -> None:
    """The last is well formed: it is only too recent for ``au``."""
    for adresse, nom in _adresses(cnam.application.openapi()):
        with cas(adresse):
            reponse = await cnam.appeler("GET", adresse + quote(instant))
            assert reponse.status_code == (200 if nom == "depuis" else statut), reponse.text
