"""Bilans, their breakdowns, and the executions behind every figure."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from app.acces.dependances import exiger
from app.acces.roles import Acces, Role
from app.bilan import service
from app.bilan.conformite import Conformite
from app.bilan.depot import Filtre
from app.bilan.schemas import Axe, BilanLu, ExecutionDetaillee, ExecutionLue, Ventilation
from app.erreurs import Introuvable
from app.formes import CODE, NUMERO_AM, SANS_NUL, Jour
from app.parametres import LIMITE, Apres, Limite, Page
from app.reponses import problemes
from app.stockage.dependances import SessionLecture

routes = APIRouter(tags=["Bilan"])
Lecteur = Annotated[Acces, Depends(exiger(Role.EDITEUR, Role.LECTURE))]
_INTROUVABLE = Introuvable("Aucune présérie de ce code ne vous est connue : vérifiez le code, ou demandez à la Cnam.")
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


@routes.get(
    "/bilan/preseries/{code}",
    summary="Le bilan d'une présérie",
    description="Les cinq critères, leurs chiffres et le verdict proposé, lus ensemble à un même instant.",
    responses=problemes(_INTROUVABLE),
)
async def lire_bilan(code: CodeChemin, acces: Lecteur, session: SessionLecture) -> BilanLu:
    return await service.bilan(session, acces, code)


@routes.get(
    "/bilan/preseries/{code}/ventilation",
    summary="Les exécutions par pilote, version, type ou jour",
    description="Les lignes font la somme exacte des exécutions de la fenêtre des critères.",
    responses=problemes(_INTROUVABLE),
)
async def ventiler(code: CodeChemin, par: Axe, acces: Lecteur, session: SessionLecture) -> Ventilation:
    return await service.ventilation(session, acces, code, par)


@routes.get(
    "/executions",
    operation_id="lister_executions",
    summary="Les exécutions derrière un chiffre",
    description="Par pages. Les filtres se combinent : chaque chiffre d'un bilan s'ouvre sur sa liste.",
    responses=problemes(_INTROUVABLE),
)
async def executions(
    preserie: Annotated[str, Query(pattern=CODE)],
    filtre: Annotated[Filtre, Depends(_filtre)],
    acces: Lecteur,
    session: SessionLecture,
    apres: Apres = None,
    limite: Limite = LIMITE,
) -> Page[ExecutionLue]:
    return await service.lister_executions(session, acces, preserie, filtre, apres, limite)


@routes.get(
    "/executions/{identifiant}",
    operation_id="lire_execution",
    summary="Une exécution et ses traces",
    description="Avec les traces dont elle est faite ; le numéro de l'ordonnance n'a jamais été gardé.",
    responses=problemes(
        Introuvable("Aucune exécution de cet identifiant ne vous est connue : reprenez-le dans /executions.")
    ),
)
async def une_execution(
    identifiant: Annotated[str, Path(max_length=64)], acces: Lecteur, session: SessionLecture
) -> ExecutionDetaillee:
    return await service.detailler_execution(session, acces, identifiant)
