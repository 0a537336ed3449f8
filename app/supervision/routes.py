"""GET /metrics."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.acces.dependances import verifier_role
from app.acces.roles import Role
from app.acces.service import Portier
from app.supervision.service import Supervision

_DELAI_S = 0.7
"""What may be spent on waiting for the database, so that the whole stays under a second."""

routes = APIRouter(tags=["Supervision"])


@routes.get("/metrics", summary="Mesures, pour Prometheus", response_class=Response)
async def mesures(requete: Request) -> Response:
    """Texte de Prometheus, ou OpenMetrics selon « Accept ». Répond aussi quand la base ne répond pas."""
    limite = asyncio.get_running_loop().time() + _DELAI_S
    portier: Portier = requete.app.state.portier
    acces = await portier.reconnaitre_sans_attendre(requete.headers.get("authorization"))
    verifier_role(acces, Role.SUPERVISION)
    supervision: Supervision = requete.app.state.supervision
    texte, media = await supervision.exposer(requete.headers.get("accept", ""), limite)
    return Response(texte, headers={"Content-Type": media, "Cache-Control": "no-store"})
