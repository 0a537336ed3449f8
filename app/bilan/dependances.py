"""FastAPI dependencies: who reads bilans, and as known when."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Request

from app.acces.dependances import exiger
from app.acces.roles import Acces, Role
from app.formes import CODE, Instant
from app.traces.anterieures import attendre_les_ecritures

Lecteur = Annotated[Acces, Depends(exiger(Role.EDITEUR, Role.LECTURE))]
CodeChemin = Annotated[str, Path(pattern=CODE)]


async def _au(
    requete: Request,
    _: Lecteur,
    au: Instant | None = None,
) -> datetime | None:
    if au is not None:
        await attendre_les_ecritures(requete.app.state.base, au)
    return au


Au = Annotated[datetime | None, Depends(_au)]
