"""The dashboards and what hands them to Grafana: as the code makes them, of the form that Grafana's SDK describes."""

import enum
import itertools
import json
import re
import types
import typing
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.__main__ import fichiers
from tests.grafana.tableaux import FICHIERS, GRAFANA, lire, panneaux, requetes, variables
from tests.outils import Corps

DOCS = GRAFANA.parents[1] / "docs"
par_tableau = pytest.mark.parametrize("fichier", FICHIERS, ids=lambda fichier: fichier.stem)


def test_les_fichiers_sont_ceux_que_le_code_ecrit() -> None:
    assert {fichier.name: fichier.read_text("utf-8") for fichier in FICHIERS} == fichiers(), "make grafana"


@par_tableau
def test_un_tableau_est_du_modele_de_grafana_et_ne_perd_rien_a_y_passer(fichier: Path) -> None:
    register_default_plugins()
    modele = Dashboard.from_json(lire(fichier))
    assert list(_ecarts(modele, Dashboard, "tableau")) == []
    assert json.loads(JSONEncoder().encode(modele)) == lire(fichier)


def _ecarts(valeur: object, forme: typing.Any, chemin: str) -> typing.Iterator[str]:
    """Where a value is not what the SDK's annotations say: it reads anything without a look at its type."""
    origine, parametres = typing.get_origin(forme), typing.get_args(forme)
    if origine in (typing.Union, types.UnionType):
        yield from min((list(_ecarts(valeur, possible, chemin)) for possible in parametres), key=len)
    elif origine is list and isinstance(valeur, list):
        for rang, element in enumerate(valeur):
            yield from _ecarts(element, parametres[0], f"{chemin}[{rang}]")
    elif origine is dict and isinstance(valeur, dict):
        for cle, element in valeur.items():
            yield from _ecarts(element, parametres[1], f"{chemin}.{cle}")
    elif origine is typing.Literal:
        yield from () if valeur in parametres else (chemin,)
    elif origine is None and isinstance(forme, type):
        yield from _ecarts_de_classe(valeur, forme, chemin)
    else:
        yield chemin


def _ecarts_de_classe(valeur: object, forme: type, chemin: str) -> typing.Iterator[str]:
    if issubclass(forme, enum.Enum):
        yield from () if valeur in list(forme) else (chemin,)
    elif forme is float:
        yield from () if type(valeur) in (int, float) else (chemin,)
    elif isinstance(valeur, dict) and hasattr(forme, "from_json"):  # transformations, that the SDK leaves as they came
        lue = forme.from_json(valeur)
        yield from () if json.loads(JSONEncoder().encode(lue)) == valeur else (chemin,)
        yield from _ecarts_de_classe(lue, forme, chemin)
    elif not isinstance(valeur, forme) or (isinstance(valeur, bool) and forme is int):
        yield chemin
    elif type(valeur).__module__.startswith("grafana_foundation_sdk"):
        for nom, sienne in typing.get_type_hints(type(valeur)).items():
            yield from _ecarts(getattr(valeur, nom), sienne, f"{chemin}.{nom}")


@pytest.mark.parametrize(("champ", "faux"), [("title", 3), ("timezone", ["UTC"]), ("graphTooltip", 9), ("tags", [1])])
def test_un_tableau_mal_type_est_vu(champ: str, faux: object) -> None:
    register_default_plugins()
    assert list(_ecarts(Dashboard.from_json(lire(FICHIERS[0]) | {champ: faux}), Dashboard, "tableau"))


@par_tableau
def test_chaque_panneau_se_lit_sans_le_code(fichier: Path) -> None:
    tableau = lire(fichier)
    assert tableau["title"]
    assert tableau["description"]
    assert tableau["timezone"] == "Europe/Paris"
    for panneau in panneaux(tableau):
        assert panneau["title"]
        assert panneau["description"].endswith("."), panneau["title"]
        assert panneau["fieldConfig"]["defaults"]["unit"], panneau["title"]
        assert panneau["targets"], panneau["title"]
        sources = [panneau["datasource"], *(cible["datasource"] for cible in panneau["targets"])]
        assert {source["uid"] for source in sources} == {"${source}"}, panneau["title"]
        ref_ids = [cible["refId"] for cible in panneau["targets"]]
        assert len(set(ref_ids)) == len(ref_ids), panneau["title"]


@par_tableau
def test_les_panneaux_ne_se_recouvrent_pas(fichier: Path) -> None:
    tableau = lire(fichier)
    numeros = [panneau["id"] for panneau in tableau["panels"]]
    assert len(set(numeros)) == len(numeros)
    assert all(panneau["gridPos"]["x"] + panneau["gridPos"]["w"] <= 24 for panneau in tableau["panels"])
    cases = [case for panneau in tableau["panels"] for case in _cases(panneau["gridPos"])]
    assert len(set(cases)) == len(cases)


def _cases(place: dict[str, int]) -> typing.Iterator[tuple[int, int]]:
    colonnes, lignes = (range(place[debut], place[debut] + place[etendue]) for debut, etendue in ("xw", "yh"))
    return itertools.product(colonnes, lignes)


def test_les_tableaux_se_distinguent_et_se_trouvent_par_leur_etiquette() -> None:
    tableaux = [lire(fichier) for fichier in FICHIERS]
    assert {tableau["uid"] for tableau in tableaux} == {f"traces-postes-{fichier.stem}" for fichier in FICHIERS}
    assert len({tableau["title"] for tableau in tableaux}) == len(tableaux) == 3
    for tableau in tableaux:
        (lien,) = tableau["links"]
        assert tableau["tags"] == lien["tags"] == ["traces-postes"]


def test_chaque_mesure_nommee_est_decrite() -> None:
    lignes = re.findall(r"^\| `([^`]+)` \| (\w+) \|", (DOCS / "metriques.md").read_text("utf-8"), re.MULTILINE)
    decrites = {
        f"{nom}{suffixe}"
        for nom, type_ in lignes
        for suffixe in (("_bucket", "_sum", "_count") if type_ == "histogram" else ("",))
    }
    questions = [requete.expr for requete in requetes()]
    questions += [variable["query"]["query"] for fichier in FICHIERS for variable in variables(lire(fichier))]
    nommees = {nom for expr in questions for nom in re.findall(r"\b(?:preserie_|traces_postes_)\w+", expr)}
    assert nommees - decrites == set()


def _yaml(chemin: str) -> Corps:
    lu: Corps = yaml.safe_load((GRAFANA / "provisioning" / chemin).read_text("utf-8"))
    return lu


def test_la_source_fournie_est_celle_que_les_tableaux_choisissent_d_abord() -> None:
    (source,) = _yaml("datasources/prometheus.yml")["datasources"]
    assert (source["type"], source["access"], source["url"]) == ("prometheus", "proxy", "${PROMETHEUS_URL}")
    for fichier in FICHIERS:
        (variable,) = (v for v in lire(fichier)["templating"]["list"] if v["type"] == "datasource")
        assert (variable["name"], variable["query"]) == ("source", "prometheus")
        assert variable["current"] == {"text": source["name"], "value": source["uid"]}


def test_le_dossier_fourni_ne_nomme_aucune_machine() -> None:
    (fournisseur,) = _yaml("dashboards/traces-postes.yml")["providers"]
    assert (fournisseur["type"], fournisseur["options"]) == ("file", {"path": "${GRAFANA_TABLEAUX}"})
    for fichier in (GRAFANA / "provisioning").rglob("*.yml"):
        assert _yaml(str(fichier.relative_to(GRAFANA / "provisioning")))["apiVersion"] == 1
        variables_d_environnement = re.findall(r"\$\{(\w+)\}", fichier.read_text("utf-8"))
        assert set(variables_d_environnement) <= set(
            re.findall(r"`(\w+)`", (DOCS / "tableaux-de-bord.md").read_text("utf-8"))
        )
