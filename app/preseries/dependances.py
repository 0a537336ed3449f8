"""FastAPI dependencies of the registry: who changes it, seeing which version; and what the answers have in common."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Path, Response
from pydantic import BaseModel

from app.acces.dependances import Exigence, exiger
from app.acces.roles import Acces, Role
from app.formes import CODE, ETOILE, NUMERO_AM
from app.preseries.inscription import Auteur, Inscrit
from app.preseries.versions import etag

L = TypeVar("L", bound=BaseModel)

CodeChemin = Annotated[str, Path(pattern=CODE)]
NumeroAmChemin = Annotated[str, Path(pattern=NUMERO_AM)]
Lecteur = Annotated[Acces, Depends(exiger(Role.EDITEUR))]


SiMatch = Annotated[str | None, Header(alias="If-Match", max_length=1000)]
SiAbsent = Annotated[str | None, Header(alias="If-None-Match", pattern=ETOILE)]


def _auteur(exigence: Exigence) -> Callable[..., Awaitable[Auteur]]:
    async def auteur(acces: Annotated[Acces, Depends(exigence)], si_match: SiMatch = None) -> Auteur:
        return Auteur(acces, si_match)

    return auteur


def _inscripteur(exigence: Exigence) -> Callable[..., Awaitable[Auteur]]:
    async def inscripteur(
        acces: Annotated[Acces, Depends(exigence)], si_match: SiMatch = None, si_absent: SiAbsent = None
    ) -> Auteur:
        return Auteur(acces, si_match, si_absent is not None)

    return inscripteur


Cnam = Annotated[Auteur, Depends(_auteur(exiger()))]
CnamOuEditeur = Annotated[Auteur, Depends(_auteur(exiger(Role.EDITEUR)))]
"""Who changes something that is there; the two below may also create it."""
CnamInscrit = Annotated[Auteur, Depends(_inscripteur(exiger()))]
CnamOuEditeurInscrit = Annotated[Auteur, Depends(_inscripteur(exiger(Role.EDITEUR)))]


def versionner(reponse: Response, lu: L) -> L:
    """Gives an answer the version of its object."""
    reponse.headers["ETag"] = etag(lu)
    return lu


def repondre(reponse: Response, inscrit: Inscrit[L]) -> L:
    """The answer of a PUT: 201 where it created."""
    reponse.status_code = 201 if inscrit.cree else 200
    return versionner(reponse, inscrit.lu)
