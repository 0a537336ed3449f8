"""The questionnaire for who runs it: invitations, results, freins to lift."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from app.acces.dependances import exiger
from app.acces.roles import Acces
from app.erreurs import EcritureEnCours, QuestionnaireClos
from app.parametres import LIMITE, Apres, ApresNumeroAm, Limite, Page
from app.preseries.dependances import CodeChemin
from app.preseries.dependances import Lecteur as CnamOuEditeur
from app.preseries.service import introuvable, terminee
from app.questionnaire import service
from app.questionnaire.schemas import (
    Frein,
    InvitationEmise,
    InvitationLue,
    InvitationsCorps,
    LeveeCorps,
    ReponseLue,
    ResultatsLus,
)
from app.reponses import problemes
from app.stockage.dependances import SessionLecture, SessionRegistre
from app.traces.dependances import Au, Lecteur

routes = APIRouter(tags=["Questionnaire"])
Cnam = Annotated[Acces, Depends(exiger())]
NumeroDeReponse = Annotated[int, Path(ge=1, lt=10**18)]
TOUS = InvitationsCorps()


@routes.post(
    "/preseries/{code}/questionnaire/invitations",
    status_code=201,
    summary="Inviter les pilotes à répondre au questionnaire",
    description="Donne à chaque pilote qui n'a pas quitté la présérie, ou à ceux de « numeros_am », un lien qui lui "
    "est propre : transmettez-le à lui seul. Le lien n'est donné que cette fois, et remplace le précédent ; une "
    "réponse déjà donnée reste, et se corrige par le nouveau.",
    responses=problemes(introuvable(), service.hors_preserie(), QuestionnaireClos(), service.pilote_inconnu()),
)
async def inviter_pilotes(
    code: CodeChemin,
    acces: CnamOuEditeur,
    session: SessionRegistre,
    requete: Request,
    corps: InvitationsCorps = TOUS,
) -> list[InvitationEmise]:
    publique: str = requete.app.state.reglages.url_publique or str(requete.base_url)
    return await service.inviter(session, acces, code, corps, f"{publique.rstrip('/')}/questionnaire/")


@routes.get(
    "/preseries/{code}/questionnaire/invitations",
    summary="Qui est invité, et qui a répondu",
    description="Par pages, dans l'ordre des N° AM : la dernière invitation de chaque pilote, sans son lien.",
    responses=problemes(introuvable()),
)
async def lister_invitations(
    code: CodeChemin,
    acces: CnamOuEditeur,
    session: SessionLecture,
    apres: ApresNumeroAm = None,
    limite: Limite = LIMITE,
) -> Page[InvitationLue]:
    return await service.invitations(session, acces, code, apres, limite)


@routes.get(
    "/preseries/{code}/questionnaire",
    summary="Les résultats du questionnaire",
    description="Combien de pilotes ont répondu, leurs notes et leurs freins bloquants, ouverts ou levés.",
    responses=problemes(introuvable(), EcritureEnCours),
)
async def lire_resultats(code: CodeChemin, acces: Lecteur, au: Au, session: SessionLecture) -> ResultatsLus:
    return await service.resultats(session, acces, code, au)


@routes.get(
    "/preseries/{code}/questionnaire/reponses",
    summary="Les réponses au questionnaire",
    description="Par pages, la dernière réponse de chaque pilote, sans dire de qui elle est ; un N° AM écrit dans un "
    "texte y est masqué. « frein » ne garde que celles dont le frein bloquant est ouvert, ou levé.",
    responses=problemes(introuvable(), EcritureEnCours),
)
async def lister_reponses(
    code: CodeChemin,
    acces: Lecteur,
    au: Au,
    session: SessionLecture,
    frein: Frein | None = None,
    apres: Apres = None,
    limite: Limite = LIMITE,
) -> Page[ReponseLue]:
    return await service.reponses(session, acces, code, au, frein, apres, limite)


@routes.patch(
    "/preseries/{code}/questionnaire/reponses/{reponse}",
    summary="Lever le frein bloquant d'une réponse, ou le remettre",
    description="Avec un motif, qui est montré ; levé par erreur, il se remet. Levé deux fois pour le même motif, rien "
    "ne change. Si le pilote "
    "corrige ensuite sa réponse et signale encore un frein, celui-ci est de nouveau ouvert.",
    responses=problemes(
        introuvable(), service.reponse_inconnue(), service.sans_frein(), service.deja_leve(), terminee()
    ),
)
async def lever_frein(
    code: CodeChemin, reponse: NumeroDeReponse, corps: LeveeCorps, acces: Cnam, session: SessionRegistre
) -> ReponseLue:
    return await service.lever(session, acces, code, reponse, corps)
