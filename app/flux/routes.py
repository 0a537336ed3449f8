"""The bilan of a présérie, live."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from app.bilan.dependances import CodeChemin, Lecteur
from app.bilan.service import dossier_visible
from app.erreurs import Surcharge
from app.flux import reponse
from app.flux.reponse import FluxDeBilan
from app.flux.service import TROP_DE_FLUX
from app.preseries.service import introuvable
from app.reponses import problemes
from app.stockage.dependances import SessionLecture

routes = APIRouter(tags=["Bilan"])


@routes.get(
    "/bilan/preseries/{code}/flux",
    summary="Le bilan d'une présérie, en direct",
    description="Un flux d'événements (« server-sent events ») : l'événement « bilan » porte le bilan en JSON, dès "
    "l'ouverture puis à chaque changement, une à deux fois par seconde au plus. Son « id », redonné dans "
    "« Last-Event-ID », évite de recevoir de nouveau le même. Un commentaire vient au moins toutes les 15 secondes. "
    "Le flux finit avec la clé ; un lecteur qui ne lit plus est déconnecté.",
    status_code=200,
    response_class=FluxDeBilan,
    responses=problemes(introuvable(), Surcharge(TROP_DE_FLUX)),
)
async def suivre_bilan(
    requete: Request,
    code: CodeChemin,
    acces: Lecteur,
    session: SessionLecture,
    dernier_vu: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> FluxDeBilan:
    dossier, _ = await dossier_visible(session, acces, code)
    lecteur = reponse.Lecteur(requete.headers.get("authorization"), acces, dernier_vu)
    return FluxDeBilan(requete.app.state.diffusion, dossier, lecteur)
