"""The rules: accepted by Prometheus, tested one by one, each with a runbook; nothing in them that is not measured."""

import importlib.util
import re
import shutil
from pathlib import Path

import pytest
import typer.main

from app.cli import app as commandes
from tests.alertes.fichiers import (
    ABSENTS,
    PROMETHEUS,
    RAISON,
    RUNBOOKS,
    alertes,
    essais,
    lancer,
    lire,
    mesures_decrites,
    regles,
)
from tests.test_documents import noms_des_commandes

avec_prometheus = pytest.mark.skipif(bool(ABSENTS), reason=RAISON)
SEVERITES = {"critical", "warning", "info"}
DESTINATAIRES = {"preserie", "exploitation"}
DE_PATRONI = {
    f"patroni_{quoi}"
    for quoi in ("primary", "replica", "postgres_streaming", "xlog_location", "xlog_replayed_location")
}
D_AILLEURS = (
    {"up", "probe_success", "probe_ssl_earliest_cert_expiry"}
    | {f"node_filesystem_{quoi}" for quoi in ("avail_bytes", "size_bytes", "readonly")}
    | DE_PATRONI
)
SONNE_TOUJOURS = "Vigie"
_CHAINES = re.compile(r'"[^"]*"')
_LISTES = re.compile(r"\{[^}]*\}|\[[^]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)")
_NOM = re.compile(r"(?<![\w.])[a-zA-Z_:][\w:]*(?!\s*\()\b(?!\s*\()")
_MOTS = {"and", "or", "unless", "offset", "by", "without", "on", "ignoring"}


def _series(expression: str) -> set[str]:
    """The names of the series that an expression of PromQL reads."""
    nue = _LISTES.sub(" ", _CHAINES.sub('""', expression))
    nue = re.sub(r"\b\d+(?:\.\d+)?(?:ms|[smhdwy])?\b", " ", nue)
    return {nom for nom in _NOM.findall(nue) if nom not in _MOTS}


def test_les_series_se_lisent_dans_une_expression() -> None:
    assert _series('max by (job, le) (a:b_c:max{x="y{z"}[5m] offset 1h) / on (q) sum without (r) (d) > 3 and e') == {
        "a:b_c:max",
        "d",
        "e",
    }


@avec_prometheus
def test_promtool_accepte_la_configuration_telle_quelle(tmp_path: Path) -> None:
    shutil.copytree(PROMETHEUS, tmp_path / "prometheus")
    (tmp_path / "prometheus" / "traces-postes.cle").write_text("une-cle")
    dit = lancer("promtool", "check", "config", tmp_path / "prometheus" / "prometheus.yml")
    assert f"{len(list((PROMETHEUS / 'regles').iterdir()))} rule files found" in dit
    lancer("promtool", "check", "rules", *sorted((PROMETHEUS / "regles").iterdir()))


@avec_prometheus
@pytest.mark.parametrize("fichier", sorted((PROMETHEUS / "tests").iterdir()), ids=lambda fichier: str(fichier.stem))
def test_promtool_joue_les_essais(fichier: Path) -> None:
    assert "SUCCESS" in lancer("promtool", "test", "rules", fichier)


def test_chaque_alerte_dit_a_qui_quoi_et_que_faire() -> None:
    for nom, regle in alertes().items():
        assert regle["labels"].keys() == {"severity", "concerne"}, nom
        assert regle["labels"]["severity"] in SEVERITES, nom
        assert regle["labels"]["concerne"] in DESTINATAIRES, nom
        dits = regle["annotations"]
        assert dits.keys() == {"summary", "description", "runbook_url"}, nom
        assert "\n" not in dits["summary"] + dits["description"], nom
        assert re.search(r"\b(?:le|la|les|l'|d'|de|des|une?|du|par|en|il|plus|depuis)\b", dits["summary"]), nom
        page = dits["runbook_url"].removeprefix("{{ $externalLabels.documentation }}docs/runbooks/")
        assert f"## {nom}" in (RUNBOOKS / page).read_text("utf-8"), f"{page} says nothing of {nom}"


def test_ce_qui_concerne_une_preserie_nomme_le_logiciel_et_la_preserie() -> None:
    for fichier, regle in regles():
        if fichier.stem in ("alertes-preseries", "alertes-chiffres"):
            resume = regle["annotations"]["summary"]
            assert resume.startswith("{{ $labels.logiciel }} (présérie {{ $labels.preserie }}) :"), regle["alert"]
            assert regle["alert"] == "RecompteJamaisFait" or "$value" in resume, regle["alert"]
        elif "alert" in regle:
            assert regle["labels"]["concerne"] == "exploitation", regle["alert"]


def test_chaque_alerte_a_un_essai_ou_elle_sonne_et_un_ou_elle_se_tait() -> None:
    attendues: dict[str, set[bool]] = {}
    for essai in essais():
        for verifie in essai.get("alert_rule_test", ()):
            attendues.setdefault(verifie["alertname"], set()).add(bool(verifie["exp_alerts"]))
            for attendue in verifie["exp_alerts"]:
                regle = alertes()[verifie["alertname"]]
                assert attendue["exp_annotations"].keys() == regle["annotations"].keys()
                assert attendue["exp_labels"].items() >= regle["labels"].items()
                if regle["labels"]["concerne"] == "preserie":
                    assert attendue["exp_labels"]["editeur"]
    assert attendues == {nom: {True} if nom == SONNE_TOUJOURS else {True, False} for nom in alertes()}
    assert alertes()[SONNE_TOUJOURS]["expr"] == "vector(1)"


def test_les_regles_ne_lisent_que_ce_qui_est_mesure() -> None:
    calculees = {regle["record"] for _, regle in regles() if "record" in regle}
    for nom in calculees:
        assert re.fullmatch(r"[a-z]+:[a-z_0-9]+:[a-z_0-9]+", nom), nom
    for _, regle in regles():
        inconnues = _series(regle["expr"]) - calculees - mesures_decrites() - D_AILLEURS
        assert not inconnues, (regle.get("alert") or regle["record"], inconnues)


def test_patroni_mesure_ce_que_lisent_les_regles() -> None:
    trouve = importlib.util.find_spec("patroni")
    assert trouve is not None
    assert trouve.origin is not None
    mesures = re.findall(r"# TYPE (patroni_\w+) ", Path(trouve.origin).with_name("api.py").read_text("utf-8"))
    assert set(mesures) >= DE_PATRONI


def test_les_preseries_ne_s_additionnent_jamais_entre_repliques() -> None:
    """Whatever reads a figure of the préséries as scraped takes one replica's, by ``max by``."""
    for _, regle in regles():
        lues = re.findall(r"(\w+) (by|without) \(([^)]*)\) \(\s*preserie_\w+", regle["expr"])
        brutes = re.findall(r"(?<![:\w\"])preserie_\w+(?=[\s{)\[])", _sans_listes(regle["expr"]))
        assert len(lues) == len(brutes), regle
        assert all(operation == "max" and mot == "by" for operation, mot, _ in lues), regle


def _page(nom: str) -> str:
    return (RUNBOOKS.parent / nom).read_text("utf-8")


def _sans_listes(expression: str) -> str:
    return re.sub(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)", " ", expression) + " "


def test_les_runbooks_sont_recenses_et_leurs_commandes_existent() -> None:
    index = (RUNBOOKS / "index.md").read_text("utf-8")
    recensees = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", index, re.MULTILINE))
    assert recensees == {nom: regle["labels"]["severity"] for nom, regle in alertes().items()}
    pages = {page.name for page in RUNBOOKS.iterdir()} - {"index.md"}
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == pages
    existantes = set(noms_des_commandes(typer.main.get_command(commandes)))
    servies = {
        re.sub(r"\{\w+\}", "*", route)
        for route in re.findall(r"^\| `([A-Z]+ [^`]+)`", _page("routes.md"), re.MULTILINE)
    }
    for page in RUNBOOKS.iterdir():
        texte = page.read_text("utf-8")
        for citee in re.findall(r"`traces-postes ([a-z]+(?: [a-z]+)*)", texte):
            assert any(citee == connue or citee.startswith(f"{connue} ") for connue in existantes), (page.name, citee)
        for citee in re.findall(r"`([A-Z]{3,6} /[^`?]*)", texte):
            assert re.sub(r"\{\w+\}|\bCODE\b", "*", citee) in servies, (page.name, citee)
        series = set(re.findall(r"\b(?:preserie|traces_postes)_[a-z_0-9]+\b(?!:)", re.sub(r"\w+:\w+:\w+", "", texte)))
        assert series <= mesures_decrites(), (page.name, series - mesures_decrites())


def test_prometheus_lit_le_service_sous_le_nom_que_disent_les_regles() -> None:
    configuration = lire(PROMETHEUS / "prometheus.yml")
    assert "traces-postes" in {tache["job_name"] for tache in configuration["scrape_configs"]}
    assert configuration["global"]["external_labels"].keys() == {"documentation"}
