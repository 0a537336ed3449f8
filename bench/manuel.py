"""The textbook endpoint: FastAPI, a pydantic model, an ORM session per request, one INSERT and one COMMIT.

It is what the documentation of these libraries teaches, with their fast settings (asyncpg, uvloop,
httptools, a pool, no access log). It checks no key, no registry and no duplicate content, and folds and
counts nothing: it does less than the service.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Request, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, DateTime
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Erreur(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=64)
    origine: Literal["logiciel", "poste", "reseau", "teleservice", "utilisateur"]
    bloquante: bool = False
    message: str | None = Field(default=None, max_length=500)


class TraceRecue(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: UUID
    emise_le: AwareDatetime
    numero_am: str = Field(pattern=r"^[0-9][0-9AB][0-9]{7}$")
    poste: str | None = Field(default=None, max_length=64)
    sequence: int | None = None
    logiciel: str
    version: str = Field(max_length=32)
    operation: Literal["consultation", "execution", "modification", "annulation"]
    ordonnance: str | None = Field(default=None, max_length=64)
    numero_execution: int = Field(default=1, ge=1, le=10_000)
    type_prescription: str | None = None
    resultat: Literal["succes", "echec"]
    erreur: Erreur | None = None
    scor_envoye: bool | None = None
    duree_ms: int | None = Field(default=None, ge=0, lt=2**31)


class Accuse(BaseModel):
    recues: int
    enregistrees: int


class Base(DeclarativeBase):
    pass


class Trace(Base):
    __tablename__ = "traces"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    emise_le: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recue_le: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))
    numero_am: Mapped[str]
    poste: Mapped[str | None]
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    logiciel: Mapped[str]
    version: Mapped[str]
    operation: Mapped[str]
    ordonnance: Mapped[str | None]
    numero_execution: Mapped[int]
    type_prescription: Mapped[str | None]
    resultat: Mapped[str]
    erreur_code: Mapped[str | None]
    erreur_origine: Mapped[str | None]
    erreur_bloquante: Mapped[bool | None]
    erreur_message: Mapped[str | None]
    scor_envoye: Mapped[bool | None]
    duree_ms: Mapped[int | None]


@asynccontextmanager
async def _vie(application: FastAPI) -> AsyncIterator[None]:
    moteur = create_async_engine(os.environ["BENCH_DATABASE_URL"], pool_size=20, max_overflow=0)
    async with moteur.begin() as connexion:
        await connexion.run_sync(Base.metadata.create_all)
    application.state.sessions = async_sessionmaker(moteur, expire_on_commit=False)
    yield
    await moteur.dispose()


async def session_par_requete(requete: Request) -> AsyncIterator[AsyncSession]:
    async with requete.app.state.sessions() as session:
        yield session


async def sante() -> dict[str, str]:
    return {"statut": "pret"}


async def enregistrer(trace: TraceRecue, session: Annotated[AsyncSession, Depends(session_par_requete)]) -> Accuse:
    erreur = trace.erreur
    session.add(
        Trace(
            **trace.model_dump(exclude={"erreur"}),
            erreur_code=erreur.code if erreur else None,
            erreur_origine=erreur.origine if erreur else None,
            erreur_bloquante=erreur.bloquante if erreur else None,
            erreur_message=erreur.message if erreur else None,
        )
    )
    try:
        await session.commit()
    except IntegrityError as cause:
        raise HTTPException(status.HTTP_409_CONFLICT, "identifiant déjà reçu") from cause
    return Accuse(recues=1, enregistrees=1)


def creer_application() -> FastAPI:
    application = FastAPI(lifespan=_vie)
    application.get("/sante/pret")(sante)
    application.post("/traces", status_code=status.HTTP_201_CREATED)(enregistrer)
    return application
