"""The registry over HTTP. PUT creates (201) or replaces (200), so that a whole registry can be replayed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from app.acces.dependances import exiger
from app.acces.roles import Acces, Role
from app.erreurs import Conflit, DemarrageIncomplet
from app.formes import CODE, NUMERO_AM
from app.preseries import service
from app.preseries.cycle import Prerequis, manquants_au_demarrage
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
from app.preseries.vues import vue_preserie
from app.reponses import inscription, problemes
from app.stockage.dependances import SessionRegistre

routes = APIRouter(tags=["Registre"])

CodeChemin = Annotated[str, Path(pattern=CODE)]
NumeroAmChemin = Annotated[str, Path(pattern=NUMERO_AM)]
_RIEN = Prerequis(autorisation_cnda=False, support=False, kit_accompagnement=False, pilotes=0)
Cnam = Annotated[Acces, Depends(exiger())]
CnamOuEditeur = Annotated[Acces, Depends(exiger(Role.EDITEUR))]


def _statut(reponse: Response, creee: bool) -> None:
    reponse.status_code = 201 if creee else 200


@routes.put(
    "/editeurs/{code}",
    summary="Inscrire ou modifier un éditeur",
    description="Crée l'éditeur (201) ou le remplace (200) : un registre entier peut être rejoué.",
    responses=inscription(EditeurLu),
)
async def inscrire_editeur(
    code: CodeChemin, corps: EditeurCorps, _: Cnam, session: SessionRegistre, reponse: Response
) -> EditeurLu:
    _statut(reponse, await service.enregistrer_editeur(session, code, corps))
    return EditeurLu.model_construct(code=code, **dict(corps))


@routes.put(
    "/modules/{code}",
    summary="Inscrire ou modifier un module",
    description="Crée le module (201) ou le remplace (200). Son éditeur ne change plus une fois démarrée une "
    "présérie d'un logiciel qui l'utilise.",
    responses=inscription(ModuleLu) | problemes(service.fixe()),
)
async def inscrire_module(
    code: CodeChemin, corps: ModuleCorps, _: Cnam, session: SessionRegistre, reponse: Response
) -> ModuleLu:
    _statut(reponse, await service.enregistrer_module(session, code, corps))
    return ModuleLu.model_construct(code=code, **dict(corps))


@routes.put(
    "/logiciels/{code}",
    summary="Inscrire ou modifier un logiciel",
    description="Crée le logiciel (201) ou le remplace (200). Son éditeur et son module ne changent plus une fois "
    "démarrée une de ses préséries.",
    responses=inscription(LogicielLu) | problemes(service.fixe()),
)
async def inscrire_logiciel(
    code: CodeChemin, corps: LogicielCorps, _: Cnam, session: SessionRegistre, reponse: Response
) -> LogicielLu:
    _statut(reponse, await service.enregistrer_logiciel(session, code, corps))
    return LogicielLu.model_construct(code=code, **dict(corps))


@routes.put(
    "/preseries/{code}",
    summary="Préparer ou modifier une présérie",
    description="Crée la présérie en préparation (201) ou la remplace (200). Une fois démarrée, son logiciel et sa "
    "catégorie ne changent plus.",
    responses=inscription(PreserieLue) | problemes(Conflit),
)
async def inscrire_preserie(
    code: CodeChemin, corps: PreserieCorps, _: Cnam, session: SessionRegistre, reponse: Response, requete: Request
) -> PreserieLue:
    _statut(reponse, await service.enregistrer_preserie(session, requete.app.state.coffre, code, corps))
    return await vue_preserie(session, await service.preserie_ou_404(session, code))


@routes.put(
    "/preseries/{code}/jalons/{jalon}",
    summary="Dater un jalon",
    description="Date le jalon (201) ou en change la date (200).",
    responses=inscription(JalonLu) | problemes(service.introuvable()),
)
async def dater_jalon(
    code: CodeChemin, jalon: NomJalon, corps: JalonCorps, _: Cnam, session: SessionRegistre, reponse: Response
) -> JalonLu:
    _statut(reponse, await service.enregistrer_jalon(session, code, jalon, corps))
    return JalonLu.model_construct(code=jalon, le=corps.le)


@routes.put(
    "/preseries/{code}/pilotes/{numero_am}",
    summary="Inscrire ou modifier un pilote",
    description="Inscrit le pilote (201) ou le remplace (200). Une fois la présérie démarrée, seule la Cnam change « "
    "phase_2_le ».",
    responses=inscription(PiloteLu) | problemes(service.introuvable(), service.deja_engage()),
)
async def inscrire_pilote(
    code: CodeChemin,
    numero_am: NumeroAmChemin,
    corps: PiloteCorps,
    acces: CnamOuEditeur,
    session: SessionRegistre,
    reponse: Response,
) -> PiloteLu:
    _statut(reponse, await service.enregistrer_pilote(session, acces, code, numero_am, corps))
    return PiloteLu.model_construct(numero_am=numero_am, **corps.model_dump())


@routes.post(
    "/preseries/{code}/demarrage",
    summary="Démarrer une présérie",
    description="Ouvre la présérie aux traces. Une présérie déjà en cours reste comme elle est ; « manquants » dit "
    "ce qu'il faut avant le démarrage.",
    responses={
        "200": {"description": "La présérie est en cours."},
        **problemes(service.introuvable(), DemarrageIncomplet(manquants_au_demarrage(_RIEN)), service.deja_engage()),
    },
)
async def demarrer_preserie(code: CodeChemin, _: Cnam, session: SessionRegistre) -> PreserieLue:
    return await vue_preserie(session, await service.demarrer(session, code))
