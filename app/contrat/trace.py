"""The JSON Schema of a trace (draft 2020-12): what its types say, and how its fields depend on each other."""

from typing import Any

from pydantic import TypeAdapter

from app.contrat.exemples import lus
from app.contrat.glossaire import decrire_champs
from app.traces.schemas import TraceRecue

_UUID = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"


def schemas_de_trace() -> dict[str, Any]:
    """``TraceRecue`` and the schemas that it refers to, as components of the document."""
    schema = _avec_les_dependances(_adaptateur.json_schema(ref_template="#/components/schemas/{model}"))
    autres: dict[str, Any] = schema.pop("$defs")
    return {"TraceRecue": schema, **autres}


def schema_autonome() -> dict[str, Any]:
    """The same as a document of its own."""
    schema = _avec_les_dependances(_adaptateur.json_schema())
    decrire_champs({"TraceRecue": schema, **schema["$defs"]})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:traces-postes:schema:trace",
        "title": "Trace poste",
        "description": "Ce qu'un poste de travail envoie d'une opération. Aucune donnée de patient ; tout "
        "autre champ est refusé ; un champ à null est un champ absent.",
        **schema,
        "examples": list(lus("TraceRecue").values()),
    }


_adaptateur: TypeAdapter[TraceRecue] = TypeAdapter(TraceRecue)


def _avec_les_dependances(schema: dict[str, Any]) -> dict[str, Any]:
    """What ``app.traces.tri`` checks beside the types."""
    schema["properties"]["id"]["pattern"] = _UUID
    for sous in (schema, *schema["$defs"].values()):
        _sans_titres(sous)
    schema["allOf"] = [
        {
            "if": {"properties": {"resultat": {"const": "echec"}}, "required": ["resultat"]},
            "then": {"required": ["erreur"], "properties": {"erreur": {"type": "object"}}},
            "else": {"properties": {"erreur": {"type": "null"}}},
        },
        {
            "if": {"properties": {"operation": {"const": "execution"}}, "required": ["operation"]},
            "then": {
                "required": ["ordonnance", "type_prescription"],
                "properties": {"ordonnance": {"type": "string"}, "type_prescription": {"type": "string"}},
            },
        },
    ]
    return schema


def _sans_titres(schema: dict[str, Any]) -> None:
    schema.pop("title", None)
    schema.pop("description", None)
    for champ in schema["properties"].values():
        champ.pop("title", None)
