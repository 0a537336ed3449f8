"""The description is whole: every operation, field, example and problem, in French, and true of the code."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

import app.contrat
from app.contrat.document import JSON, operations
from app.contrat.textes import ETIQUETTES, PRESENTATION
from app.questionnaire.routes_page import EN_FORMULAIRE, HTML
from app.reponses import TYPE_PROBLEME
from tests.contrat.test_acces_table import ROUTES
from tests.description import document, validateur, verifier_reponse
from tests.outils import Corps, Service

OPERATIONS = [pytest.param(c, m, o, id=f"{m} {c}") for c, m, o in operations(document())]
_SANS_CLE = {"/.well-known/jwks.json", "/sante/vivant", "/sante/pret", "/questionnaire/{jeton}"}
_ANGLAIS = re.compile(r"\b(the|of|is|are|and|that|which|with|its|what|where|successful|error)\b", re.IGNORECASE)
chaque_operation = pytest.mark.parametrize(("chemin", "methode", "operation"), OPERATIONS)


def _textes(noeud: Any) -> Iterator[str]:
    """Every text that is for people."""
    if isinstance(noeud, list):
        for un in noeud:
            yield from _textes(un)
    elif isinstance(noeud, dict):
        for cle, valeur in noeud.items():
            if cle in ("description", "summary", "title", "detail") and isinstance(valeur, str):
                yield valeur
            yield from _textes(valeur)


def _references(noeud: Any) -> Iterator[str]:
    if isinstance(noeud, list):
        for un in noeud:
            yield from _references(un)
    elif isinstance(noeud, dict):
        if isinstance(noeud.get("$ref"), str):
            yield noeud["$ref"]
        for valeur in noeud.values():
            yield from _references(valeur)


def test_la_description_est_de_l_openapi_3_1_sans_reference_perdue() -> None:
    assert document()["openapi"].startswith("3.1.")
    assert set(document()) == {"openapi", "info", "paths", "components", "tags"}
    for reference in set(_references(document())):
        noeud = document()
        for morceau in reference.removeprefix("#/").split("/"):
            noeud = noeud[morceau]
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert not {"HTTPValidationError", "ValidationError"} & document()["components"]["schemas"].keys()


def test_tous_les_textes_sont_en_francais() -> None:
    textes = list(_textes(document()))
    assert len(textes) > 500
    assert [texte for texte in textes if _ANGLAIS.search(texte)] == []


@chaque_operation
def test_une_operation_est_entierement_decrite(chemin: str, methode: str, operation: Corps) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])
    assert len(operation["description"].rpartition("\n\n")[0].split()) > 4, "Il manque une « description »."
    assert set(operation["tags"]) <= set(ETIQUETTES)
    for parametre in operation.get("parameters", ()):
        assert parametre["description"], f"glossaire.toml ne décrit pas {parametre['name']}"
        jsonschema_rs.validate(parametre["schema"] | {"components": document()["components"]}, parametre["example"])
    assert ("security" in operation) is ("x-roles" in operation) is (chemin not in _SANS_CLE)
    assert ("401" in operation["responses"]) is ("security" in operation)
    if methode != "GET":
        assert "415" in operation["responses"]
    assert ("requestBody" in operation) is ("408" in operation["responses"])


def test_les_operations_ont_des_noms_distincts() -> None:
    noms = [operation["operationId"] for _, _, operation in operations(document())]
    assert len(set(noms)) == len(noms)


def test_les_roles_decrits_sont_ceux_qui_passent() -> None:
    """The table that every role is tried on, route by route."""
    decrits = {(m, c): set(o.get("x-roles", ())) for c, m, o in operations(document())}
    essayes = {(route.methode, route.gabarit): set((route.roles or "").split()) for route in ROUTES}
    assert decrits == {ou: roles for ou, roles in essayes.items() if ou[1] not in ("/docs", "/openapi.json")}


@chaque_operation
def test_chaque_corps_et_chaque_reponse_a_un_exemple_valide(chemin: str, methode: str, operation: Corps) -> None:
    contenus = [operation.get("requestBody", {}).get("content", {}).get(JSON)]
    contenus += [r.get("content", {}).get(JSON) for s, r in operation["responses"].items() if s < "300"]
    for contenu in filter(None, contenus):
        assert contenu.get("examples"), f"Il manque app/contrat/exemples/<Schema>.<nom>.json : {contenu['schema']}"
        for nom, exemple in contenu["examples"].items():
            fautes = [
                f"{e.instance_path} {e.message}" for e in validateur(contenu["schema"]).iter_errors(exemple["value"])
            ]
            assert not fautes, (nom, fautes)


def test_un_exemple_d_accuse_est_celui_de_son_statut() -> None:
    reponses = document()["paths"]["/traces"]["post"]["responses"]
    noms = {statut: set(reponses[statut]["content"][JSON]["examples"]) for statut in ("200", "201")}
    assert noms == {"200": {"doublon", "tableau-avec-rejet"}, "201": {"enregistree"}}


@chaque_operation
def test_chaque_probleme_a_un_exemple_de_son_code(chemin: str, methode: str, operation: Corps) -> None:
    for statut, reponse in operation["responses"].items():
        assert "X-Request-Id" in reponse["headers"]
        if statut < "400":
            continue
        pages = [HTML] if chemin in EN_FORMULAIRE else []
        assert list(reponse["content"]) == [TYPE_PROBLEME, *pages]
        contenu = reponse["content"][TYPE_PROBLEME]
        for code, exemple in contenu["examples"].items():
            validateur(contenu["schema"]).validate(exemple["value"])
            assert exemple["value"]["type"] == f"urn:traces-postes:probleme:{code}"
            assert exemple["value"]["status"] == int(statut)
            assert exemple["value"]["detail"].endswith(".")
            assert ("Retry-After" in reponse["headers"]) is (statut in ("429", "503"))
            assert ("WWW-Authenticate" in reponse["headers"]) is (statut == "401")


def test_chaque_champ_est_decrit() -> None:
    muets = [
        f"{nom}.{champ}"
        for nom, schema in document()["components"]["schemas"].items()
        for champ, forme in schema.get("properties", {}).items()
        if "description" not in forme
    ]
    assert not muets, f"À décrire dans app/contrat/glossaire.toml : {muets}"


def test_le_glossaire_et_les_exemples_ne_gardent_rien_de_trop() -> None:
    schemas = document()["components"]["schemas"]
    fichiers = Path(app.contrat.__file__).parent.glob("exemples/*.json")
    assert [f.name for f in fichiers if f.name.split(".")[0] not in schemas] == []
    glossaire = tomllib.loads((Path(app.contrat.__file__).parent / "glossaire.toml").read_text("utf-8"))
    champs = {(nom, champ) for nom, schema in schemas.items() for champ in schema.get("properties", {})}
    assert glossaire["champs"].keys() - {champ for _, champ in champs} == set()
    propres = {(nom, champ) for nom, siens in glossaire["propres"].items() for champ in siens}
    assert propres - champs == set()
    parametres = {p["name"] for _, _, o in operations(document()) for p in o.get("parameters", ())}
    assert {nom.rpartition("/")[2] for nom in glossaire["parametres"]} == parametres


def test_chaque_code_de_probleme_est_dans_la_description() -> None:
    page = (Path(app.contrat.__file__).parents[2] / "docs" / "erreurs.md").read_text("utf-8")
    codes = set(re.findall(r"^\| `([^`]+)` \| \d{3} \|", page, re.MULTILINE))
    dits = {
        code
        for _, _, operation in operations(document())
        for reponse in operation["responses"].values()
        for code in reponse.get("content", {}).get(TYPE_PROBLEME, {}).get("examples", {})
    }
    hors = set(re.findall(r"\b\d{3} `([a-z-]+)`", PRESENTATION))
    assert dits | hors == codes
    assert {"methode-refusee", "entetes-trop-grands"} == codes - dits


async def test_une_reponse_que_la_description_ne_dit_pas_fait_echouer(service: Service) -> None:
    """The check of every answer of the suite sees what it should."""
    reponse = await service.appeler("GET", "/sante/vivant")
    for alteration in (
        {"status_code": 202},
        {"_content": b'{"statut": "mort"}'},
        {"headers": {"content-type": "text/plain", "x-request-id": reponse.headers["x-request-id"]}},
        {"headers": {"content-type": "application/json"}},
    ):
        autre = await service.client.get("/sante/vivant")
        for attribut, valeur in alteration.items():
            setattr(autre, attribut, valeur)
        with pytest.raises(AssertionError):
            verifier_reponse(autre)
    probleme = await service.client.get("/editeurs")
    corps = json.loads(probleme.content)
    for faute in ({"type": "urn:traces-postes:probleme:inconnu"}, {"status": "401"}, {"indice": 1}):
        vars(probleme)["_content"] = json.dumps(corps | faute).encode()
        with pytest.raises(AssertionError):
            verifier_reponse(probleme)
