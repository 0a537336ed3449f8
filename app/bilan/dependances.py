"""FastAPI dependencies: who contests what bilans count; those that lower packages share are theirs."""

from typing import Annotated

from fastapi import Depends

from app.acces.dependances import exiger
from app.acces.roles import Acces, Role
from app.preseries.dependances import CodeChemin
from app.stockage.dependances import Relecture
from app.traces.dependances import Au, Lecteur, ReluAu

__all__ = ["Au", "Cnam", "CnamOuEditeur", "CodeChemin", "Lecteur", "Relecture", "ReluAu"]

Cnam = Annotated[Acces, Depends(exiger())]
CnamOuEditeur = Annotated[Acces, Depends(exiger(Role.EDITEUR))]
