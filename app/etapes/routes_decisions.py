"""Decisions over HTTP."""

from fastapi import APIRouter, Response

from app.erreurs import Conflit, EtapeRefusee, ValidationIncomplete
from app.etapes import service_decisions
from app.etapes.regles import BILAN_APPROUVE
from app.etapes.schemas import DecisionCorps, DecisionLue
from app.parametres import Page
from app.preseries.cycle import CLOTUREE, Action, refus
from app.preseries.dependances import Cnam, CodeChemin, Lecteur, versionner
from app.preseries.schemas import PreserieLue
from app.preseries.service import introuvable
from app.reponses import problemes, version
from app.stockage.dependances import SessionLecture, SessionRegistre

routes = APIRouter(tags=["Vie d'une présérie"])


@routes.post(
    "/preseries/{code}/decision",
    summary="Décider d'une présérie : la prolonger, la valider ou l'abandonner",
    description="""La prolongation donne plus de temps (« fin_prevue_le »), plus de pilotes (« pilotes_max ») ou une
nouvelle fenêtre d'observation (« observee_depuis ») ; ce qu'elle ne dit pas reste. La validation demande les cinq
critères atteints, sur un bilan arrêté et approuvé des deux parties ; « manquants » dit ce qui manque. L'abandon est
définitif : la clé des pseudonymes est détruite. La même décision renvoyée n'est prise qu'une fois.""",
    responses={
        **version("La présérie, telle que la décision la laisse."),
        **problemes(
            introuvable(),
            EtapeRefusee(refus(CLOTUREE, Action.PROLONGATION) or ""),
            Conflit("La fin est déjà prévue le 23/11/2026 : une prolongation ne l'avance pas."),
            ValidationIncomplete([BILAN_APPROUVE]),
            service_decisions.termes_en_trop(),
        ),
    },
)
async def decider_preserie(
    code: CodeChemin, corps: DecisionCorps, auteur: Cnam, session: SessionRegistre, reponse: Response
) -> PreserieLue:
    return versionner(reponse, await service_decisions.decider(session, auteur, code, corps))


@routes.get(
    "/preseries/{code}/decision",
    summary="Décisions prises sur une présérie",
    description="Toutes, la dernière d'abord, en une seule page.",
    responses=problemes(introuvable()),
)
async def lire_decisions(code: CodeChemin, acces: Lecteur, session: SessionLecture) -> Page[DecisionLue]:
    return Page(elements=await service_decisions.decisions(session, acces, code), suivant=None)
