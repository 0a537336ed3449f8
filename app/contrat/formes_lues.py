"""Schemas as people read them: the type of a value and its constraints, in French."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

Objet = dict[str, Any]
_PREFIXE = "#/components/schemas/"
_TYPES = {
    "string": "texte",
    "integer": "entier",
    "number": "nombre",
    "boolean": "true ou false",
    "null": "null",
    "object": "objet",
}
_FORMATS = {"date": "jour (AAAA-MM-JJ)", "date-time": "instant (RFC 3339)", "uuid": "UUID", "uri": "URI"}
_BORNES = {
    "minimum": "au moins {}",
    "maximum": "au plus {}",
    "minLength": "au moins {} caractère(s)",
    "maxLength": "au plus {} caractères",
    "minItems": "au moins {} élément(s)",
    "maxItems": "au plus {} éléments",
}
_SANS_INTERET = frozenset({"^[^\\x00]*$"})


@dataclass(frozen=True, slots=True)
class Champ:
    """One line of a table of fields or parameters."""

    nom: str
    type: Markup
    requis: bool
    contraintes: list[Markup]
    description: str


def champs(schema: Objet) -> list[Champ]:
    """The fields of an object."""
    requis = schema.get("required", ())
    return [
        Champ(nom, type_lu(forme), nom in requis, contraintes(forme), forme.get("description", ""))
        for nom, forme in schema.get("properties", {}).items()
    ]


def parametre(p: Objet) -> Champ:
    return Champ(
        p["name"], type_lu(p["schema"]), p.get("required", False), contraintes(p["schema"]), p.get("description", "")
    )


def type_lu(schema: Objet) -> Markup:
    """What a value is; a schema of its own is a link."""
    if "$ref" in schema:
        nom = schema["$ref"].removeprefix(_PREFIXE)
        return Markup('<a href="#schema-{0}">{0}</a>').format(nom)
    for choix in ("anyOf", "oneOf"):
        if choix in schema:
            return Markup(" ou ").join(type_lu(un) for un in schema[choix])
    if "const" in schema:
        return Markup("<code>{}</code>").format(schema["const"])
    if "enum" in schema:
        return Markup(" | ").join(Markup("<code>{}</code>").format(valeur) for valeur in schema["enum"])
    if schema.get("type") == "array":
        if "prefixItems" in schema:
            return Markup("[{}]").format(Markup(", ").join(type_lu(un) for un in schema["prefixItems"]))
        return Markup("tableau de {}").format(type_lu(schema["items"]))
    if isinstance(valeurs := schema.get("additionalProperties"), dict):
        return Markup("objet : à chaque nom, {}").format(type_lu(valeurs))
    return Markup(_FORMATS.get(schema.get("format", "")) or _TYPES.get(schema.get("type", ""), "valeur"))  # noqa: S704


def contraintes(schema: Objet) -> list[Markup]:
    """The bounds of a value, those of its choices among them."""
    dites = [Markup(phrase).format(schema[cle]) for cle, phrase in _BORNES.items() if cle in schema]  # noqa: S704
    motif = schema.get("pattern")
    if motif is not None and motif not in _SANS_INTERET and schema.get("format") not in _FORMATS:
        dites.append(Markup("de la forme <code>{}</code>").format(motif))
    if schema.get("default") not in (None, ""):
        dites.append(Markup("par défaut {}").format(schema["default"]))
    for choix in schema.get("anyOf", ()):
        dites += contraintes(choix)
    return dites
