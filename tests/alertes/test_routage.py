"""Alertmanager's routing: an éditeur hears of its préséries and of nothing else, operators of the service."""

import copy
import itertools
import json
import re
from pathlib import Path

import pytest

from tests.alertes.fichiers import ABSENTS, ALERTMANAGER, RAISON, alertes, lancer, lire
from tests.outils import Corps

avec_alertmanager = pytest.mark.skipif(bool(ABSENTS), reason=RAISON)
ROUTES = [
    ("concerne=preserie severity=warning editeur=ortho-soft preserie=p", {"cnam", "editeur-ortho-soft"}),
    ("concerne=preserie severity=info editeur=ortho-soft", {"cnam", "editeur-ortho-soft"}),
    ("concerne=preserie severity=warning editeur=rival", {"cnam", "editeur-rival"}),
    ("concerne=preserie severity=warning editeur=pas-inscrit", {"cnam"}),
    ("concerne=preserie severity=warning editeur=ortho-soft-2", {"cnam"}),
    ("concerne=preserie severity=warning", {"cnam"}),
    ("concerne=exploitation severity=critical editeur=ortho-soft", {"exploitation"}),
    ("concerne=exploitation severity=warning editeur=rival", {"exploitation"}),
    ("concerne=exploitation severity=critical job=traces-postes", {"exploitation"}),
    ("alertname=Vigie concerne=exploitation severity=info", {"vigie"}),
    ("severity=critical", {"exploitation"}),
    ("editeur=ortho-soft", {"exploitation"}),
    ("alertname=Inconnue", {"exploitation"}),
]


def avec_editeur(configuration: Corps, code: str) -> Corps:
    """The configuration with one more éditeur, added as docs/alertes.md says: a route and a receiver, copied."""
    ajoutee: Corps = copy.deepcopy(configuration)
    (preseries,) = [route for route in ajoutee["route"]["routes"] if "routes" in route]
    for liste in (preseries["routes"], ajoutee["receivers"]):
        (modele,) = [une for une in liste if "ortho-soft" in json.dumps(une)]
        liste.append(json.loads(json.dumps(modele).replace("ortho-soft", code)))
    return ajoutee


@avec_alertmanager
def test_amtool_accepte_la_configuration() -> None:
    assert "SUCCESS" in lancer("amtool", "check-config", ALERTMANAGER)


@avec_alertmanager
@pytest.mark.parametrize(("etiquettes", "attendus"), ROUTES)
def test_une_alerte_va_a_qui_elle_concerne(tmp_path: Path, etiquettes: str, attendus: set[str]) -> None:
    fichier = tmp_path / "alertmanager.yml"
    fichier.write_text(json.dumps(avec_editeur(lire(ALERTMANAGER), "rival")))
    dit = lancer("amtool", "config", "routes", "test", f"--config.file={fichier}", *etiquettes.split())
    assert set(dit.strip().split(",")) == attendus


def test_rien_ne_va_a_un_editeur_que_par_son_code() -> None:
    """Each route to an éditeur asks for exactly its code, below the one that asks for préséries."""
    configuration = lire(ALERTMANAGER)
    vigie, preseries, critiques = configuration["route"]["routes"]
    assert (vigie["matchers"], vigie["receiver"]) == (['alertname="Vigie"'], "vigie")
    assert preseries["matchers"] == ['concerne="preserie"']
    toutes, *siennes = preseries["routes"]
    assert (toutes["receiver"], toutes["continue"]) == ("cnam", True)
    for route in siennes:
        (code,) = re.fullmatch(r'editeur="([a-z0-9-]+)"', *route["matchers"]).groups()  # type: ignore[union-attr]
        assert route["receiver"] == f"editeur-{code}"
    assert {configuration["route"]["receiver"], critiques["receiver"]} == {"exploitation"}


def test_les_inhibitions_nomment_des_alertes_qui_existent_et_ne_font_taire_que_l_exploitation() -> None:
    connues = alertes()
    for regle in lire(ALERTMANAGER)["inhibit_rules"]:
        sources, cibles = (
            set(itertools.chain.from_iterable(re.findall(r"\w+", m.partition('"')[2]) for m in regle[cle]))
            for cle in ("source_matchers", "target_matchers")
        )
        assert sources | cibles <= connues.keys()
        assert not sources & cibles
        assert {connues[cible]["labels"]["concerne"] for cible in cibles} == {"exploitation"}


def test_les_adresses_sont_des_exemples_sur_place() -> None:
    adresses = re.findall(r"https?://([^/:\s]+)", ALERTMANAGER.read_text("utf-8"))
    assert set(adresses) == {"127.0.0.1"}
