"""What every change of the registry has in common: checked against ``If-Match``, written, told to the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.erreurs import VersionDepassee
from app.journal import depot as journal
from app.journal.depot import Fait
from app.preseries.versions import contenu, verifier

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Auteur:
    """Who changes something, and on which condition: ``If-Match`` names the version that was on the screen,
    ``If-None-Match: *`` asks that there be none."""

    acces: Acces
    si_match: str | None = None
    si_absent: bool = False

    def verifier(self, present: BaseModel | None) -> None:
        """Raises VersionDepassee (412) unless the object stands as the condition has it."""
        verifier(self.si_match, present)
        if self.si_absent and present is not None:
            raise VersionDepassee


@dataclass(frozen=True, slots=True)
class Inscrit(Generic[T]):
    """What stands after a change; ``cree`` is None where it was like this before."""

    lu: T
    cree: bool | None


@dataclass(frozen=True, slots=True)
class Objet:
    """What an entry of the journal is about: kind and code, of which éditeur and présérie."""

    nom: str
    code: str
    editeur: str
    preserie: str | None = None


async def inscrire(
    session: AsyncSession, auteur: Auteur, objet: Objet, avant: T | None, apres: T, cedant: str | None = None
) -> Inscrit[T]:
    """Tells the journal of a creation or a change; of neither where nothing changed.

    Where the object was another éditeur's (``cedant``), each of the two is told its own half.
    """
    if avant is not None and contenu(avant) == contenu(apres):
        return Inscrit(apres, None)
    if cedant not in (None, objet.editeur):
        await noter(session, auteur, "cession", replace(objet, editeur=cedant or ""), avant, None)
        await noter(session, auteur, "reprise", objet, None, apres)
        return Inscrit(apres, False)
    await noter(session, auteur, "modification" if avant is not None else "creation", objet, avant, apres)
    return Inscrit(apres, avant is None)


async def noter(
    session: AsyncSession,
    auteur: Auteur,
    action: str,
    objet: Objet,
    avant: BaseModel | None,
    apres: BaseModel | None,
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
        apres=contenu(apres) if apres is not None else None,
        personnel=personnel,
    )
    await journal.noter(session, auteur.acces, fait)
