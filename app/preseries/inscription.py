"""What every change of the registry has in common: checked against ``If-Match``, written, told to the journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.journal import depot as journal
from app.journal.depot import Fait
from app.preseries.versions import contenu, etag

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Auteur:
    """Who changes something, and the version that was on the screen: the ``If-Match`` of the request, if any."""

    acces: Acces
    si_match: str | None = None


@dataclass(frozen=True, slots=True)
class Inscrit(Generic[T]):
    """What stands after a change; ``cree`` is None where it was like this before."""

    lu: T
    cree: bool | None

    @property
    def etag(self) -> str:
        return etag(self.lu)


@dataclass(frozen=True, slots=True)
class Objet:
    """What an entry of the journal is about: kind and code, of which éditeur and présérie."""

    nom: str
    code: str
    editeur: str
    preserie: str | None = None


async def inscrire(session: AsyncSession, auteur: Auteur, objet: Objet, avant: T | None, apres: T) -> Inscrit[T]:
    """Tells the journal of a creation or a change; of neither where nothing changed."""
    if avant is not None and contenu(avant) == contenu(apres):
        return Inscrit(apres, None)
    await noter(session, auteur, "modification" if avant is not None else "creation", objet, avant, apres)
    return Inscrit(apres, avant is None)


async def noter(
    session: AsyncSession,
    auteur: Auteur,
    action: str,
    objet: Objet,
    avant: BaseModel | None,
    apres: BaseModel,
    personnel: Mapping[str, Any] | None = None,
) -> None:
    """One entry of the journal; ``personnel`` lies beside the chain."""
    fait = Fait(
        action=action,
        objet=objet.nom,
        code=objet.code,
        editeur=objet.editeur,
        preserie=objet.preserie,
        avant=contenu(avant) if avant is not None else None,
        apres=contenu(apres),
        personnel=personnel,
    )
    await journal.noter(session, auteur.acces, fait)
