"""Examples, one file each: ``exemples/<Schema>.<nom>.json``. Pages and arrays are made of those of their elements.

A name that begins with a status (``201-enregistree``) goes with answers of that status alone.
"""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

Exemples = dict[str, dict[str, Any]]
_STATUT = re.compile(r"^([1-5][0-9]{2})-")
_PREFIXE = "#/components/schemas/"


def exemples(schema: dict[str, Any], schemas: dict[str, Any], statut: str) -> Exemples:
    """Named examples of a body or an answer, as OpenAPI has them; empty where no file gives any."""
    trouves: Exemples = {}
    for nom, valeur in _valeurs(schema, schemas).items():
        sien = _STATUT.match(nom)
        if sien is None or sien[1] == statut:
            trouves[_STATUT.sub("", nom)] = {"value": valeur}
    return trouves


def _valeurs(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    nom = schema.get("$ref", "").removeprefix(_PREFIXE)
    if connus := lus(nom):
        return connus
    if "oneOf" in schema:
        return {n: v for choix in schema["oneOf"] for n, v in _valeurs(choix, schemas).items()}
    if schema.get("type") == "array":
        valeurs = list(_valeurs(schema["items"], schemas).values())
        return {"tableau": valeurs} if valeurs else {}
    proprietes = schemas.get(nom, {}).get("properties", {})
    if set(proprietes) == {"elements", "suivant"}:
        elements = _valeurs(proprietes["elements"], schemas).get("tableau")
        return {"page": {"elements": elements, "suivant": None}} if elements else {}
    return {}


@cache
def lus(nom: str) -> dict[str, Any]:
    """The examples of one schema by name."""
    return {n: valeur for (schema, n), valeur in tous().items() if schema == nom}


@cache
def tous() -> dict[tuple[str, str], Any]:
    """Every example, by its schema and its name."""
    trouves = {}
    dossier = files("app.contrat") / "exemples"
    for fichier in sorted(dossier.iterdir(), key=lambda f: f.name):
        schema, nom, extension = fichier.name.split(".")
        if extension == "json":
            trouves[schema, nom] = json.loads(fichier.read_text("utf-8"))
    return trouves
