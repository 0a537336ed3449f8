"""The rules of each catégorie de PS, as data: one TOML file each, checked when the package is imported.

``<code>.toml`` holds the rules in force; ``<code>-<version>.toml`` those that préséries started under them keep.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from app.referentiels.regles import Fraction, Referentiel

__all__ = ["EN_VIGUEUR", "HORS_PERIMETRE", "OPERATIONS", "TYPES_PRESCRIPTION", "VERSIONS", "Fraction", "Referentiel"]


def charger(dossier: Traversable) -> Mapping[tuple[str, str], Referentiel]:
    """The référentiels of a folder by code and version, the one in force the last of its code.

    Raises ValueError, naming the file, where one is malformed or misnamed, and naming the code that has none in force.
    """
    lus: list[tuple[bool, Referentiel]] = []  # whether it is in force
    for fichier in sorted((f for f in dossier.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name):
        nom = fichier.name.removesuffix(".toml")
        try:
            lu = Referentiel.model_validate(tomllib.loads(fichier.read_text("utf-8")))
        except ValueError as erreur:
            raise ValueError(f"{fichier.name}: {erreur}") from erreur
        if nom not in (lu.code, depasse := f"{lu.code}-{lu.version}"):
            raise ValueError(f"{fichier.name}: to be named {lu.code}.toml, or {depasse}.toml once superseded")
        lus.append((nom == lu.code, lu))
    return MappingProxyType(_ranger(lus))


def _ranger(lus: Sequence[tuple[bool, Referentiel]]) -> dict[tuple[str, str], Referentiel]:
    par_version: dict[tuple[str, str], Referentiel] = {}
    for _, lu in sorted(lus, key=lambda couple: (couple[1].code, couple[0], couple[1].version)):
        cle = lu.code, lu.version
        if cle in par_version:
            raise ValueError(f"{lu.code}: version {lu.version} is there twice; what is in force bears a new one")
        par_version[cle] = lu
    en_vigueur = {lu.code for presente, lu in lus if presente}
    for code, _ in par_version:
        if code not in en_vigueur:
            raise ValueError(f"{code}: every version is superseded; what is in force is to be named {code}.toml")
    return par_version


VERSIONS = charger(files(__name__))
"""Every référentiel, by code and version."""
EN_VIGUEUR: Mapping[str, Referentiel] = MappingProxyType({code: r for (code, _), r in VERSIONS.items()})
"""The référentiel under which a présérie of each catégorie would start now."""


def _union(listes: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(valeur for liste in listes for valeur in liste))


OPERATIONS = _union(r.operations.toutes for r in VERSIONS.values())
TYPES_PRESCRIPTION = _union(r.perimetre.types_prescription for r in VERSIONS.values())
HORS_PERIMETRE = _union(r.perimetre.hors_perimetre for r in VERSIONS.values())
