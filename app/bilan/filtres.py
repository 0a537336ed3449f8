"""What the lists behind figures can be narrowed to; None narrows nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.anomalies.schemas import AnomalieLue, StatutAnomalie
from app.bilan.conformite import Conformite
from app.traces.refus import Refus


@dataclass(frozen=True, slots=True)
class FiltreExecutions:
    enregistree: bool | None = None
    conformite: Collection[Conformite] | None = None
    phase: int | None = None
    pilote: str | None = None
    version: str | None = None
    type_prescription: str | None = None
    jour: date | None = None
    depuis: date | None = None
    ecartee: bool | None = None


@dataclass(frozen=True, slots=True)
class FiltreTraces:
    operation: str | None = None
    resultat: str | None = None
    pilote: str | None = None
    version: str | None = None
    erreur_code: str | None = None
    erreur_origine: str | None = None


@dataclass(frozen=True, slots=True)
class FiltreReceptions:
    issue: Literal["doublon", "rejetee"] | None = None
    code: Refus | None = None
    pilote: str | None = None


@dataclass(frozen=True, slots=True)
class FiltreAnomalies:
    operation: str | None = None
    bloquante: bool | None = None
    statut: StatutAnomalie | None = None
    origine: str | None = None

    def garde(self, anomalie: AnomalieLue) -> bool:
        return (
            self.operation in (None, anomalie.operation)
            and self.bloquante in (None, anomalie.bloquante)
            and self.statut in (None, anomalie.statut)
            and self.origine in (None, anomalie.origine)
        )
