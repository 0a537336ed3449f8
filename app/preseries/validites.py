"""PURE. Which logiciels a validated présérie covers (source; DOMAIN, « Validity »)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from app.preseries.cycle import Statut

VALIDES = (Statut.VALIDEE, Statut.CLOTUREE)
"""Where a validated présérie may stand."""


class Raison(StrEnum):
    """Why a logiciel is covered, or why it is not."""

    PROPRE = "propre"
    MEME_MODULE = "meme-module"
    AUCUNE_PRESERIE = "aucune-preserie"
    AUTRE_MODULE = "autre-module"
    AUTRE_CATEGORIE = "autre-categorie"
    INTEGRATEUR = "integrateur"


EXPLICATIONS: Mapping[Raison, str] = MappingProxyType(
    {
        Raison.PROPRE: "La présérie de ce logiciel est validée pour cette catégorie.",
        Raison.MEME_MODULE: "Un autre logiciel du même éditeur, qui utilise le même module, a une présérie validée "
        "pour cette catégorie.",
        Raison.AUCUNE_PRESERIE: "L'éditeur n'a aucune présérie validée qui vaille pour ce logiciel et cette "
        "catégorie : menez-en une.",
        Raison.AUTRE_MODULE: "L'éditeur a une présérie validée pour cette catégorie, mais d'un logiciel qui utilise "
        "un autre module : ce module-ci a besoin de la sienne.",
        Raison.AUTRE_CATEGORIE: "L'éditeur a une présérie validée de ce module, mais pour une autre catégorie de "
        "professionnels : celle-ci a besoin de la sienne.",
        Raison.INTEGRATEUR: "Ce logiciel intègre le module d'un autre éditeur : seule sa propre présérie vaut pour "
        "lui, et elle n'est pas validée pour cette catégorie.",
    }
)


@dataclass(frozen=True, slots=True)
class Solution:
    """A logiciel, its éditeur, its module, and whose module that is: all by their codes."""

    logiciel: str
    editeur: str
    module: str
    proprietaire: str

    @property
    def integre(self) -> bool:
        """Whether its éditeur is the intégrateur of a third party's module."""
        return self.proprietaire != self.editeur


@dataclass(frozen=True, slots=True)
class PreserieValidee:
    """A validated présérie, and what it was led with."""

    code: str
    logiciel: str
    editeur: str
    module: str
    categorie_ps: str
    validee_le: datetime | None


@dataclass(frozen=True, slots=True)
class Validite:
    """Whether a logiciel is covered for a catégorie; ``par`` is the présérie that covers it."""

    raison: Raison
    par: PreserieValidee | None = None


def validite(solution: Solution, categorie_ps: str, validees: Collection[PreserieValidee]) -> Validite:
    """Its own présérie comes first, then the one validated earliest; another éditeur's are never looked at."""
    siennes = sorted((v for v in validees if v.editeur == solution.editeur), key=_anciennete)
    ici = [v for v in siennes if v.categorie_ps == categorie_ps]
    propres = [v for v in ici if v.logiciel == solution.logiciel]
    if propres:
        return Validite(Raison.PROPRE, propres[0])
    if solution.integre:
        return Validite(Raison.INTEGRATEUR)
    memes = [v for v in ici if v.module == solution.module]
    if memes:
        return Validite(Raison.MEME_MODULE, memes[0])
    if ici:
        return Validite(Raison.AUTRE_MODULE)
    if any(v.module == solution.module for v in siennes):
        return Validite(Raison.AUTRE_CATEGORIE)
    return Validite(Raison.AUCUNE_PRESERIE)


def _anciennete(v: PreserieValidee) -> tuple[datetime, str]:
    return v.validee_le or datetime.max.replace(tzinfo=UTC), v.code
