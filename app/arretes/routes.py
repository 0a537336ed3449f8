"""Sealed bilans over HTTP, and the public keys that check them."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.arretes import service
from app.arretes.canonique import canonique
from app.arretes.schemas import ApprobationCorps, ArreteLu, ArreteResume, JeuDeCles, RectificationLue
from app.bilan.dependances import Lecteur, Relecture
from app.erreurs import EcritureEnCours, Introuvable
from app.formes import SANS_NUL
from app.parametres import Page
from app.preseries.dependances import CodeChemin
from app.preseries.dependances import Lecteur as Partie
from app.preseries.service import introuvable
from app.reponses import problemes
from app.stockage.dependances import SessionLecture, SessionRegistre

routes = APIRouter(tags=["Bilan"])
ArreteChemin = Annotated[str, Path(max_length=100, pattern=SANS_NUL)]
_INCONNU = Introuvable(service.ARRETE_INCONNU)


@routes.post(
    "/bilan/preseries/{code}/arretes",
    status_code=201,
    summary="Arrêter le bilan d'une présérie",
    description="Le bilan tel que connu à cet instant, recalculé de toutes les traces brutes, avec leur empreinte ; "
    "signé, il ne change plus. Ce qui arrive ensuite se lit comme une rectification. Tant que la présérie est en cours "
    "ou validée. Si rien n'a changé depuis celui qui vaut, c'est lui qui revient (200).",
    response_model=ArreteLu,
    responses={
        "200": {"model": ArreteLu, "description": "Rien n'a changé depuis le bilan arrêté qui vaut."},
        **problemes(introuvable(), service.pas_ouverte(), EcritureEnCours),
    },
)
async def arreter_bilan(
    code: CodeChemin, acces: Partie, _: Relecture, session: SessionRegistre, requete: Request
) -> Response:
    etat = requete.app.state
    document, nouveau = await service.arreter(session, etat.base, etat.signataire, acces, code)
    return _reponse(document, 201 if nouveau else 200)


@routes.get(
    "/bilan/preseries/{code}/arretes",
    summary="Les bilans arrêtés d'une présérie",
    description="Tous, le dernier d'abord, en une seule page, sans leur contenu.",
    responses=problemes(introuvable()),
)
async def lire_arretes(code: CodeChemin, acces: Lecteur, session: SessionLecture) -> Page[ArreteResume]:
    return Page(elements=await service.lister(session, acces, code), suivant=None)


@routes.get(
    "/bilan/arretes/{arrete}",
    summary="Un bilan arrêté, avec ses approbations",
    description="Le document signé, tel que « traces-postes arrete verifier » le vérifie, dans sa forme canonique "
    "(RFC 8785).",
    response_model=ArreteLu,
    responses=problemes(_INCONNU),
)
async def lire_arrete(arrete: ArreteChemin, acces: Lecteur, session: SessionLecture) -> Response:
    return _reponse(await service.lire(session, acces, arrete), 200)


@routes.post(
    "/bilan/arretes/{arrete}/approbations",
    status_code=201,
    summary="Approuver un bilan arrêté, ou le refuser",
    description="Une fois par la Cnam, une fois par l'éditeur ; un refus dit pourquoi, et rouvre le questionnaire. "
    "Chacune est signée. La même renvoyée ne change rien (200). Seul le dernier bilan arrêté s'approuve, et plus après "
    "un refus ou une prolongation.",
    response_model=ArreteLu,
    responses={
        "200": {"model": ArreteLu, "description": "Cette partie l'avait déjà dit."},
        **problemes(_INCONNU, service.deja_dit(), service.pas_ouverte(), service.motif_requis()),
    },
)
async def approuver_arrete(
    arrete: ArreteChemin, corps: ApprobationCorps, acces: Partie, session: SessionRegistre, requete: Request
) -> Response:
    document, nouvelle = await service.approuver(session, requete.app.state.signataire, acces, arrete, corps)
    return _reponse(document, 201 if nouvelle else 200)


@routes.get(
    "/bilan/arretes/{arrete}/rectification",
    summary="Ce qu'un bilan arrêté serait aujourd'hui",
    description="Les chiffres, critères et verdict qui ne sont plus ceux de l'arrêté, l'un à côté de l'autre : traces "
    "arrivées depuis, registre corrigé. Ce qui est arrêté ne change pas.",
    responses=problemes(_INCONNU),
)
async def lire_rectification(arrete: ArreteChemin, acces: Lecteur, session: SessionLecture) -> RectificationLue:
    return await service.rectifier(session, acces, arrete)


@routes.get(
    "/.well-known/jwks.json",
    summary="Les clés publiques des bilans arrêtés",
    description="Un JWK Set (RFC 7517) : la clé qui signe d'abord, puis celles qui ont signé avant elle.",
    response_model=JeuDeCles,
)
async def lire_cles_publiques(requete: Request, reponse: Response) -> object:
    reponse.headers["Cache-Control"] = "public, max-age=3600"
    jwks: object = requete.app.state.signataire.jwks()
    return jwks


def _reponse(document: service.Document, statut: int) -> Response:
    return Response(canonique(document), statut, media_type="application/json")
