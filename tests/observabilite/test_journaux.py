"""What a library logs on behalf of a request bears its id, and none outside of any."""

import json
import logging

from fastapi import FastAPI

from app.observabilite import journaux
from app.observabilite.journaux import REQUETE_ID


def _ligne() -> dict[str, object]:
    """A library's warning as the service writes it."""
    sorties = {type(sortie.formatter).__module__: sortie for sortie in logging.getLogger().handlers}
    message = logging.makeLogRecord({"name": "bibliotheque", "msg": "lente", "levelname": "WARNING"})
    ligne: dict[str, object] = json.loads(sorties[journaux.__name__].format(message))
    return ligne


async def test_une_ligne_de_bibliotheque_porte_le_numero_de_la_requete(application: FastAPI) -> None:
    jeton = REQUETE_ID.set("0199a3f0-7c1e-7b2a-9d51-4f5f3b1c2d3e")
    try:
        assert _ligne()["requete_id"] == "0199a3f0-7c1e-7b2a-9d51-4f5f3b1c2d3e"
    finally:
        REQUETE_ID.reset(jeton)
    ligne = _ligne()
    assert (ligne["bibliotheque"], ligne["event"], ligne["level"]) == ("bibliotheque", "lente", "warning")
    assert "requete_id" not in ligne
