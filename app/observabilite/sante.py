"""Health: alive (the process answers) and ready (the database is there, with a schema that this code can work on)."""

from fastapi import APIRouter, Request

from app.erreurs import BaseIndisponible
from app.stockage.base import ERREURS_DE_BASE, Base
from app.stockage.schema import est_pret

routes = APIRouter(prefix="/sante", tags=["Santé"])


@routes.head("/vivant", include_in_schema=False)
@routes.get("/vivant", summary="Le processus répond")
async def vivant() -> dict[str, str]:
    return {"statut": "vivant"}


@routes.head("/pret", include_in_schema=False)
@routes.get("/pret", summary="La base répond, son schéma convient")
async def pret(requete: Request) -> dict[str, str]:
    base: Base = requete.app.state.base
    try:
        async with base.lecture() as session:
            convient = await est_pret(session)
    except ERREURS_DE_BASE:
        convient = False
    if not convient:
        raise BaseIndisponible
    return {"statut": "pret"}
