"""FastAPI dependencies: a session to read on one snapshot, or to write in one commit before the answer is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.erreurs import Surcharge
from app.stockage.base import Base
from app.stockage.generation import avancer
from app.stockage.lectures import AGE_S, Lectures, age_de

ATTENTE_S = 5.0
"""How long who wants one of a few places waits for it."""
TROP_DE_RELECTURES = "Trop de lectures de toutes les traces sont en cours : redemandez dans un instant."


class Places(asyncio.Semaphore):
    """A few places, and how many wait for one."""

    en_attente = 0


@asynccontextmanager
async def place(places: Places, complet: str) -> AsyncIterator[None]:
    """One of a few places. Raises Surcharge (503), which says ``complet``, where none is free soon."""
    places.en_attente += 1
    try:
        async with asyncio.timeout(ATTENTE_S):
            await places.acquire()
    except TimeoutError:
        raise Surcharge(complet) from None
    finally:
        places.en_attente -= 1
    try:
        yield
    finally:
        places.release()


@asynccontextmanager
async def relecture(requete: Request) -> AsyncIterator[None]:
    """For what reads all the traces of a présérie again: few at a time, on connections where that may take long.

    For a dependency to be declared before the session of a reader, whose connection it chooses: who waits here holds
    none. Raises Surcharge (503).
    """
    async with place(requete.app.state.relectures, TROP_DE_RELECTURES):
        requete.state.lectures = requete.app.state.reserves.lectures_longues
        yield


async def _relecture(requete: Request) -> AsyncIterator[None]:
    async with relecture(requete):
        yield


@asynccontextmanager
async def lecture_de(requete: Request) -> AsyncIterator[AsyncSession]:
    """What this request reads, on one snapshot; its answer will tell the age of what a standby showed."""
    lectures: Lectures = getattr(requete.state, "lectures", requete.app.state.reserves.lectures)
    async with lectures.lecture(complete=getattr(requete.state, "complete", False)) as session:
        requete.scope[AGE_S] = age_de(session)
        yield session


async def _lecture(requete: Request) -> AsyncIterator[AsyncSession]:
    async with lecture_de(requete) as session:
        yield session


async def _ecriture(requete: Request) -> AsyncIterator[AsyncSession]:
    base: Base = requete.app.state.base
    async with base.ecriture() as session:
        await avancer(session)
        yield session


async def _complete(requete: Request) -> None:
    requete.state.complete = True


DEPENDANCES = frozenset({_lecture, _ecriture})
"""By which the API's description sees that an operation needs the database."""

# scope="function": FastAPI would otherwise commit after the answer has left.
Relecture = Annotated[None, Depends(_relecture, scope="function")]
"""To be declared between who asks and the session."""
RELECTURES = frozenset({_relecture})
"""By which the description sees that an operation may have to wait for its turn, as those of ``app.traces`` may."""
Complete = Annotated[None, Depends(_complete)]
"""To be declared before the session, where what traces made may be unknown: a standby is asked only once it has all."""
SessionLecture = Annotated[AsyncSession, Depends(_lecture, scope="function")]
SessionRegistre = Annotated[AsyncSession, Depends(_ecriture, scope="function")]
