"""Bilans, their breakdowns, and the executions behind every figure."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from app.acces.dependances import exiger
from app.acces.roles import Acces, Role
from app.bilan import service
from app.bilan.conformite import Conformite
from app.bilan.depot import Filtre
from app.bilan.schemas import Axe, BilanLu, ExecutionDetaillee, ExecutionLue, Ventilation
from app.formes import CODE, NUMERO_AM, SANS_NUL, Jour
from app.parametres import LIMITE, Apres, Limite, Page
from app.stockage.dependances import SessionLecture

routes = APIRouter(tags=["Bilan"])
Lecteur = Annotated[Acces, Depends(exiger(Role.EDITEUR, Role.LECTURE))]
CodeChemin = Annotated[str, Path(pattern=CODE)]


def _filtre(
    enregistree: bool | None = None,
    conformite: Conformite | None = None,
    phase: Annotated[int | None, Query(ge=1, le=2)] = None,
    pilote: Annotated[str | None, Query(pattern=NUMERO_AM)] = None,
    version: Annotated[str | None, Query(max_length=32, pattern=SANS_NUL)] = None,
    type_prescription: Annotated[str | None, Query(max_length=64, pattern=SANS_NUL)] = None,
    jour: Jour | None = None,
    depuis: Jour | None = None,
) -> Filtre:
    return Filtre(enregistree, conformite, phase, pilote, version, type_prescription, jour, depuis)


@routes.get("/bilan/preseries/{code}", summary="Le bilan d'une présérie")
async def lire_bilan(code: CodeChemin, acces: Lecteur, session: SessionLecture) -> BilanLu:
    return await service.bilan(session, acces, code)


@routes.get("/bilan/preseries/{code}/ventilation", summary="Les exécutions par pilote, version, type ou jour")
async def ventiler(code: CodeChemin, par: Axe, acces: Lecteur, session: SessionLecture) -> Ventilation:
    return await service.ventilation(session, acces, code, par)


@routes.get("/executions", summary="Les exécutions derrière un chiffre")
async def executions(
    preserie: Annotated[str, Query(pattern=CODE)],
    filtre: Annotated[Filtre, Depends(_filtre)],
    acces: Lecteur,
    session: SessionLecture,
    apres: Apres = None,
    limite: Limite = LIMITE,
) -> Page[ExecutionLue]:
    return await service.lister_executions(session, acces, preserie, filtre, apres, limite)


@routes.get("/executions/{identifiant}", summary="Une exécution et ses traces")
async def une_execution(
    identifiant: Annotated[str, Path(max_length=64)], acces: Lecteur, session: SessionLecture
) -> ExecutionDetaillee:
    return await service.detailler_execution(session, acces, identifiant)
