"""POST /traces and GET /traces/consigne."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from app.acces.dependances import exiger
from app.acces.roles import ECRIVENT_DES_TRACES, Acces
from app.formes import CODE, NUMERO_AM
from app.traces import consigne, reception
from app.traces.tri import Emetteur

routes = APIRouter(tags=["Traces"])


@routes.post(reception.CHEMIN, summary="Recevoir une trace, ou jusqu'à 1 000", response_model=None)
async def poster(requete: Request) -> Response:
    """Documents what ``app.main`` serves without passing through here, and answers the same."""
    return await reception.repondre(requete.scope, requete.receive)


@routes.post(reception.CHEMIN_ESSAI, summary="Essayer des traces sans rien enregistrer", response_model=None)
async def essayer(requete: Request) -> Response:
    """Likewise."""
    return await reception.repondre(requete.scope, requete.receive)


@routes.get("/traces/consigne", summary="Ce que le poste doit faire : envoyer des traces, ou cesser")
async def lire_consigne(
    requete: Request,
    acces: Annotated[Acces, Depends(exiger(*ECRIVENT_DES_TRACES))],
    logiciel: Annotated[str, Query(pattern=CODE)],
    numero_am: Annotated[str, Query(pattern=NUMERO_AM)],
) -> Response:
    """Cacheable by ``ETag``; a workstation that no présérie knows is told ``inactives``."""
    emetteur = Emetteur(acces.cle_id, acces.editeur, acces.numero_am)
    etat = await consigne.lire(requete.app.state.registre, emetteur, logiciel, numero_am)
    entetes = {"ETag": etat.etag, "Cache-Control": "private, max-age=0, must-revalidate"}
    if {etat.etag, "*"} & {e.strip().removeprefix("W/") for e in requete.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers=entetes)
    return JSONResponse(etat.corps(), headers=entetes)
