"""FastAPI dependencies: who reads bilans, and as known when."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from app.acces.dependances import exiger
from app.acces.roles import Acces, Role
from app.formes import InstantBorne
from app.stockage.dependances import relecture
from app.traces.anterieures import attendre_les_ecritures

Lecteur = Annotated[Acces, Depends(exiger(Role.EDITEUR, Role.LECTURE))]


async def _relu_au(requete: Request, _: Lecteur, au: InstantBorne | None = None) -> AsyncIterator[datetime | None]:
    """Few at a time: each reads all the traces of a présérie, and must leave connections to the others."""
    etat = requete.app.state
    async with relecture(requete):
        if au is not None:
            await attendre_les_ecritures(etat.base, au)
            requete.state.complete = True
        yield au


async def _au(requete: Request, lecteur: Lecteur, au: InstantBorne | None = None) -> AsyncIterator[datetime | None]:
    """The present is read from counters: nobody waits for it."""
    if au is None:
        yield None
        return
    async with asynccontextmanager(_relu_au)(requete, lecteur, au):
        yield au


RELECTURES = frozenset({_relu_au, _au})
"""Beside those of ``app.stockage``."""

Au = Annotated[datetime | None, Depends(_au, scope="function")]
ReluAu = Annotated[datetime | None, Depends(_relu_au, scope="function")]
"""The instant of « au »; ReluAu for what reads all the traces even of now.

To be declared before the session: who waits here holds no connection.
"""
