"""The report of a présérie, and the quality of its data."""

import asyncio
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.bilan.dependances import CodeChemin, Lecteur, ReluAu
from app.erreurs import EcritureEnCours, TracesPurgees
from app.negociation import prefere
from app.preseries.service import introuvable
from app.rapport import service
from app.rapport.page import POLITIQUE, page
from app.rapport.pdf import imprimer
from app.rapport.schemas import QualiteLue
from app.reponses import Reponses, problemes
from app.stockage.dependances import SessionLecture

routes = APIRouter(tags=["Bilan"])
PDF = "application/pdf"
_FORMES: Reponses = {
    "200": {
        "description": "Le rapport, en HTML ; en PDF si « format » le dit, ou si « Accept » le préfère.",
        "content": {PDF: {"schema": {"type": "string", "contentMediaType": PDF}}},
    }
}


@routes.get(
    "/bilan/preseries/{code}/rapport",
    summary="Le rapport d'une présérie, pour des personnes",
    description="Le bilan à lire autour d'une table : les critères, la courbe du taux d'enregistrement, la matrice "
    "SCOR, les mises à l'écart, les anomalies, les pilotes, les modalités, les prérequis et leurs preuves, la qualité "
    "des données, les bilans arrêtés et ce qui a changé depuis. En HTML, ou en PDF "
    "balisé (PDF/UA) avec « Accept: application/pdf » ou « format=pdf » ; les chiffres sont ceux du bilan. Avec "
    "« au », 410 une fois les traces brutes purgées.",
    response_class=HTMLResponse,
    responses=_FORMES | problemes(introuvable(), TracesPurgees, EcritureEnCours),
)
async def lire_rapport(
    code: CodeChemin,
    acces: Lecteur,
    requete: Request,
    au: ReluAu,
    session: SessionLecture,
    forme: Annotated[Literal["html", "pdf"] | None, Query(alias="format")] = None,
) -> Response:
    lu = await service.rapport(session, acces, code, au)
    accept = ",".join(requete.headers.getlist("accept"))
    if forme == "pdf" or (forme is None and prefere(accept, PDF, "text/html")):
        entetes = {"Content-Disposition": f'inline; filename="{lu.fichier}.pdf"', "Vary": "Accept"}
        octets = await asyncio.to_thread(imprimer, lu, lu.le)
        return Response(octets, media_type=PDF, headers=entetes)
    lien_pdf = f"?{urlencode({**requete.query_params, 'format': 'pdf'})}"
    entetes = POLITIQUE | {"Content-Disposition": f'inline; filename="{lu.fichier}.html"', "Vary": "Accept"}
    return HTMLResponse(page(lu, lien_pdf), headers=entetes)


@routes.get(
    "/bilan/preseries/{code}/qualite",
    summary="La qualité des données d'une présérie",
    description="À côté des chiffres, et sans rien y changer : les exécutions dont une trace est émise plus d'un jour "
    "après leur premier succès, les traces dont l'horloge avance de plus de 5 minutes sur la réception ou précède "
    "l'accord du pilote, les numéros de séquence jamais reçus. Vingt exemples au plus de chaque sorte. 410 une fois "
    "les traces brutes purgées.",
    responses=problemes(introuvable(), TracesPurgees, EcritureEnCours),
)
async def lire_qualite(code: CodeChemin, acces: Lecteur, au: ReluAu, session: SessionLecture) -> QualiteLue:
    return await service.qualite(session, acces, code, au)
