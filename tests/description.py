"""Every answer that a test receives is compared with the API's description: an undocumented one fails the test."""

import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from app.contrat.document import operations
from app.reponses import TYPE_PROBLEME
from openapi.fichiers import description

_HORS_OPERATIONS = {404: "introuvable", 405: "methode-refusee", 415: "type-de-media-refuse"}


@cache
def document() -> dict[str, Any]:
    """One document for the run: it depends on no setting."""
    return description()


def verifier_reponse(reponse: httpx.Response) -> None:
    """Status, media type, body, headers and problem code are those that the document gives for the route."""
    methode, chemin = reponse.request.method, reponse.request.url.path
    if methode == "HEAD" or chemin in ("/docs", "/openapi.json"):
        return
    trouvee = _operation(methode, chemin)
    if trouvee is None:
        code = _code(reponse)
        assert code == _HORS_OPERATIONS.get(reponse.status_code), f"Hors description : {methode} {code}"
        return
    gabarit, operation = trouvee
    ou = f"{methode} {gabarit} {reponse.status_code}"
    documentee = operation["responses"].get(str(reponse.status_code))
    assert documentee is not None, f"Statut non décrit : {ou} {_code(reponse)}"
    absents = [nom for nom in documentee["headers"] if nom not in reponse.headers]
    assert not absents, f"En-têtes décrits mais absents : {ou} {absents}"
    media = reponse.headers.get("content-type", "").split(";")[0]
    assert (media in documentee.get("content", {})) if reponse.content else "content" not in documentee, (
        f"Média non décrit : {ou} « {media} »"
    )
    if media in ("application/json", TYPE_PROBLEME):
        _verifier_corps(ou, reponse, documentee["content"][media], media)


def _verifier_corps(ou: str, reponse: httpx.Response, contenu: dict[str, Any], media: str) -> None:
    fautes = [f"{e.instance_path} {e.message[:200]}" for e in validateur(contenu["schema"]).iter_errors(reponse.json())]
    assert not fautes, f"Corps contraire à son schéma : {ou} {fautes}"
    if media == TYPE_PROBLEME:
        assert _code(reponse) in contenu["examples"], f"Code non décrit : {ou} {_code(reponse)}"
        imprevus = reponse.json().keys() - document()["components"]["schemas"]["Probleme"]["properties"].keys()
        assert not imprevus, f"Compléments non décrits : {ou} {imprevus}"


def _code(reponse: httpx.Response) -> str | None:
    if reponse.headers.get("content-type") != TYPE_PROBLEME:
        return None
    code: str = reponse.json()["type"].rpartition(":")[2]
    return code


@cache
def _gabarits() -> list[tuple[str, str, re.Pattern[str], dict[str, Any]]]:
    """Paths without parameters come first, as the router has them."""
    formes = [
        (methode, chemin, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", chemin)), operation)
        for chemin, methode, operation in operations(document())
    ]
    return sorted(formes, key=lambda forme: forme[1].count("{"))


def _operation(methode: str, chemin: str) -> tuple[str, dict[str, Any]] | None:
    for une, gabarit, forme, operation in _gabarits():
        if une == methode and forme.fullmatch(chemin):
            return gabarit, operation
    return None


_schemas: dict[str, jsonschema_rs.Draft202012Validator] = {}


def validateur(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """A validator of a schema of the document, formats included; compiled once."""
    cle = repr(schema)
    if cle not in _schemas:
        entier = schema | {"components": document()["components"]}
        _schemas[cle] = jsonschema_rs.Draft202012Validator(entier, validate_formats=True)
    return _schemas[cle]
