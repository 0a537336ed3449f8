"""PURE. The shape of a référentiel: every rule of a catégorie de PS that is a number or a list."""

from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.formes import CODE, CPAM

_Noms = Annotated[tuple[str, ...], Field(min_length=1)]
_Positif = Annotated[int, Field(gt=0)]
_Phrase = Annotated[str, StringConstraints(min_length=1)]
VERSION = r"^[0-9]{4}-[0-9]{2}(\.[0-9]{1,3})?$"
"""Year and month, and a number for more than one version in a month."""


class _Regle(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Operations(_Regle):
    """Operations that a trace may name, and those that a présérie must have seen succeed."""

    toutes: _Noms
    requises: _Noms

    @model_validator(mode="after")
    def _requises_connues(self) -> Self:
        if not set(self.requises) <= set(self.toutes):
            raise ValueError("requises: each is one of toutes")
        return self


class Perimetre(_Regle):
    """Types of prescription inside the ordonnance numérique, and those refused by name."""

    types_prescription: _Noms
    hors_perimetre: tuple[str, ...]


class Entree(_Regle):
    """Jalons without which no présérie starts, beside the authorisation of its logiciel (source, « Pré requis »)."""

    jalons: tuple[str, ...]


class Bornes(_Regle):
    """The least and the most that a rule admits."""

    min: _Positif
    max: _Positif

    @model_validator(mode="after")
    def _ordonnees(self) -> Self:
        if self.min > self.max:
            raise ValueError("min is at most max")
        return self


class Pilotes(Bornes):
    """Pilotes of a logiciel; ``silence_jours``: days without reception after which an installed one is silent."""

    majorite_sesam_vitale: bool
    silence_jours: _Positif


class PremiereSemaine(_Regle):
    """The progressive start: its length in days from the first installation, and how many it admits."""

    jours: _Positif
    installations_max: _Positif


class Cpam(Bornes):
    """How many CPAM a présérie takes place in, and the names of those of reference by code."""

    referentes: dict[Annotated[str, StringConstraints(pattern=CPAM)], str] = Field(min_length=1)


class Fraction(_Regle):
    """An exact threshold; integers decide, the float is for display."""

    numerateur: int = Field(ge=0)
    denominateur: int = Field(gt=0)

    @cached_property
    def valeur(self) -> float:
        return self.numerateur / self.denominateur


class Enregistrement(_Regle):
    seuil: Fraction


class Scor(_Regle):
    """How many non conforming phase 2 executions criterion 3 tolerates."""

    non_conformes_max: int = Field(ge=0)


class Satisfaction(_Regle):
    reponses_min: int = Field(ge=0)


class Questionnaire(_Regle):
    """What pilotes are asked, in words for them; ``notes`` names the marks, from 1 to 5.

    ``operations``: the question about each operation that is asked about.
    """

    validite_jours: _Positif
    titre: _Phrase
    introduction: _Phrase
    notes: Annotated[tuple[_Phrase, ...], Field(min_length=5, max_length=5)]
    satisfaction: _Phrase
    operations: dict[str, _Phrase] = Field(min_length=1)
    frein_bloquant: _Phrase
    frein: _Phrase
    commentaire: _Phrase


class Donnees(_Regle):
    """How long raw traces are kept once their présérie has ended, in days."""

    conservation_jours: int = Field(ge=0)


class Referentiel(_Regle):
    """The rules of one catégorie de PS in one version (DOMAIN, « référentiel »)."""

    code: Annotated[str, StringConstraints(pattern=CODE)]
    version: Annotated[str, StringConstraints(pattern=VERSION)]
    libelle: str
    operations: Operations
    perimetre: Perimetre
    entree: Entree
    pilotes: Pilotes
    premiere_semaine: PremiereSemaine
    cpam: Cpam
    enregistrement: Enregistrement
    scor: Scor
    satisfaction: Satisfaction
    questionnaire: Questionnaire
    donnees: Donnees

    @model_validator(mode="after")
    def _questions_sur_des_operations_connues(self) -> Self:
        if not set(self.questionnaire.operations) <= set(self.operations.toutes):
            raise ValueError("questionnaire.operations: each is one of operations.toutes")
        return self
