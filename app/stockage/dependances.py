"""FastAPI dependencies: a session to read on one snapshot, or to write in one commit before the answer is sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.stockage.base import Base
from app.stockage.generation import avancer


@asynccontextmanager
async def relecture(requete: Request) -> AsyncIterator[None]:
    """For what reads all the traces of a présérie again: few at a time, on connections where that may take long.

    For a dependency to be declared before the session, whose connection it chooses: who waits here holds none.
    """
    async with requete.app.state.relectures:
        requete.state.base = requete.app.state.base_des_relectures
        yield


async def _lecture(requete: Request) -> AsyncIterator[AsyncSession]:
    base: Base = getattr(requete.state, "base", requete.app.state.base)
    async with base.lecture() as session:
        yield session


async def _ecriture(requete: Request) -> AsyncIterator[AsyncSession]:
    base: Base = requete.app.state.base
    async with base.ecriture() as session:
        await avancer(session)
        yield session


DEPENDANCES = frozenset({_lecture, _ecriture})
"""By which the API's description sees that an operation needs the database."""

# scope="function": FastAPI would otherwise commit after the answer has left.
SessionLecture = Annotated[AsyncSession, Depends(_lecture, scope="function")]
SessionRegistre = Annotated[AsyncSession, Depends(_ecriture, scope="function")]
