"""``/docs``: the document as a page for people, in French. No script, nothing from another host."""

import base64
import hashlib
import json
import shlex
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from app.contrat.document import JSON, operations
from app.contrat.formes_lues import champs, parametre, type_lu
from app.contrat.texte import en_html, en_ligne
from app.reponses import TYPE_PROBLEME

Objet = dict[str, Any]
_PREFIXE = "#/components/schemas/"
_env = Environment(
    loader=PackageLoader("app.contrat", ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_env.filters |= {
    "riche": en_html,
    "en_ligne": en_ligne,
    "joli": lambda v: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False, indent=2),
}
_STYLE = _env.get_template("page.css").render()
_EMPREINTE = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLITIQUE = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_EMPREINTE}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def page(document: Objet) -> str:
    """The whole page."""
    schemas = document["components"]["schemas"]
    return _env.get_template("page.html.j2").render(
        style=Markup(_STYLE),  # noqa: S704 — our own file
        presentation=document["info"]["description"],
        groupes=[
            (
                etiquette,
                [_operation(c, m, o, schemas) for c, m, o in operations(document) if etiquette["name"] in o["tags"]],
            )
            for etiquette in document["tags"]
        ],
        schemas=[
            (nom, champs(schema), None if "properties" in schema else type_lu(schema))
            for nom, schema in sorted(schemas.items())
        ],
    )


def _operation(chemin: str, methode: str, operation: Objet, schemas: Objet) -> Objet:
    corps = operation.get("requestBody", {})
    media, contenu = next(iter(corps.get("content", {}).items()), (JSON, None))
    return {
        "id": operation["operationId"],
        "methode": methode,
        "chemin": chemin,
        "titre": operation["summary"],
        "description": operation["description"],
        "parametres": [parametre(p) for p in operation.get("parameters", ())],
        "lieux": {
            p["name"]: {"path": "chemin", "query": "adresse"}.get(p["in"], "en-tête")
            for p in operation.get("parameters", ())
        },
        "corps": contenu and {"texte": corps.get("description", ""), "type": type_lu(contenu["schema"])},
        "champs": champs(_vise(contenu["schema"], schemas)) if contenu is not None else [],
        "exemples": contenu["examples"] if contenu is not None else {},
        "curl": _curl(chemin, methode, operation, media, contenu),
        "reponses": [_reponse(s, r) for s, r in operation["responses"].items() if s < "400"],
        "problemes": [
            (statut, code, exemple["value"])
            for statut, reponse in operation["responses"].items()
            for code, exemple in reponse.get("content", {}).get(TYPE_PROBLEME, {}).get("examples", {}).items()
        ],
    }


def _vise(schema: Objet, schemas: Objet) -> Objet:
    """The object that a body is, or is an array of."""
    while "oneOf" in schema:
        schema = schema["oneOf"][0]
    vise: Objet = schemas[schema["$ref"].removeprefix(_PREFIXE)] if "$ref" in schema else schema
    return vise


def _reponse(statut: str, reponse: Objet) -> Objet:
    contenus = reponse.get("content", {})
    return {
        "statut": statut,
        "description": reponse["description"],
        "types": [(media, type_lu(contenu.get("schema", {}))) for media, contenu in contenus.items()],
        "exemples": contenus.get(JSON, {}).get("examples", {}),
        "entetes": [nom for nom in reponse.get("headers", ()) if nom != "X-Request-Id"],
    }


def _curl(chemin: str, methode: str, operation: Objet, media: str, contenu: Objet | None) -> str:
    """A line that can be pasted, once ``URL`` and ``CLE`` are set."""
    requete = {}
    for p in operation.get("parameters", ()):
        if p["in"] == "path":
            chemin = chemin.replace(f"{{{p['name']}}}", quote(str(p["example"])))
        elif p["in"] == "query" and p.get("required"):
            requete[p["name"]] = str(p["example"])
    morceaux = [f'curl "$URL{chemin}{"?" + urlencode(requete) if requete else ""}"']
    if methode not in ("GET", "POST") or (methode == "POST" and contenu is None):
        morceaux.append(f"-X {methode}")
    if "security" in operation:
        morceaux.append('-H "Authorization: Bearer $CLE"')
    if contenu is not None:
        exemple = next(iter(contenu["examples"].values()))["value"]
        morceaux.append(f"-H 'Content-Type: {media}'")
        fichier = "--data-binary @fichier.csv"
        morceaux.append("-d " + shlex.quote(json.dumps(exemple, ensure_ascii=False)) if media == JSON else fichier)
    return " \\\n  ".join(morceaux)
