"""deploy/compose: valid by the Compose Specification, confined, and on files and names that exist."""

import ipaddress
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from app.cli.service import DELAI_D_ARRET_S
from app.reglages import Reglages
from tests.deploiement.proxy import DOSSIER_IMPOSSIBLE
from tests.outils import Corps
from tests.test_documents import DOCS

COMPOSE = DOCS.parent / "deploy" / "compose"
SCHEMA = Path(__file__).with_name("compose-spec.json")
"""The Compose Specification's own, Apache License 2.0."""


@pytest.fixture(scope="module")
def decrit() -> Corps:
    lu: Corps = yaml.safe_load((COMPOSE / "compose.yml").read_text("utf-8"))
    return lu


@pytest.fixture(scope="module")
def prepare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """deploy/ in a folder of its own, with the secrets that preparer.sh makes."""
    copie = tmp_path_factory.mktemp("compose") / "deploy"
    shutil.copytree(COMPOSE.parent, copie)
    fait = subprocess.run([copie / "compose" / "preparer.sh"], capture_output=True, text=True, timeout=60, check=False)
    assert fait.returncode == 0, fait.stderr
    return copie / "compose"


def _secondes(duree: str) -> float:
    assert duree.endswith("s")
    return float(duree[:-1])


def test_il_suit_la_specification(decrit: Corps) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    juge = jsonschema.Draft202012Validator(schema)
    assert [erreur.json_path for erreur in juge.iter_errors(decrit)] == []
    faux = decrit | {"services": decrit["services"] | {"replique-1": {"read_onli": True}}}
    assert list(juge.iter_errors(faux))


def test_aucun_service_n_a_de_droits(decrit: Corps) -> None:
    for nom, service in decrit["services"].items():
        assert service["read_only"] is True, nom
        assert service["cap_drop"] == ["ALL"], nom
        assert service["security_opt"] == ["no-new-privileges:true"], nom
        assert not {"privileged", "cap_add", "devices", "network_mode", "ipc"} & service.keys(), nom
        assert int(service["user"].split(":")[0]) > 0, nom
        assert {"mem_limit", "cpus", "pids_limit", "healthcheck", "logging"} <= service.keys(), nom
        assert re.search(r":(\$\{VERSION:-)?v?\d+\.\d+", service["image"]), nom
        assert all("docker.sock" not in montage for montage in service.get("volumes", [])), nom
    ecrits = [m for s in decrit["services"].values() for m in s.get("volumes", []) if ":ro" not in m]
    assert {montage.split(":")[0] for montage in ecrits} == decrit["volumes"].keys()


def test_la_base_n_est_vue_que_du_service(decrit: Corps) -> None:
    assert [nom for nom, reseau in decrit["networks"].items() if not reseau.get("internal")] == ["dehors"]
    services = decrit["services"]
    sur_la_base = {nom for nom, service in services.items() if "base" in service["networks"]}
    assert sur_la_base == {"base", "migration", "replique-1", "replique-2"}
    publies = {nom: service["ports"] for nom, service in services.items() if "ports" in service}
    assert publies.keys() == {"nginx", "grafana"}
    assert all(port.startswith("127.0.0.1:") for port in publies["grafana"])
    dehors = {nom for nom, service in services.items() if "dehors" in service["networks"]}
    assert dehors == {"nginx", "grafana", "alertmanager"}


def test_les_repliques_gardent_leur_adresse(decrit: Corps) -> None:
    """nginx resolves a name once; nobody else is given an address of theirs meanwhile."""
    texte = json.dumps(decrit).replace("${RESEAU:-172.28.98}", "172.28.98")
    lu = json.loads(texte)
    (plage,) = lu["networks"]["service"]["ipam"]["config"]
    reseau, donnees = (ipaddress.ip_network(plage[nom]) for nom in ("subnet", "ip_range"))
    adresses = {
        ipaddress.ip_address(lu["services"][nom]["networks"]["service"]["ipv4_address"])
        for nom in ("replique-1", "replique-2")
    }
    assert len(adresses) == 2
    assert all(adresse in reseau and adresse not in donnees for adresse in adresses)


def test_le_journal_de_la_base_ne_cite_rien(decrit: Corps) -> None:
    commande = decrit["services"]["base"]["command"]
    assert {"log_error_verbosity=terse", "log_min_error_statement=panic"} <= set(commande)


def test_sans_adresse_de_base_rien_n_est_embarque(decrit: Corps) -> None:
    for nom in ("migration", "replique-1", "replique-2"):
        assert decrit["services"][nom]["environment"]["TRACES_POSTES_DATA_DIR"] == DOSSIER_IMPOSSIBLE


def test_les_repliques_attendent_la_migration_et_s_arretent_proprement(decrit: Corps) -> None:
    services = decrit["services"]
    assert services["migration"]["command"] == ["migrer"]
    assert services["migration"]["depends_on"]["base"]["condition"] == "service_healthy"
    assert services["migration"]["secrets"] == ["TRACES_POSTES_MIGRATION_URL"]
    connus = {f"TRACES_POSTES_{nom.upper()}" for nom in Reglages.model_fields}
    for nom in ("replique-1", "replique-2"):
        replique = services[nom]
        assert replique["depends_on"]["migration"]["condition"] == "service_completed_successfully"
        assert _secondes(replique["stop_grace_period"]) >= DELAI_D_ARRET_S + 10
        assert {*replique["secrets"], *replique["environment"]} <= connus
        assert "TRACES_POSTES_MIGRATION_URL" not in replique["secrets"]
        assert services["nginx"]["depends_on"][nom]["condition"] == "service_healthy"


def test_ce_qui_est_monte_existe(decrit: Corps, prepare: Path) -> None:
    for nom, service in decrit["services"].items():
        for montage in service.get("volumes", []):
            source = montage.split(":")[0]
            if source.startswith("."):
                assert (prepare / source).exists(), (nom, source)
        for secret in service.get("secrets", []):
            assert (prepare / decrit["secrets"][secret]["file"]).is_file(), (nom, secret)
    assert {nom for s in decrit["services"].values() for nom in s.get("secrets", [])} == decrit["secrets"].keys()


def test_les_secrets_ne_sont_lisibles_que_par_leur_dossier(prepare: Path) -> None:
    dossier = prepare / "secrets"
    assert dossier.stat().st_mode & 0o777 == 0o700
    avant = {fichier: fichier.read_bytes() for fichier in dossier.rglob("*") if fichier.is_file()}
    subprocess.run([prepare / "preparer.sh"], check=True, timeout=60, capture_output=True)
    assert {fichier: fichier.read_bytes() for fichier in dossier.rglob("*") if fichier.is_file()} == avant
    mots = {nom: (dossier / nom).read_text().strip() for nom in ("base_proprietaire", "base_service")}
    assert len({*mots.values()}) == 2
    assert mots["base_service"] in (dossier / "database_url").read_text()
    assert mots["base_proprietaire"] in (dossier / "migration_url").read_text()
    ignores = (COMPOSE / ".gitignore").read_text().split()
    assert "secrets/" in ignores


@pytest.mark.skipif(shutil.which("promtool") is None, reason="apt-get install --no-install-recommends prometheus")
def test_prometheus_lit_les_services_decrits(decrit: Corps, prepare: Path, tmp_path: Path) -> None:
    lue: Corps = yaml.safe_load((COMPOSE / "prometheus.yml").read_text("utf-8"))
    commune: Corps = yaml.safe_load((prepare.parent / "prometheus" / "prometheus.yml").read_text("utf-8"))
    assert [cible["job_name"] for cible in lue["scrape_configs"]] == [c["job_name"] for c in commune["scrape_configs"]]
    assert {nom: lue[nom] for nom in ("global", "rule_files")} == {
        nom: commune[nom] for nom in ("global", "rule_files")
    }
    cibles: list[Any] = [
        adresse.split(":")[0]
        for cible in lue["scrape_configs"]
        for groupe in cible["static_configs"]
        for adresse in groupe["targets"]
    ]
    assert (
        set(cibles) - {"127.0.0.1"} == {"replique-1", "replique-2", "node", "alertmanager"} <= decrit["services"].keys()
    )
    shutil.copytree(prepare.parent / "prometheus" / "regles", tmp_path / "regles")
    texte = (COMPOSE / "prometheus.yml").read_text("utf-8")
    (tmp_path / "prometheus.yml").write_text(texte.replace("/run/secrets/", f"{prepare}/secrets/"))
    verdict = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert verdict.returncode == 0, verdict.stderr


@pytest.mark.skipif(shutil.which("nginx") is None, reason="apt-get install --no-install-recommends nginx-light")
def test_nginx_admet_sa_configuration(prepare: Path, tmp_path: Path) -> None:
    conf = tmp_path / "nginx"
    shutil.copytree(prepare.parent / "nginx" / "traces-postes", conf / "traces-postes")
    shutil.copytree(prepare / "nginx", conf / "site")
    texte = (prepare.parent / "nginx" / "nginx.conf").read_text()
    for chemin in ("/run", "/var/log/nginx", "/var/lib/nginx"):
        (tmp_path / "ecrits" / chemin[1:]).mkdir(parents=True)
        texte = texte.replace(f" {chemin}/", f" {tmp_path}/ecrits{chemin}/")
    (conf / "nginx.conf").write_text(texte)
    certificats = conf / "site" / "certificats.conf"
    certificats.write_text(certificats.read_text().replace("/etc/traces-postes/tls", str(prepare / "secrets" / "tls")))
    repliques = conf / "site" / "repliques.conf"
    repliques.write_text(re.sub(r"replique-(\d)", r"127.0.0.\1", repliques.read_text()))
    dite = subprocess.run(["nginx", "-V"], capture_output=True, text=True, timeout=60, check=True).stderr
    d_origine = dict(re.findall(r"--http-(\S+-temp-path)=(\S+)", dite))
    assert len(d_origine) == 5
    for nom in d_origine:
        assert f" {nom.replace('-', '_')} {tmp_path}" in texte
    essai = ["nginx", "-t", "-c", str(conf / "nginx.conf")]
    if _peut_monter():  # the folders of its build are on a read-only root, as in the container
        parents = {Path(chemin).parent for chemin in d_origine.values()}
        figer = "".join(f"mount -t tmpfs -o ro rien {parent} && " for parent in parents)
        essai = ["unshare", "--mount", "sh", "-c", f'{figer}exec "$@"', "sh", *essai]
    verdict = subprocess.run(essai, capture_output=True, text=True, timeout=60, check=False)
    assert verdict.returncode == 0, verdict.stderr


def _peut_monter() -> bool:
    essai = ["unshare", "--mount", "mount", "-t", "tmpfs", "rien", "/mnt"]
    return os.geteuid() == 0 and subprocess.run(essai, capture_output=True, check=False).returncode == 0
