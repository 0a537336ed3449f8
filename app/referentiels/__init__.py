"""The rules of each catégorie de PS, as data: one TOML file each, checked when the package is imported."""

import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field


class _Regle(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Operations(_Regle):
    """Operations that a trace may name, and those that a présérie must have seen succeed."""

    toutes: tuple[str, ...]
    requises: tuple[str, ...]


class Perimetre(_Regle):
    """Types of prescription inside the ordonnance numérique, and those refused by name."""

    types_prescription: tuple[str, ...]
    hors_perimetre: tuple[str, ...]


class Fraction(_Regle):
    """An exact threshold; integers decide, the float is for display."""

    numerateur: int = Field(ge=0)
    denominateur: int = Field(gt=0)

    @cached_property
    def valeur(self) -> float:
        return self.numerateur / self.denominateur


class Enregistrement(_Regle):
    seuil: Fraction


class Pilotes(_Regle):
    """``silence_jours``: days without any reception after which an installed pilote is said to be silent."""

    silence_jours: int = Field(gt=0)


class Satisfaction(_Regle):
    reponses_min: int


class Referentiel(_Regle):
    """The rules of one catégorie de PS (DOMAIN, « référentiel »)."""

    code: str
    version: str
    libelle: str
    operations: Operations
    perimetre: Perimetre
    enregistrement: Enregistrement
    pilotes: Pilotes
    satisfaction: Satisfaction


def _charger() -> Mapping[str, Referentiel]:
    fichiers = (f for f in files(__name__).iterdir() if f.name.endswith(".toml"))
    lus = (Referentiel.model_validate(tomllib.loads(f.read_text("utf-8"))) for f in fichiers)
    return MappingProxyType({r.code: r for r in sorted(lus, key=lambda r: r.code)})


REFERENTIELS = _charger()


def _union(listes: list[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(valeur for liste in listes for valeur in liste))


OPERATIONS = _union([r.operations.toutes for r in REFERENTIELS.values()])
TYPES_PRESCRIPTION = _union([r.perimetre.types_prescription for r in REFERENTIELS.values()])
HORS_PERIMETRE = _union([r.perimetre.hors_perimetre for r in REFERENTIELS.values()])
