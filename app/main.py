"""Wiring: settings in, application out. The lifespan owns the database, the writer and the caches of one worker."""

import asyncio
import gc
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

import app.arretes.routes
import app.bilan.routes
import app.bilan.routes_anomalies
import app.bilan.routes_listes
import app.contrat.routes
import app.etapes.routes
import app.etapes.routes_decisions
import app.flux.routes
import app.journal.routes
import app.planning.routes
import app.preseries.consultation
import app.preseries.routes
import app.preseries.routes_prerequis
import app.preseries.routes_validites
import app.questionnaire.routes
import app.questionnaire.routes_page
import app.rapport.routes
import app.suivi.routes
import app.supervision.routes
import app.traces.routes
from app.acces.service import Portier
from app.accueil import ETAT, Accueil
from app.arretes.signature import Signataire
from app.contrat.document import completer
from app.erreurs import ErreurMetier
from app.flux.service import Diffusion
from app.observabilite import mesures, problemes, sante
from app.observabilite.bornes import Bornage, Bornes
from app.observabilite.journaux import configurer, trajet
from app.observabilite.medias import Medias
from app.observabilite.requetes import Requetes
from app.observabilite.telemetrie import exportateur
from app.parametres import refuser_les_inconnus
from app.preseries.enveloppe import Coffre
from app.preseries.registre import Registre
from app.reglages import ReglageInvalide, Reglages
from app.stockage.annonces import Annonces
from app.stockage.base import ERREURS_DE_BASE
from app.stockage.dependances import Places
from app.stockage.reserves import Reserves
from app.stockage.secrets_locaux import cle_maitresse, cle_signature, cles_maitresses_anciennes, cles_publiques
from app.supervision.cellules import prevoir
from app.supervision.service import Supervision
from app.traces import reception
from app.traces.debit import Debit
from app.traces.ecriture import Ecrivain

_journal = structlog.get_logger(__name__)
_ROUTES = (
    *(sante, app.traces.routes, app.preseries.routes, app.preseries.consultation, app.etapes.routes),
    app.etapes.routes_decisions,
    *(app.planning.routes, app.preseries.routes_prerequis, app.preseries.routes_validites),
    *(app.questionnaire.routes, app.questionnaire.routes_page),
    *(app.suivi.routes, app.bilan.routes, app.bilan.routes_listes, app.bilan.routes_anomalies),
    *(app.arretes.routes, app.rapport.routes, app.flux.routes, app.journal.routes, app.supervision.routes),
)


class TracesPostes(FastAPI):
    """FastAPI, but for the one call that has to be fast; a request id and a log line for both."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        await self.exterieur(scope, receive, send)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.exterieur = Requetes(self._aiguiller)

    def openapi(self) -> dict[str, Any]:
        """The description of the service, completed once."""
        if self.openapi_schema is None:
            self.openapi_schema = completer(super().openapi(), self.routes)
        return self.openapi_schema

    async def _aiguiller(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in reception.CHEMINS and scope["method"] == "POST":
            await reception.servir(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(reglages: Reglages | None = None) -> FastAPI:
    """The service, ready to be run by an ASGI server. Raises ReglageInvalide, naming what is not set."""
    reglages = reglages or Reglages()
    configurer(reglages.niveau_journal)
    application = TracesPostes(
        version="1",
        lifespan=_vie,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_nom_d_operation,
    )
    application.state.reglages = reglages
    application.state.exportateur = exportateur(reglages)
    application.state.contrat = {}
    application.state.coffre = Coffre(cle_maitresse(reglages), cles_maitresses_anciennes(reglages))
    application.add_middleware(
        Medias, csv=app.planning.routes.EN_CSV, formulaires=app.questionnaire.routes_page.EN_FORMULAIRE
    )
    application.state.signataire = Signataire(cle_signature(reglages), cles_publiques(reglages))
    application.state.bornes = Bornes(reglages.corps_delai_s)
    application.add_middleware(Bornage, bornes=application.state.bornes)
    application.add_exception_handler(ErreurMetier, problemes.metier)
    application.add_exception_handler(RequestValidationError, problemes.validation)
    application.add_exception_handler(HTTPException, problemes.http)
    for erreur in ERREURS_DE_BASE:
        application.add_exception_handler(erreur, problemes.base)
    for module in _ROUTES:
        application.include_router(module.routes, dependencies=[Depends(refuser_les_inconnus)])
    prevoir(module.routes for module in _ROUTES)
    application.include_router(app.contrat.routes.routes)
    return application


def _nom_d_operation(route: APIRoute) -> str:
    return route.name


@asynccontextmanager
async def _vie(application: TracesPostes) -> AsyncIterator[dict[str, Any]]:
    etat = application.state
    reglages: Reglages = etat.reglages
    if reglages.database_url is None:
        raise ReglageInvalide("TRACES_POSTES_DATABASE_URL manque : lancez plutôt « traces-postes serve ».")
    async with AsyncExitStack() as pile:
        if etat.exportateur is not None:
            exportation = etat.exportateur()
            pile.push_async_callback(exportation.fermer)
            application.exterieur.telemetrie = exportation.telemetrie
        reserves = Reserves(reglages, reglages.database_url, mesures.replier)
        pile.push_async_callback(reserves.fermer)
        base, generation = reserves.base, reserves.generation
        etat.base, etat.reserves = base, reserves
        etat.relectures, etat.exports = Places(reserves.places), Places(reserves.places)
        etat.portier = Portier(base, generation)
        etat.registre = Registre(base, generation, etat.coffre)
        etat.diffusion = Diffusion(base, generation, etat.portier)
        annonces = Annonces(base, etat.diffusion.entendre)
        etat.ecrivain = Ecrivain(
            base,
            lot_max=reglages.ecriture_lot_max,
            file_max=reglages.ecriture_file_max,
            annoncer=annonces.dire,
            telemetrie=application.exterieur.telemetrie,
        )
        etat.supervision = Supervision(reserves, etat.ecrivain, etat.relectures)
        etat.debit = Debit(reglages.debit_max) if reglages.debit_max is not None else None
        accueil = Accueil(reglages, etat.ecrivain.retard)
        taches = (generation.suivre(), annonces.tourner(), etat.ecrivain.tourner(), etat.supervision.tourner())
        for tache in (*taches, accueil.tourner(), _suivre_le_superviseur()):
            en_cours = asyncio.create_task(tache)
            en_cours.add_done_callback(_tomber_avec)
            pile.push_async_callback(_arreter, en_cours)
        _espacer_le_ramasse_miettes()
        yield {ETAT: accueil}


def _espacer_le_ramasse_miettes() -> None:
    """Requests leave no cycles: looking for them after every 700 objects took a tenth of a trace's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _tomber_avec(tache: asyncio.Task[None]) -> None:
    """A worker without its writer or its caches is no worker: its supervisor starts another."""
    if not tache.cancelled() and (erreur := tache.exception()) is not None:
        _journal.critical("tache_morte", erreur=type(erreur).__name__, trajet=trajet(erreur.__traceback__))
        os.kill(os.getpid(), signal.SIGTERM)


async def _arreter(tache: asyncio.Task[None]) -> None:
    tache.cancel()
    await asyncio.wait([tache])


async def _suivre_le_superviseur() -> None:
    """Ends this worker when its supervisor was killed: an orphan would keep the port from the next start."""
    superviseur = multiprocessing.parent_process()
    if superviseur is None:
        return
    while superviseur.is_alive():  # noqa: ASYNC110 — no event tells of a parent's death
        await asyncio.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
