"""The report of a présérie, and the quality of its data."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.bilan.dependances import CodeChemin, Lecteur
from app.erreurs import EcritureEnCours, TracesPurgees
from app.formes import InstantBorne
from app.preseries.service import introuvable
from app.rapport import service
from app.rapport.schemas import QualiteLue
from app.reponses import problemes
from app.stockage.dependances import SessionLecture
from app.traces.anterieures import attendre_les_ecritures

routes = APIRouter(tags=["Bilan"])


async def _au(requete: Request, _: Lecteur, au: InstantBorne | None = None) -> AsyncIterator[datetime | None]:
    """Few at a time, of now as well: each reads all the traces of a présérie, and leaves connections to the others."""
    etat = requete.app.state
    async with etat.relectures:
        if au is not None:
            await attendre_les_ecritures(etat.base, au)
        yield au


Au = Annotated[datetime | None, Depends(_au, scope="function")]
"""To be declared before the session: who waits here holds no connection."""


@routes.get(
    "/bilan/preseries/{code}/qualite",
    summary="La qualité des données d'une présérie",
    description="À côté des chiffres, et sans rien y changer : les exécutions dont une trace est émise plus d'un jour "
    "après leur premier succès, les traces dont l'horloge avance de plus de 5 minutes sur la réception ou précède "
    "l'accord du pilote, les numéros de séquence jamais reçus. Vingt exemples au plus de chaque sorte. 410 une fois "
    "les traces brutes purgées.",
    responses=problemes(introuvable(), TracesPurgees, EcritureEnCours),
)
async def lire_qualite(code: CodeChemin, acces: Lecteur, au: Au, session: SessionLecture) -> QualiteLue:
    return await service.qualite(session, acces, code, au)
