"""GET /preseries/{code}/postes."""

from fastapi import APIRouter

from app.erreurs import TracesPurgees
from app.parametres import LIMITE, Apres, Limite, Page
from app.preseries.dependances import CodeChemin, Lecteur
from app.preseries.service import introuvable
from app.reponses import problemes
from app.stockage.dependances import Relecture, SessionLecture
from app.suivi import service
from app.suivi.depot import Filtre
from app.suivi.schemas import PosteSuiviLu

routes = APIRouter(tags=["Registre"])


@routes.get(
    "/preseries/{code}/postes",
    summary="Les postes d'une présérie : silencieux, retardataires, traces perdues",
    description="""Une ligne par poste (un N° AM et un nom de poste), par pages. Un numéro de séquence jamais vu, entre
le premier et le dernier, est celui d'une trace perdue avant de nous parvenir ; refus et doublons sont vus. Un pilote
installé dont rien n'est jamais venu a une ligne, sans poste ni réception.""",
    responses=problemes(introuvable(), TracesPurgees()),
)
async def lister_postes(
    code: CodeChemin,
    acces: Lecteur,
    _: Relecture,
    session: SessionLecture,
    silencieux: bool | None = None,
    apres_desactivation: bool | None = None,
    perdues: bool | None = None,
    apres: Apres = None,
    limite: Limite = LIMITE,
) -> Page[PosteSuiviLu]:
    return await service.postes(session, acces, code, Filtre(silencieux, apres_desactivation, perdues), apres, limite)
