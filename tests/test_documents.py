"""Documents that list things list all of them, and nothing else."""

import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import typer.main
from fastapi import FastAPI
from pydantic import BaseModel

import app.serveur
from app.acces.roles import Role
from app.cli import app as commandes
from app.erreurs import ErreurMetier
from app.preseries.modalites import CODES
from app.referentiels import EN_VIGUEUR, Fraction, Referentiel
from app.reglages import Reglages
from app.traces.refus import STATUTS, TraceRefusee
from app.traces.schemas import ErreurRecue, TraceRecue
from tests.outils import Service, trace
from tests.supervision.releves import lire

DOCS = Path(app.serveur.__file__).parents[1] / "docs"


_PREMIERE = r"^\| `([^`]+)`"


def _premiere_colonne(page: str) -> list[str]:
    return re.findall(_PREMIERE, (DOCS / page).read_text("utf-8"), re.MULTILINE)


def _erreurs(classe: type[ErreurMetier]) -> Iterator[tuple[str, int]]:
    for sous in classe.__subclasses__():
        if sous is not TraceRefusee:
            yield sous.code, sous.statut
            yield from _erreurs(sous)


def test_chaque_reglage_est_decrit() -> None:
    assert set(_premiere_colonne("reglages.md")) == {f"TRACES_POSTES_{nom.upper()}" for nom in Reglages.model_fields}


def test_chaque_code_de_probleme_est_decrit_avec_son_statut() -> None:
    lignes = re.findall(r"^\| `([^`]+)` \| (\d{3}) \|", (DOCS / "erreurs.md").read_text("utf-8"), re.MULTILINE)
    decrits = {(code, int(statut)) for code, statut in lignes}
    assert decrits == set(_erreurs(ErreurMetier)) | {(refus.value, statut) for refus, statut in STATUTS.items()}


async def test_chaque_route_est_decrite(application: FastAPI) -> None:
    chemins = application.openapi()["paths"]
    servies = {f"{methode.upper()} {chemin}" for chemin, methodes in chemins.items() for methode in methodes}
    assert set(_premiere_colonne("routes.md")) - {"GET /docs", "GET /openapi.json"} == servies


async def test_chaque_mesure_est_decrite_avec_son_type_et_ses_etiquettes(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    await cnam.poster(trace())
    familles = lire((await cnam.appeler("GET", "/metrics")).text).familles.values()
    exposees = {
        (
            famille.name + ("_total" if famille.type == "counter" else ""),
            famille.type,
            frozenset(nom for sample in famille.samples for nom in sample.labels if nom != "le"),
        )
        for famille in familles
    }
    lignes = re.findall(
        r"^\| `([^`]+)` \| (\w+) \| ([^|]*)\|", (DOCS / "metriques.md").read_text("utf-8"), re.MULTILINE
    )
    assert {
        (nom, type_, frozenset(re.findall("`([^`]+)`", etiquettes))) for nom, type_, etiquettes in lignes
    } == exposees


def _cles(modele: type[BaseModel], prefixe: str = "") -> Iterator[str]:
    for nom, champ in modele.model_fields.items():
        forme = champ.annotation
        if isinstance(forme, type) and issubclass(forme, BaseModel) and forme is not Fraction:
            yield from _cles(forme, f"{prefixe}{nom}.")
        else:
            yield f"{prefixe}{nom}"


def test_chaque_cle_d_un_referentiel_et_chaque_modalite_est_decrite_dans_l_ordre() -> None:
    cles, _, modalites = (DOCS / "referentiels.md").read_text("utf-8").partition("## Modalités")
    assert re.findall(_PREMIERE, cles, re.MULTILINE) == list(_cles(Referentiel))
    assert re.findall(_PREMIERE, modalites, re.MULTILINE) == list(CODES)


def test_les_valeurs_decrites_du_referentiel_de_la_lpp_sont_les_siennes() -> None:
    page = (DOCS / "referentiels.md").read_text("utf-8")
    for cle, dite in re.findall(r"^\| `([^`]+)` \| [^|]+ \| ([^|]+) \| (?:source|choice) \|$", page, re.MULTILINE):
        valeur: Any = reduce(getattr, cle.split("."), EN_VIGUEUR["lpp"])
        if isinstance(valeur, int):
            assert dite == str(valeur).lower(), cle
        elif isinstance(valeur, str):
            assert dite.strip("`") == valeur, cle
        elif isinstance(valeur, Fraction):
            assert dite == f"{valeur.numerateur}/{valeur.denominateur}", cle
        elif cle == "perimetre.types_prescription":
            assert dite.startswith("the eight") == (len(valeur) == 8)
        else:
            assert dite == (str(len(valeur)) if isinstance(valeur, dict) else ", ".join(valeur)), cle


def test_chaque_champ_d_une_trace_est_decrit() -> None:
    table = (DOCS.parent / "README.md").read_text("utf-8").partition("## Sending traces")[2].partition("###")[0]
    decrits = dict(re.findall(r"^\| `([a-z_.0-9]+)` \| ([^|]+) \|", table, re.MULTILINE))
    erreur = {f"erreur.{champ}" for champ in ErreurRecue.__annotations__}
    assert decrits.keys() == TraceRecue.__annotations__.keys() | erreur
    requis = {champ for champ, quand in decrits.items() if quand == "yes"}
    assert requis == {champ for champ, forme in TraceRecue.__annotations__.items() if "NotRequired" not in str(forme)}


def test_chaque_commande_est_decrite() -> None:
    table = (DOCS / "cli.md").read_text("utf-8").partition("## Options")[0]
    decrites = re.findall(r"^\| `traces-postes ([a-z ]+[a-z])", table, re.MULTILINE)
    assert set(decrites) == set(noms_des_commandes(typer.main.get_command(commandes)))


def noms_des_commandes(commande: object, prefixe: str = "") -> Iterator[str]:
    for nom, sous in getattr(commande, "commands", {}).items():
        complet = f"{prefixe} {nom}".strip()
        if getattr(sous, "commands", None):
            yield from noms_des_commandes(sous, complet)
        else:
            yield complet


def test_chaque_suite_de_tests_est_decrite() -> None:
    tests = DOCS.parent / "tests"
    suites = {f"tests/{fichier.relative_to(tests).parts[0]}" for fichier in tests.rglob("test_*.py")}
    table = (DOCS / "essais.md").read_text("utf-8").partition("##")[0]
    assert set(re.findall(r"`(tests/[a-z_.]+)`", table)) == suites
