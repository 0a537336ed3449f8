"""FastAPI dependencies: who contests what bilans count; those that lower packages share are theirs."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from app.acces.dependances import exiger
from app.acces.roles import Acces, Role
from app.preseries.dependances import CodeChemin
from app.stockage.dependances import relecture
from app.traces import dependances as des_traces
from app.traces.dependances import Au, Lecteur, ReluAu

__all__ = ["Au", "Cnam", "CnamOuEditeur", "CodeChemin", "Lecteur", "Relecture", "ReluAu"]

Cnam = Annotated[Acces, Depends(exiger())]
CnamOuEditeur = Annotated[Acces, Depends(exiger(Role.EDITEUR))]


async def _relecture(requete: Request) -> AsyncIterator[None]:
    async with relecture(requete):
        yield


RELECTURES = des_traces.RELECTURES | {_relecture}
Relecture = Annotated[None, Depends(_relecture, scope="function")]
"""For what reads all the traces of a présérie without « au »: few at a time."""
