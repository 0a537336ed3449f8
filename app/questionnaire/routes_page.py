"""The questionnaire for the pilote who was invited: a page for a browser, JSON for a program. Its token is its key."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse

from app.erreurs import BaseIndisponible, CorpsIllisible, ErreurMetier, InvitationExpiree, QuestionnaireClos
from app.fautes import fautes
from app.negociation import prefere
from app.observabilite import mesures
from app.observabilite.medias import FORMULAIRE
from app.observabilite.requetes import reponse_probleme
from app.questionnaire import formulaire, page, service_page
from app.questionnaire.schemas import QuestionnaireLu, ReponseCorps, ReponseDonnee
from app.questionnaire.service_page import Ouvert
from app.reponses import Reponses, problemes
from app.stockage.base import ERREURS_DE_BASE, est_indisponible
from app.stockage.dependances import SessionLecture, SessionRegistre

CHEMIN = "/questionnaire/{jeton}"
EN_FORMULAIRE = frozenset({CHEMIN})
"""The addresses to which a form may be sent, and whose problems may be pages."""
HTML = "text/html"
_JSON = "application/json"
_PAGE: dict[str, Any] = {"content": {HTML: {"schema": {"type": "string"}}}}
_LU: Reponses = {"200": {"description": "Les questions, en JSON ; une page si « Accept » la préfère."} | _PAGE}
_REPONDU: Reponses = {
    "200": {"description": "La réponse est corrigée, ou était déjà celle-là."} | _PAGE,
    "201": {"description": "La réponse est enregistrée.", "model": ReponseDonnee} | _PAGE,
}
_REFUS = problemes(service_page.lien_inconnu(), InvitationExpiree(), QuestionnaireClos())
_CORPS = {
    _JSON: {"schema": {"$ref": "#/components/schemas/ReponseCorps"}},
    FORMULAIRE: {"schema": {"type": "object", "additionalProperties": {"type": "string"}}},
}


class _ARevoir(Exception):
    """A form that is not filled in well: it is shown again, with what was typed."""

    def __init__(self, contenu: str) -> None:
        super().__init__()
        self.contenu = contenu


class _EnPage(APIRoute):
    """Answers that nobody keeps; to a browser, a problem is a page, too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        servir = super().get_route_handler()

        async def repondre(requete: Request) -> Response:
            try:
                reponse = await servir(requete)
            except _ARevoir as form:
                reponse = HTMLResponse(form.contenu, 422)
            except ErreurMetier as erreur:
                reponse = _probleme(requete, erreur)
            except ERREURS_DE_BASE as erreur:
                if not est_indisponible(erreur):
                    raise
                reponse = _probleme(requete, BaseIndisponible())
            reponse.headers.update(page.ENTETES)
            return reponse

        return repondre


routes = APIRouter(tags=["Questionnaire"], route_class=_EnPage)
Jeton = Annotated[str, Path()]


def _probleme(requete: Request, erreur: ErreurMetier) -> Response:
    if not _prefere_une_page(requete):
        return reponse_probleme(requete, erreur)
    mesures.PROBLEMES[erreur.code](1)
    return HTMLResponse(page.probleme(erreur.titre, erreur.detail), erreur.statut, erreur.entetes)


def _prefere_une_page(requete: Request) -> bool:
    return prefere(_accept(requete), HTML, _JSON)


def _accept(requete: Request) -> str:
    return ",".join(requete.headers.getlist("accept"))


async def _ouvert(requete: Request, jeton: Jeton) -> Ouvert:
    """Looked at before the registry is reserved for the answer: who has no invitation holds up nobody."""
    async with requete.app.state.base.lecture() as session:
        return await service_page.ouvrir(session, jeton)


OuvertAvant = Annotated[Ouvert, Depends(_ouvert)]


async def _envoi(requete: Request, ouvert: OuvertAvant) -> ReponseCorps:
    """The answer that was sent, read before the registry is reserved for it; raises _ARevoir."""
    try:
        corps = await requete.body()
    except ClientDisconnect:
        raise _illisible() from None
    if not _en_formulaire(requete):
        try:
            return ReponseCorps.model_validate_json(corps)
        except ValidationError as erreur:
            raise RequestValidationError(erreur.errors()) from None
    try:
        saisie = formulaire.lire(corps)
    except ValueError:
        raise _illisible() from None
    try:
        return ReponseCorps.model_validate(formulaire.en_reponse(saisie))
    except ValidationError as erreur:
        if prefere(_accept(requete), _JSON, HTML):
            raise RequestValidationError(erreur.errors()) from None
        phrases = formulaire.phrases(fautes(erreur.errors()))
        raise _ARevoir(page.formulaire(ouvert.lu, saisie, phrases)) from None


def _en_formulaire(requete: Request) -> bool:
    return requete.headers.get("content-type", "").partition(";")[0].strip().lower() == FORMULAIRE


def _illisible() -> CorpsIllisible:
    return CorpsIllisible("La réponse s'est perdue en chemin, ou n'est pas un texte lisible : renvoyez-la.")


Envoi = Annotated[ReponseCorps, Depends(_envoi)]


@routes.get(
    CHEMIN,
    summary="Le questionnaire d'un pilote",
    description="Les questions et, s'il a répondu, sa réponse : une page pour un navigateur, du JSON sinon. Le lien de "
    "l'invitation tient lieu de clé.",
    response_model=QuestionnaireLu,
    responses=_LU | _REFUS,
)
async def lire_questionnaire(jeton: Jeton, session: SessionLecture, requete: Request) -> QuestionnaireLu | Response:
    lu = (await service_page.ouvrir(session, jeton)).lu
    if not _prefere_une_page(requete):
        return lu
    return HTMLResponse(page.formulaire(lu, formulaire.en_saisie(lu.reponse), {}))


@routes.post(
    CHEMIN,
    summary="Répondre au questionnaire, ou corriger sa réponse",
    description="En JSON, ou par le formulaire de la page. Une seule réponse par pilote : la dernière compte, jusqu'à "
    "l'arrêté du bilan ; la même renvoyée ne change rien. Une opération que le pilote n'a pas utilisée s'omet. "
    "« frein » est requis si « frein_bloquant » est vrai.",
    response_model=ReponseDonnee,
    responses=_REPONDU | _REFUS,
    openapi_extra={"requestBody": {"required": True, "content": _CORPS}},
)
async def repondre_au_questionnaire(
    jeton: Jeton,
    ouvert: OuvertAvant,
    corps: Envoi,
    session: SessionRegistre,
    requete: Request,
    reponse: Response,
) -> ReponseDonnee | Response:
    inscrit = await service_page.repondre(session, jeton, corps)
    statut = 201 if inscrit.cree else 200
    if _en_formulaire(requete) and not prefere(_accept(requete), _JSON, HTML):
        return HTMLResponse(page.merci(ouvert.lu, jeton), statut)
    reponse.status_code = statut
    return inscrit.lu
