"""Health: alive (the process answers) and ready (the database is there, with a schema that this code can work on)."""

from typing import Literal

from fastapi import APIRouter, Request
from typing_extensions import TypedDict

from app.erreurs import BaseIndisponible
from app.reponses import problemes
from app.stockage.base import ERREURS_DE_BASE, Base
from app.stockage.schema import est_pret

routes = APIRouter(prefix="/sante", tags=["Supervision"])


class Vivant(TypedDict):
    statut: Literal["vivant"]


class Pret(TypedDict):
    statut: Literal["pret"]


@routes.head("/vivant", include_in_schema=False)
@routes.get(
    "/vivant",
    summary="Le processus répond",
    description="Ne demande rien à la base : dit seulement que le service vit.",
)
async def lire_vivant() -> Vivant:
    return {"statut": "vivant"}


@routes.head("/pret", include_in_schema=False)
@routes.get(
    "/pret",
    summary="La base répond, son schéma convient",
    description="503 tant que la base ne répond pas, ou que son schéma n'est pas celui du service.",
    responses=problemes(BaseIndisponible),
)
async def lire_pret(requete: Request) -> Pret:
    base: Base = requete.app.state.base
    try:
        async with base.lecture() as session:
            convient = await est_pret(session)
    except ERREURS_DE_BASE:
        convient = False
    if not convient:
        raise BaseIndisponible
    return {"statut": "pret"}
