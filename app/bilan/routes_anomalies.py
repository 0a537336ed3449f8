"""Anomalies over HTTP: behind criterion 2, declared and followed up by the Cnam and the éditeur."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from app.anomalies.schemas import AnomalieLue, DeclarationCorps, StatutAnomalie, SuiteCorps
from app.bilan import service_anomalies as service
from app.bilan.dependances import Au, CnamOuEditeur, CodeChemin, Lecteur
from app.bilan.filtres import FiltreAnomalies
from app.erreurs import EcritureEnCours, TracesPurgees
from app.parametres import LIMITE, Apres, Limite, Page
from app.preseries.service import introuvable, terminee
from app.reponses import problemes
from app.stockage.dependances import Complete, SessionLecture, SessionRegistre
from app.traces.schemas import CODE_ERREUR, Operation, Origine

routes = APIRouter(tags=["Bilan"])
AnomalieChemin = Annotated[str, Path(pattern=CODE_ERREUR)]


async def _filtre(
    operation: Operation | None = None,
    bloquante: bool | None = None,
    statut: StatutAnomalie | None = None,
    origine: Origine | None = None,
) -> FiltreAnomalies:
    return FiltreAnomalies(operation, bloquante, statut, origine)


@routes.get(
    "/preseries/{code}/anomalies",
    summary="Les anomalies d'une présérie",
    description="Celles que des traces imputent au logiciel, et celles que des personnes ont déclarées ; par pages, "
    "dans l'ordre des opérations et des codes. Avec « au », 410 une fois les traces brutes purgées.",
    responses=problemes(introuvable(), TracesPurgees, EcritureEnCours),
)
async def lister_anomalies(
    code: CodeChemin,
    acces: Lecteur,
    au: Au,
    session: SessionLecture,
    filtre: Annotated[FiltreAnomalies, Depends(_filtre)],
    apres: Apres = None,
    limite: Limite = LIMITE,
) -> Page[AnomalieLue]:
    return await service.anomalies(session, acces, code, filtre, au, apres, limite)


@routes.get(
    "/preseries/{code}/anomalies/{operation}/{anomalie}",
    summary="Une anomalie et son histoire",
    description="Ce que les traces en disent, ce que des personnes en ont fait, et où elle en est.",
    responses=problemes(introuvable(), service.inconnue()),
)
async def lire_anomalie(
    code: CodeChemin,
    operation: Operation,
    anomalie: AnomalieChemin,
    acces: Lecteur,
    _: Complete,
    session: SessionLecture,
) -> AnomalieLue:
    return await service.une_anomalie(session, acces, code, operation, anomalie)


@routes.post(
    "/preseries/{code}/anomalies",
    summary="Déclarer une anomalie",
    description="Ouvre l'anomalie de cette opération et de ce code (201), ou la rouvre si la déclaration a changé ; la "
    "même déclaration renvoyée ne change rien (200). Ce que la Cnam a déclaré bloquant et dû au logiciel, elle seule "
    "le déclare autrement.",
    responses={
        "200": {"description": "La même déclaration avait déjà été faite."},
        "201": {"model": AnomalieLue, "description": "L'anomalie est déclarée, donc ouverte."},
        **problemes(introuvable(), service.declaree_par_la_cnam(), terminee()),
    },
)
async def declarer_anomalie(
    code: CodeChemin, corps: DeclarationCorps, acces: CnamOuEditeur, session: SessionRegistre, reponse: Response
) -> AnomalieLue:
    lue, declaree = await service.declarer(session, acces, code, corps)
    reponse.status_code = 201 if declaree else 200
    return lue


@routes.patch(
    "/preseries/{code}/anomalies/{operation}/{anomalie}",
    summary="Corriger, écarter ou rouvrir une anomalie",
    description="Une correction dit en quelle version ; une trace émise après elle, dans cette version ou dans une "
    "plus récente, rouvre l'anomalie. Seule la Cnam en écarte, avec un motif. Tout ce qui a été fait reste dans "
    "« historique » ; la même demande renvoyée ne change rien.",
    responses=problemes(introuvable(), service.inconnue(), service.reservee_a_la_cnam(), terminee()),
)
async def suivre_anomalie(
    code: CodeChemin,
    operation: Operation,
    anomalie: AnomalieChemin,
    corps: SuiteCorps,
    acces: CnamOuEditeur,
    session: SessionRegistre,
) -> AnomalieLue:
    return await service.suivre(session, acces, code, operation, anomalie, corps)
