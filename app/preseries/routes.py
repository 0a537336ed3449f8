"""The registry over HTTP. PUT creates (201) or replaces (200), so that a whole registry can be replayed."""

from fastapi import APIRouter, Request, Response

from app.erreurs import Conflit, ModaliteRefusee
from app.preseries import service, service_pilotes
from app.preseries.dependances import CnamInscrit, CnamOuEditeurInscrit, CodeChemin, NumeroAmChemin, repondre
from app.preseries.schemas import (
    EditeurCorps,
    EditeurLu,
    JalonCorps,
    JalonLu,
    LogicielCorps,
    LogicielLu,
    ModuleCorps,
    ModuleLu,
    NomJalon,
    PiloteCorps,
    PiloteLu,
    PreserieCorps,
    PreserieLue,
)
from app.preseries.service_validites import avec_validites
from app.reponses import inscription, problemes
from app.stockage.dependances import SessionRegistre

routes = APIRouter(tags=["Registre"])


@routes.put(
    "/editeurs/{code}",
    summary="Inscrire ou modifier un éditeur",
    description="Crée l'éditeur (201) ou le remplace (200) : un registre entier peut être rejoué.",
    responses=inscription(EditeurLu),
)
async def inscrire_editeur(
    code: CodeChemin, corps: EditeurCorps, auteur: CnamInscrit, session: SessionRegistre, reponse: Response
) -> EditeurLu:
    return repondre(reponse, await service.enregistrer_editeur(session, auteur, code, corps))


@routes.put(
    "/modules/{code}",
    summary="Inscrire ou modifier un module",
    description="Crée le module (201) ou le remplace (200). Son éditeur ne change plus une fois démarrée une "
    "présérie d'un logiciel qui l'utilise.",
    responses=inscription(ModuleLu) | problemes(service.fixe()),
)
async def inscrire_module(
    code: CodeChemin, corps: ModuleCorps, auteur: CnamInscrit, session: SessionRegistre, reponse: Response
) -> ModuleLu:
    return repondre(reponse, await service.enregistrer_module(session, auteur, code, corps))


@routes.put(
    "/logiciels/{code}",
    summary="Inscrire ou modifier un logiciel",
    description="Crée le logiciel (201) ou le remplace (200). Son éditeur et son module ne changent plus une fois "
    "démarrée une de ses préséries.",
    responses=inscription(LogicielLu) | problemes(service.fixe()),
)
async def inscrire_logiciel(
    code: CodeChemin, corps: LogicielCorps, auteur: CnamInscrit, session: SessionRegistre, reponse: Response
) -> LogicielLu:
    lu = repondre(reponse, await service.enregistrer_logiciel(session, auteur, code, corps))
    return (await avec_validites(session, [lu]))[0]


@routes.put(
    "/preseries/{code}",
    summary="Préparer ou modifier une présérie",
    description="Crée la présérie en préparation (201) ou la remplace (200). Une fois démarrée, son logiciel et sa "
    "catégorie ne changent plus ; une fois terminée, plus rien. Ses CPAM sont de celles du référentiel.",
    responses=inscription(PreserieLue) | problemes(Conflit, ModaliteRefusee, service.terminee()),
)
async def inscrire_preserie(
    code: CodeChemin,
    corps: PreserieCorps,
    auteur: CnamInscrit,
    session: SessionRegistre,
    reponse: Response,
    requete: Request,
) -> PreserieLue:
    coffre = requete.app.state.coffre
    return repondre(reponse, await service.enregistrer_preserie(session, auteur, coffre, code, corps))


@routes.put(
    "/preseries/{code}/jalons/{jalon}",
    summary="Dater un jalon",
    description="Date le jalon (201) ou en change la date (200).",
    responses=inscription(JalonLu) | problemes(service.introuvable(), service.terminee()),
)
async def dater_jalon(
    code: CodeChemin,
    jalon: NomJalon,
    corps: JalonCorps,
    auteur: CnamInscrit,
    session: SessionRegistre,
    reponse: Response,
) -> JalonLu:
    return repondre(reponse, await service.enregistrer_jalon(session, auteur, code, jalon, corps))


@routes.put(
    "/preseries/{code}/pilotes/{numero_am}",
    summary="Inscrire ou modifier un pilote",
    description="Inscrit le pilote (201) ou le remplace (200). Une fois la présérie démarrée, seule la Cnam change « "
    "phase_2_le ». Refusé quand une modalité du référentiel ne serait plus respectée : nombre de pilotes, "
    "installations de la première semaine, CPAM.",
    responses=inscription(PiloteLu)
    | problemes(service.introuvable(), service_pilotes.deja_engage(), ModaliteRefusee, service.terminee()),
)
async def inscrire_pilote(
    code: CodeChemin,
    numero_am: NumeroAmChemin,
    corps: PiloteCorps,
    auteur: CnamOuEditeurInscrit,
    session: SessionRegistre,
    reponse: Response,
) -> PiloteLu:
    return repondre(reponse, await service_pilotes.enregistrer_pilote(session, auteur, code, numero_am, corps))
