"""The steps of a présérie over HTTP: start, traces off and on, closing."""

from fastapi import APIRouter, Response

from app.erreurs import ClotureIncomplete, DemarrageIncomplet, EtapeRefusee, ModaliteRefusee
from app.etapes import service as etapes
from app.etapes.preparatifs import Preparatifs, manquants_a_la_cloture, manquants_au_demarrage
from app.etapes.schemas import TracesPostesCorps, TracesPostesLues
from app.preseries import service
from app.preseries.cycle import CLOTUREE, EN_COURS, Action, refus
from app.preseries.dependances import Cnam, CnamOuEditeur, CodeChemin, Lecteur, versionner
from app.preseries.schemas import PreserieLue
from app.preseries.service_pilotes import deja_engage
from app.reponses import problemes, version
from app.stockage.dependances import SessionLecture, SessionRegistre

routes = APIRouter(tags=["Vie d'une présérie"])
_RIEN = Preparatifs(autorisation_cnda=False, jalons=(), pilotes=0)


@routes.post(
    "/preseries/{code}/demarrage",
    summary="Démarrer une présérie",
    description="Ouvre la présérie aux traces, sous le référentiel en vigueur, qu'elle garde. Une présérie déjà en "
    "cours reste comme elle est ; « manquants » dit ce qu'il faut avant le démarrage.",
    responses={
        **version("La présérie est en cours."),
        **problemes(
            service.introuvable(),
            DemarrageIncomplet(manquants_au_demarrage(_RIEN, ("support", "kit_accompagnement"))),
            deja_engage(),
            ModaliteRefusee,
            EtapeRefusee(refus(CLOTUREE, Action.DEMARRAGE) or ""),
        ),
    },
)
async def demarrer_preserie(code: CodeChemin, auteur: Cnam, session: SessionRegistre, reponse: Response) -> PreserieLue:
    return versionner(reponse, await etapes.demarrer(session, auteur, code))


@routes.get(
    "/preseries/{code}/traces-postes",
    summary="Si les traces d'une présérie sont actives",
    description="« traces_postes » est ce que la consigne dit aux postes, « depuis_le » depuis quand.",
    responses=problemes(service.introuvable()),
)
async def lire_traces_postes(code: CodeChemin, acces: Lecteur, session: SessionLecture) -> TracesPostesLues:
    return etapes.vue_traces(await service.preserie_visible(session, acces, code))


@routes.put(
    "/preseries/{code}/traces-postes",
    summary="Désactiver les traces d'une présérie validée, ou les réactiver",
    description="Tous les postes l'apprennent par leur consigne, et à leur prochain envoi ; en moins d'une seconde "
    "pour tout le service. Une présérie en cours garde ses traces actives ; une présérie clôturée ne les reprend plus. "
    "« If-Match » porte sur la présérie.",
    responses={
        "200": {"description": "L'état des traces."},
        **problemes(
            service.introuvable(),
            deja_engage(),
            ModaliteRefusee,
            EtapeRefusee(refus(EN_COURS, Action.DESACTIVATION) or ""),
        ),
    },
)
async def basculer_traces_postes(
    code: CodeChemin, corps: TracesPostesCorps, auteur: CnamOuEditeur, session: SessionRegistre
) -> TracesPostesLues:
    return await etapes.basculer_les_traces(session, auteur, code, corps.actives)


@routes.post(
    "/preseries/{code}/cloture",
    summary="Clôturer une présérie validée",
    description="Après la réunion de déploiement, la désactivation des traces et l'autorisation de généralisation. La "
    "clé des pseudonymes est détruite, et plus rien ne change. Une présérie déjà clôturée reste comme elle est.",
    responses={
        **version("La présérie est clôturée."),
        **problemes(
            service.introuvable(),
            ClotureIncomplete(manquants_a_la_cloture(traces_coupees=False, jalons=())),
            EtapeRefusee(refus(EN_COURS, Action.CLOTURE) or ""),
        ),
    },
)
async def cloturer_preserie(code: CodeChemin, auteur: Cnam, session: SessionRegistre, reponse: Response) -> PreserieLue:
    return versionner(reponse, await etapes.cloturer(session, auteur, code))
