"""From FastAPI's description to a complete OpenAPI 3.1 document in French."""

import inspect
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from app.acces.dependances import Exigence, roles_admis
from app.contrat import mecanique
from app.contrat.exemples import exemples
from app.contrat.glossaire import decrire_champs, decrire_parametres
from app.contrat.probleme import FAUTE, PROBLEME
from app.contrat.textes import ETIQUETTES, PRESENTATION
from app.contrat.trace import schemas_de_trace
from app.questionnaire.routes_page import EN_FORMULAIRE, HTML
from app.questionnaire.schemas import ReponseCorps
from app.reponses import Reponses, ajouter

Objet = dict[str, Any]
JSON = "application/json"
_REFERENCE = "#/components/schemas/"
_ENTETES: Objet = {
    "X-Request-Id": {
        "description": "Numéro de la requête, à citer en cas d'incident.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "WWW-Authenticate": {"description": "Le schéma d'accès attendu : Bearer.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Secondes à attendre avant de renvoyer la même requête.",
        "schema": {"type": "integer", "minimum": 1},
    },
}
_ENTETES_PAR_STATUT = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}
_SECURITE: Objet = {
    "cle": {
        "type": "http",
        "scheme": "bearer",
        "description": "Clé d'accès remise par la Cnam : « Authorization: Bearer <clé> ». Elle porte un rôle.",
    }
}


def completer(brut: Objet, routes: Sequence[BaseRoute]) -> Objet:
    """The document of these routes; ``brut`` is what FastAPI says of them."""
    schemas: Objet = brut.setdefault("components", {}).setdefault("schemas", {})
    for schema in schemas.values():
        schema.pop("description", None)  # docstrings, which speak to developers
    schemas.update(schemas_de_trace())
    schemas["ReponseCorps"] = ReponseCorps.model_json_schema()  # read by its route itself, as a form may be it
    for nom in ("HTTPValidationError", "ValidationError"):
        schemas.pop(nom, None)
    schemas |= {"Probleme": deepcopy(PROBLEME), "Faute": deepcopy(FAUTE)}
    for contexte in iter_route_contexts(routes):
        for methode in contexte.methods or ():
            operation = brut["paths"].get(contexte.path_format, {}).get(methode.lower())
            if operation is not None:
                _completer_operation(operation, contexte, methode, schemas)
    propre = _nettoyer(brut)
    document = {
        "openapi": propre["openapi"],
        "info": propre["info"] | {"title": "Traces postes", "description": PRESENTATION},
        "tags": [{"name": nom, "description": texte} for nom, texte in ETIQUETTES.items()],
        "paths": {chemin: dict(sorted(methodes.items())) for chemin, methodes in sorted(propre["paths"].items())},
        "components": {
            "headers": _ENTETES,
            "schemas": dict(sorted(propre["components"]["schemas"].items())),
            "securitySchemes": _SECURITE,
        },
    }
    decrire_champs(document["components"]["schemas"])
    _donner_les_exemples(document)
    return document


def _completer_operation(operation: Objet, contexte: RouteContext, methode: str, schemas: Objet) -> None:
    if operation.get("description") == inspect.cleandoc(contexte.endpoint.__doc__ or ""):
        del operation["description"]  # a docstring
    exigence = mecanique.exigence(contexte.dependant)
    acces = "Sans clé."
    if exigence is not None:
        acces = f"Rôles : {', '.join(f'`{role}`' for role in roles_admis(exigence.roles))}."
        operation["security"] = [{"cle": []}]
        operation["x-roles"] = roles_admis(exigence.roles)
    operation["description"] = "\n\n".join(filter(None, [operation.get("description"), acces]))
    for parametre in operation.get("parameters", ()):
        parametre["schema"] = _sans_null(parametre["schema"])
    decrire_parametres(contexte.path_format or "", operation.get("parameters", []))
    operation["responses"] = _reponses(operation, contexte, methode, exigence, _champ_requis(operation, schemas))


def _sans_null(schema: Objet) -> Objet:
    """A parameter that may be left out is never null: an address cannot say it."""
    choix = [un for un in schema.get("anyOf", ()) if un != {"type": "null"}]
    reste = {cle: valeur for cle, valeur in schema.items() if cle != "anyOf"}
    return reste | choix[0] if len(choix) == 1 else schema


def _reponses(
    operation: Objet, contexte: RouteContext, methode: str, exigence: Exigence | None, champ: str | None
) -> Objet:
    reponses: Reponses = operation["responses"]
    if JSON in reponses.get("422", {}).get("content", {}):
        del reponses["422"]  # FastAPI's own, which is never sent; it makes none beside one that a route declares
    parametres = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
    for erreur in mecanique.problemes(contexte, methode, exigence, champ, parametres):
        ajouter(reponses, erreur)
    for statut, reponse in reponses.items():
        noms = ["X-Request-Id", *filter(None, [_ENTETES_PAR_STATUT.get(str(statut))])]
        entetes = {nom: {"$ref": f"#/components/headers/{nom}"} for nom in noms}
        if reponse["description"] == "Successful Response":
            reponse["description"] = f"{operation['summary']}."
        reponse["headers"] = reponse.get("headers", {}) | entetes
        if contexte.path in EN_FORMULAIRE and str(statut) >= "400":
            reponse["content"][HTML] = {"schema": {"type": "string"}}
    return {str(statut): reponses[statut] for statut in sorted(reponses)}


def _champ_requis(operation: Objet, schemas: Objet) -> str | None:
    """A required field of the body; None where there is no body."""
    corps = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if corps is None:
        return None
    nom = corps["schema"].get("$ref", "").removeprefix(_REFERENCE)
    return next(iter(schemas.get(nom, {}).get("required", ())), "corps")


def _nettoyer(noeud: Any, *, sont_des_noms: bool = False) -> Any:
    """Without the titles that pydantic makes up; generic names without underscores."""
    if isinstance(noeud, list):
        return [_nettoyer(element) for element in noeud]
    if not isinstance(noeud, dict):
        return _renommer(noeud) if isinstance(noeud, str) and noeud.startswith(_REFERENCE) else noeud
    return {
        (_renommer(cle) if sont_des_noms else cle): valeur
        if not sont_des_noms and cle in ("examples", "example", "default", "enum")
        else _nettoyer(valeur, sont_des_noms=cle in ("properties", "schemas") and not sont_des_noms)
        for cle, valeur in noeud.items()
        if sont_des_noms or cle != "title" or not isinstance(valeur, str)
    }


def _renommer(nom: str) -> str:
    return re.sub(r"Page_(\w+)_$", r"PageDe\1", nom)


def _donner_les_exemples(document: Objet) -> None:
    schemas = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            contenus = [("", operation.get("requestBody", {}).get("content", {}))]
            contenus += [(s, r.get("content", {})) for s, r in operation["responses"].items() if s < "300"]
            for statut, contenu in contenus:
                if JSON in contenu and (trouves := exemples(contenu[JSON]["schema"], schemas, statut)):
                    contenu[JSON]["examples"] = trouves


def operations(document: Mapping[str, Any]) -> list[tuple[str, str, Objet]]:
    """Path, method in capitals, and operation, in the document's order."""
    return [(c, m.upper(), o) for c, methodes in document["paths"].items() for m, o in methodes.items()]
