"""FastAPI dependencies: who reads bilans, and as known when."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Request

from app.acces.dependances import exiger
from app.acces.roles import Acces, Role
from app.formes import CODE, InstantBorne
from app.traces.anterieures import attendre_les_ecritures

Lecteur = Annotated[Acces, Depends(exiger(Role.EDITEUR, Role.LECTURE))]
CodeChemin = Annotated[str, Path(pattern=CODE)]


async def _au(requete: Request, _: Lecteur, au: InstantBorne | None = None) -> AsyncIterator[datetime | None]:
    """Few at a time: each reads all the traces of a présérie, and must leave connections to the others."""
    if au is None:
        yield None
        return
    etat = requete.app.state
    async with etat.relectures:
        await attendre_les_ecritures(etat.base, au)
        yield au


Au = Annotated[datetime | None, Depends(_au, scope="function")]
"""To be declared before the session: who waits here holds no connection."""


async def _relecture(requete: Request) -> AsyncIterator[None]:
    async with requete.app.state.relectures:
        yield


Relecture = Annotated[None, Depends(_relecture, scope="function")]
"""Likewise for what reads all the traces of a présérie without « au »."""
