"""Wire forms of the planning."""

from pydantic import BaseModel

from app.formes import NumeroAm
from app.preseries.schemas import PiloteCorps, PiloteLu


class LignePlanning(PiloteCorps):
    """One line of a planning to import."""

    numero_am: NumeroAm


class PlanningLu(BaseModel):
    preserie: str
    elements: list[PiloteLu]


class ImportLu(BaseModel):
    inscrits: int
    modifies: int
    inchanges: int
