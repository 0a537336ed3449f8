"""Wire forms of the registry (CONTRACT, « Registry »)."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictBool, StringConstraints

from app.formes import SANS_NUL, Code, Corps, Cpam, Jour, Libelle
from app.preseries.validites import Raison
from app.textes_libres import LibelleLibre, TexteLibre

NomJalon = Literal[
    "support",
    "kit_accompagnement",
    "information_cpam",
    "reunion_lancement",
    "prerequis_identifies",
    "reunion_deploiement",
    "autorisation_generalisation",
]


class EditeurCorps(Corps):
    raison_sociale: Libelle
    solution_sesam_vitale: StrictBool


class EditeurLu(EditeurCorps):
    code: str


class ModuleCorps(Corps):
    editeur: Code
    nom: Libelle


class ModuleLu(ModuleCorps):
    code: str


class AutorisationCnda(Corps):
    numero: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=SANS_NUL)]
    date: Jour


class LogicielCorps(Corps):
    editeur: Code
    module: Code
    nom: Libelle
    sesam_vitale: StrictBool
    autorisation_cnda: AutorisationCnda | None = None


class ValiditeLue(BaseModel):
    categorie_ps: str
    valide: bool
    raison: Raison
    preserie: str | None
    validee_le: datetime | None
    explication: str


class ValiditeDeLogicielLue(ValiditeLue):
    logiciel: str
    editeur: str
    module: str


class LogicielLu(LogicielCorps):
    code: str
    validites: list[ValiditeLue]


class PreserieCorps(Corps):
    """How many CPAM, and which, is the référentiel's to say."""

    logiciel: Code
    categorie_ps: Code
    cpam: Annotated[list[Cpam], Field(max_length=100)]
    fin_prevue_le: Jour | None = None


class PreserieLue(PreserieCorps):
    code: str
    statut: str
    traces_postes: str
    referentiel_version: str
    pilotes_max: int
    demarree_le: datetime | None
    observee_depuis: date | None
    bilan_arrete_le: datetime | None
    validee_le: datetime | None
    terminee_le: datetime | None
    purgee_le: datetime | None
    jalons: dict[str, date]


class JalonCorps(Corps):
    le: Jour


class JalonLu(JalonCorps):
    code: str


class PrerequisCorps(Corps):
    """A technical prerequisite of deployment; ``preuve`` is what its validation rests on.

    ``retire_le``: the Cnam took it off the list, where it no longer counts.
    """

    libelle: LibelleLibre
    description: TexteLibre | None = None
    valide_le: Jour | None = None
    preuve: TexteLibre | None = None
    retire_le: Jour | None = None


class PrerequisLu(PrerequisCorps):
    code: str


class PiloteCorps(Corps):
    cpam: Cpam
    sesam_vitale: StrictBool
    accord_le: Jour
    equipement_verifie: StrictBool
    forme_le: Jour | None = None
    installation_prevue_le: Jour | None = None
    installe_le: Jour | None = None
    phase_2_le: Jour | None = None
    retire_le: Jour | None = None


class PiloteLu(PiloteCorps):
    numero_am: str
