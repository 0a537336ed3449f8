"""Wire forms of the journal."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel


class AuteurLu(BaseModel):
    """Who: the role, and the id of the key; None for a command on the server, and for a pilote who answers."""

    role: str
    cle: int | None


class EntreeLue(BaseModel):
    """One change. ``personnel`` is what lies beside the chain, None where nothing does or where it was erased."""

    numero: int
    le: datetime
    auteur: AuteurLu
    action: str
    objet: str
    code: str | None
    preserie: str | None
    editeur: str | None
    avant: dict[str, Any] | None
    apres: dict[str, Any] | None
    personnel: dict[str, Any] | None
    personnel_efface: bool
    empreinte: str
    precedente: str
