"""GET /metrics."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.acces.dependances import exiger_sans_attendre
from app.acces.roles import Acces, Role
from app.supervision.service import Supervision

_DELAI_S = 0.7
"""What may be spent on waiting for the database, so that the whole stays under a second."""

routes = APIRouter(tags=["Supervision"])


async def _limite() -> float:
    return asyncio.get_running_loop().time() + _DELAI_S


@routes.get(
    "/metrics",
    summary="Mesures, pour Prometheus",
    description="Texte de Prometheus, ou OpenMetrics selon « Accept » : les mesures techniques de tous les "
    "processus, et les chiffres de chaque présérie, lus dans la base depuis moins de 5 secondes. "
    "Répond aussi, sans ces chiffres, quand la base ne répond pas.",
    response_class=Response,
    responses={
        "200": {
            "description": "Les mesures.",
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/openmetrics-text": {"schema": {"type": "string"}},
            },
        }
    },
)
async def lire_mesures(
    requete: Request,
    limite: Annotated[float, Depends(_limite)],
    _: Annotated[Acces, Depends(exiger_sans_attendre(Role.SUPERVISION))],
) -> Response:
    """``limite`` comes first: what the key's check takes is no longer there for the reading."""
    supervision: Supervision = requete.app.state.supervision
    texte, media = await supervision.exposer(requete.headers.get("accept", ""), limite)
    return Response(texte, headers={"Content-Type": media, "Cache-Control": "no-store"})
