"""The lists behind figures: executions, their attempts, traces, receptions that stored none, prerequisites."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.bilan import service_ecarts
from app.bilan import service_listes as service
from app.bilan.conformite import Conformite
from app.bilan.dependances import Au, Cnam, CodeChemin, Lecteur
from app.bilan.export import Export
from app.bilan.filtres import FiltreExecutions, FiltreReceptions, FiltreTraces
from app.bilan.schemas_listes import EcartCorps, ExecutionDetaillee, ExecutionLue, ReceptionLue, TraceLue
from app.bilan.service_listes import Demande
from app.erreurs import EcritureEnCours, Introuvable, Surcharge, TracesPurgees
from app.formes import CODE, NUMERO_AM, SANS_NUL, Jour
from app.negociation import prefere
from app.observabilite.medias import CSV
from app.parametres import LIMITE, Apres, ApresCode, Limite, Page
from app.preseries.schemas import PrerequisLu
from app.preseries.service import introuvable, terminee
from app.reponses import Reponses, problemes
from app.stockage.dependances import Complete, SessionLecture, SessionRegistre, lecture_de, place
from app.traces.refus import Refus
from app.traces.schemas import CODE_ERREUR, Operation, Origine, Resultat, TypePrescription

TROP_DE_FICHIERS = "Trop de fichiers sont en cours d'envoi : redemandez le vôtre dans un instant."
_REFUS = problemes(introuvable(), TracesPurgees, EcritureEnCours)
_EXEMPLE = (
    "id;preserie;pilote;numero_execution;type_prescription;version;enregistree;phase;conformite;ecartee;jour;"
    "premiere_le;derniere_le;tentatives\r\nAAAAAgAB6p7wWkNZAol7HdeWjr9_zQ;ortho-plus-lpp;389391422;1;"
    "dispositifs_medicaux;4.2.1;oui;2;conforme;non;2026-10-20;2026-10-20T07:12:44.120000Z;"
    "2026-10-20T07:14:02.481000Z;2\r\n"
)
_EN_FICHIER: Reponses = {
    "200": {
        "description": "Une page de la liste ; toute la liste en CSV si « Accept » le préfère.",
        "content": {CSV: {"schema": {"type": "string"}, "examples": {"executions": {"value": _EXEMPLE}}}},
    }
}
routes = APIRouter(tags=["Bilan"])
Preserie = Annotated[str, Query(pattern=CODE)]
Pilote = Annotated[str | None, Query(pattern=NUMERO_AM)]
Version = Annotated[str | None, Query(max_length=32, pattern=SANS_NUL)]
CodeErreurFiltre = Annotated[str | None, Query(pattern=CODE_ERREUR)]


async def _demande(
    preserie: Preserie, acces: Lecteur, au: Au, session: SessionLecture, apres: Apres = None, limite: Limite = LIMITE
) -> Demande:
    return Demande(session, acces, preserie, au, apres, limite)


async def _part(depuis: Jour | None = None, ecartee: bool | None = None) -> tuple[date | None, bool | None]:
    """What the criteria look at of all executions."""
    return depuis, ecartee


async def _executions(
    part: Annotated[tuple[date | None, bool | None], Depends(_part)],
    enregistree: bool | None = None,
    conformite: Annotated[list[Conformite] | None, Query()] = None,
    phase: Annotated[int | None, Query(ge=1, le=2)] = None,
    pilote: Pilote = None,
    version: Version = None,
    type_prescription: TypePrescription | None = None,
    jour: Jour | None = None,
) -> FiltreExecutions:
    return FiltreExecutions(enregistree, conformite, phase, pilote, version, type_prescription, jour, *part)


async def _traces(
    operation: Operation | None = None,
    resultat: Resultat | None = None,
    pilote: Pilote = None,
    version: Version = None,
    erreur_code: CodeErreurFiltre = None,
    erreur_origine: Origine | None = None,
) -> FiltreTraces:
    return FiltreTraces(operation, resultat, pilote, version, erreur_code, erreur_origine)


async def _receptions(
    issue: Literal["doublon", "rejetee"] | None = None, code: Refus | None = None, pilote: Pilote = None
) -> FiltreReceptions:
    return FiltreReceptions(issue, code, pilote)


DemandeDeListe = Annotated[Demande, Depends(_demande)]
ParExecution = Annotated[FiltreExecutions, Depends(_executions)]


async def _en_csv(requete: Request, _: Lecteur) -> AsyncIterator[bool]:
    """Whether a file is wanted. Few at a time: each holds a connection until its last line has left.

    Raises Surcharge (503) where none of them ends soon.
    """
    if not prefere(",".join(requete.headers.getlist("accept")), CSV, "application/json"):
        yield False
        return
    async with place(requete.app.state.exports, TROP_DE_FICHIERS):
        yield True


EnCsv = Annotated[bool, Depends(_en_csv)]
"""To be declared before the session: who waits here holds no connection."""


@routes.get(
    "/executions",
    summary="Les exécutions derrière un chiffre",
    description="Par pages. Les filtres se combinent : chaque chiffre d'un bilan s'ouvre sur sa liste. Avec "
    "« Accept: text/csv », toute la liste en un fichier pour tableur, sans pages : « apres » et « limite » n'y "
    "changent rien, et un fichier qui s'interrompt est une réponse qui échoue. Avec « au », 410 une fois les "
    "traces brutes purgées.",
    response_model=Page[ExecutionLue],
    responses=_EN_FICHIER | problemes(introuvable(), TracesPurgees, EcritureEnCours, Surcharge(TROP_DE_FICHIERS)),
)
async def lister_executions(
    en_csv: EnCsv, demande: DemandeDeListe, filtre: ParExecution, requete: Request, reponse: Response
) -> Page[ExecutionLue] | Response:
    if en_csv:
        return Export(
            partial(lecture_de, requete),
            lambda session: service.executions_en_csv(replace(demande, session=session), filtre),
            f"{demande.preserie}-executions.csv",
        )
    reponse.headers["Vary"] = "Accept"
    return await service.executions(demande, filtre)


@routes.get(
    "/executions/{identifiant}",
    summary="Une exécution et ses traces",
    description="Avec les traces dont elle est faite, tant qu'elles ne sont pas purgées ; le numéro de l'ordonnance "
    "n'a jamais été gardé.",
    responses=problemes(Introuvable(service.EXECUTION_INCONNUE)),
)
async def lire_execution(
    identifiant: Annotated[str, Path(max_length=64)], acces: Lecteur, _: Complete, session: SessionLecture
) -> ExecutionDetaillee:
    return await service.une_execution(session, acces, identifiant)


@routes.patch(
    "/executions/{identifiant}",
    summary="Mettre une exécution à l'écart, ou la reprendre",
    description="Avec un motif : un essai, une panne du téléservice. Les critères ne la comptent plus, et montrent ce "
    "qu'ils seraient avec elle. Ce qui a été décidé d'elle reste, dans l'ordre ; la même demande renvoyée ne change "
    "rien.",
    responses=problemes(Introuvable(service.EXECUTION_INCONNUE), terminee()),
)
async def ecarter_execution(
    identifiant: Annotated[str, Path(max_length=64)], corps: EcartCorps, acces: Cnam, session: SessionRegistre
) -> ExecutionDetaillee:
    return await service_ecarts.ecarter(session, acces, identifiant, corps)


@routes.get(
    "/tentatives",
    summary="Les traces des exécutions derrière un nombre de tentatives",
    description="Par pages, avec les filtres de « /executions » : la liste de toutes les traces dont ces "
    "exécutions sont faites. 410 une fois les traces brutes purgées.",
    responses=_REFUS,
)
async def lister_tentatives(demande: DemandeDeListe, filtre: ParExecution) -> Page[TraceLue]:
    return await service.tentatives(demande, filtre)


@routes.get(
    "/traces",
    summary="Les traces enregistrées",
    description="Par pages : derrière « traces.enregistrees » d'un bilan, et derrière les occurrences d'une anomalie. "
    "410 une fois les traces brutes purgées.",
    responses=_REFUS,
)
async def lister_traces(demande: DemandeDeListe, filtre: Annotated[FiltreTraces, Depends(_traces)]) -> Page[TraceLue]:
    return await service.traces(demande, filtre)


@routes.get(
    "/receptions",
    summary="Les réceptions qui n'ont rien enregistré : doublons et refus",
    description="Par pages : derrière « traces.doublons » et « traces.rejetees » d'un bilan. Du contenu d'une "
    "trace refusée, rien d'autre n'est gardé que son poste, son numéro de séquence et sa version. 410 une fois les "
    "traces brutes purgées.",
    responses=_REFUS,
)
async def lister_receptions(
    demande: DemandeDeListe, filtre: Annotated[FiltreReceptions, Depends(_receptions)]
) -> Page[ReceptionLue]:
    return await service.receptions(demande, filtre)


@routes.get(
    "/preseries/{code}/prerequis",
    summary="Les prérequis techniques au déploiement",
    description="Par pages, dans l'ordre des codes : derrière le critère « prerequis ». « valide » laisse de côté ceux "
    "que la Cnam a retirés. Avec « au », 410 une fois les traces brutes purgées.",
    responses=_REFUS,
)
async def lister_prerequis(
    code: CodeChemin,
    acces: Lecteur,
    au: Au,
    session: SessionLecture,
    valide: bool | None = None,
    apres: ApresCode = None,
    limite: Limite = LIMITE,
) -> Page[PrerequisLu]:
    return await service.prerequis(Demande(session, acces, code, au, apres, limite), valide)
