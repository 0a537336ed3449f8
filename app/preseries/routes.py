"""The registry over HTTP. PUT creates (201) or replaces (200), so that a whole registry can be replayed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from app.acces.dependances import exiger
from app.acces.roles import Acces, Role
from app.formes import CODE, NUMERO_AM
from app.preseries import service
from app.preseries.schemas import (
    EditeurCorps,
    JalonCorps,
    JalonLu,
    LogicielCorps,
    ModuleCorps,
    NomJalon,
    PiloteCorps,
    PiloteLu,
    PreserieCorps,
    PreserieLue,
)
from app.preseries.vues import vue_preserie
from app.stockage.dependances import SessionRegistre

routes = APIRouter(tags=["Registre"])

CodeChemin = Annotated[str, Path(pattern=CODE)]
NumeroAmChemin = Annotated[str, Path(pattern=NUMERO_AM)]
Cnam = Annotated[Acces, Depends(exiger())]
CnamOuEditeur = Annotated[Acces, Depends(exiger(Role.EDITEUR))]


def _statut(reponse: Response, creee: bool) -> None:
    reponse.status_code = 201 if creee else 200


@routes.put("/editeurs/{code}", summary="Inscrire ou modifier un éditeur")
async def put_editeur(
    code: CodeChemin, corps: EditeurCorps, _: Cnam, session: SessionRegistre, reponse: Response
) -> dict[str, object]:
    _statut(reponse, await service.enregistrer_editeur(session, code, corps))
    return {"code": code, **corps.model_dump()}


@routes.put("/modules/{code}", summary="Inscrire ou modifier un module")
async def put_module(
    code: CodeChemin, corps: ModuleCorps, _: Cnam, session: SessionRegistre, reponse: Response
) -> dict[str, object]:
    _statut(reponse, await service.enregistrer_module(session, code, corps))
    return {"code": code, **corps.model_dump()}


@routes.put("/logiciels/{code}", summary="Inscrire ou modifier un logiciel")
async def put_logiciel(
    code: CodeChemin, corps: LogicielCorps, _: Cnam, session: SessionRegistre, reponse: Response
) -> dict[str, object]:
    _statut(reponse, await service.enregistrer_logiciel(session, code, corps))
    return {"code": code, **corps.model_dump()}


@routes.put("/preseries/{code}", summary="Préparer ou modifier une présérie")
async def put_preserie(
    code: CodeChemin, corps: PreserieCorps, _: Cnam, session: SessionRegistre, reponse: Response, requete: Request
) -> PreserieLue:
    _statut(reponse, await service.enregistrer_preserie(session, requete.app.state.coffre, code, corps))
    return await vue_preserie(session, await service.preserie_ou_404(session, code))


@routes.put("/preseries/{code}/jalons/{jalon}", summary="Dater un jalon")
async def put_jalon(
    code: CodeChemin, jalon: NomJalon, corps: JalonCorps, _: Cnam, session: SessionRegistre, reponse: Response
) -> JalonLu:
    _statut(reponse, await service.enregistrer_jalon(session, code, jalon, corps))
    return JalonLu.model_construct(code=jalon, le=corps.le)


@routes.put("/preseries/{code}/pilotes/{numero_am}", summary="Inscrire ou modifier un pilote")
async def put_pilote(
    code: CodeChemin,
    numero_am: NumeroAmChemin,
    corps: PiloteCorps,
    acces: CnamOuEditeur,
    session: SessionRegistre,
    reponse: Response,
) -> PiloteLu:
    _statut(reponse, await service.enregistrer_pilote(session, acces, code, numero_am, corps))
    return PiloteLu.model_construct(numero_am=numero_am, **corps.model_dump())


@routes.post("/preseries/{code}/demarrage", summary="Démarrer une présérie")
async def demarrer(code: CodeChemin, _: Cnam, session: SessionRegistre) -> PreserieLue:
    """409 lists what is missing; a présérie under way is left as it is."""
    return await vue_preserie(session, await service.demarrer(session, code))
