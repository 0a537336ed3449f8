"""What kubectl makes of deploy/kubernetes: valid under old and new Kubernetes, confined, and true to the service."""

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from app.cli.service import DELAI_D_ARRET_S
from app.reglages import Reglages
from tests.deploiement.proxy import DOSSIER_IMPOSSIBLE
from tests.outils import Corps
from tests.test_documents import DOCS

KUBERNETES = DOCS.parent / "deploy" / "kubernetes"
DOSSIERS = ["base", "migration", "overlays/exemple", "overlays/exemple/migration"]
VERSIONS = ["1.27", "1.32", str(kubernetes_validate.latest_version())]
pytestmark = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl is not here: apt-get install kubernetes-client"
)


def _objets(dossier: str) -> list[Corps]:
    fait = subprocess.run(
        ["kubectl", "kustomize", KUBERNETES / dossier], capture_output=True, text=True, timeout=60, check=False
    )
    assert fait.returncode == 0, fait.stderr
    return list(yaml.safe_load_all(fait.stdout))


@pytest.fixture(scope="module")
def exemple() -> list[Corps]:
    return _objets("overlays/exemple") + _objets("overlays/exemple/migration")


def _un(objets: list[Corps], genre: str, nom: str) -> Corps:
    (trouve,) = [o for o in objets if o["kind"] == genre and o["metadata"]["name"] == nom]
    return trouve


def _modeles(objets: list[Corps]) -> Iterator[tuple[str, Corps]]:
    """Each pod template, by the name of what makes it."""
    for objet in objets:
        spec = objet.get("spec", {})
        modele = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if modele is not None:
            yield f"{objet['kind']}/{objet['metadata']['name']}", modele


@pytest.mark.parametrize("dossier", DOSSIERS)
def test_tout_est_valide_sous_plusieurs_versions(dossier: str) -> None:
    objets = _objets(dossier)
    assert objets
    for objet in objets:
        for version in VERSIONS:
            kubernetes_validate.validate(objet, version, strict=True)


def test_la_validation_voit_les_fautes(exemple: list[Corps]) -> None:
    faux = _un(exemple, "Deployment", "traces-postes")
    faux = faux | {"spec": faux["spec"] | {"replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(faux, VERSIONS[0], strict=True)


def test_aucun_pod_n_a_de_droits(exemple: list[Corps]) -> None:
    modeles = dict(_modeles(exemple))
    assert modeles.keys() == {
        "Deployment/traces-postes",
        "CronJob/traces-postes-recompter",
        "CronJob/traces-postes-purger",
        "Job/traces-postes-migration",
    }
    comptes = {o["metadata"]["name"]: o for o in exemple if o["kind"] == "ServiceAccount"}
    assert not any(compte["automountServiceAccountToken"] for compte in comptes.values())
    for qui, modele in modeles.items():
        spec = modele["spec"]
        assert spec["serviceAccountName"] in comptes, qui
        assert (spec["automountServiceAccountToken"], spec["enableServiceLinks"]) == (False, False), qui
        pod = spec["securityContext"]
        assert (pod["runAsNonRoot"], pod["runAsUser"], pod["runAsGroup"]) == (True, 10001, 10001), qui
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, qui
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys(), qui
        assert all(volume.keys() - {"name"} <= {"emptyDir", "secret"} for volume in spec["volumes"]), qui
        (conteneur,) = spec["containers"]
        assert conteneur["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        }, qui
        assert {"cpu", "memory"} <= conteneur["resources"]["requests"].keys(), qui
        assert {"cpu", "memory"} <= conteneur["resources"]["limits"].keys(), qui
        ecrits = [montage["mountPath"] for montage in conteneur["volumeMounts"] if not montage.get("readOnly")]
        assert ecrits == ["/tmp"], qui  # noqa: S108 — a mount of the container
        assert conteneur["image"] == "registre.example/traces-postes:0.1.0", qui


def test_les_secrets_sont_hors_des_fichiers_et_les_reglages_existent(exemple: list[Corps]) -> None:
    assert not [objet for objet in exemple if objet["kind"] == "Secret"]
    donnes = {
        qui: [volume["secret"]["secretName"] for volume in modele["spec"]["volumes"] if "secret" in volume]
        for qui, modele in _modeles(exemple)
    }
    assert donnes.pop("Job/traces-postes-migration") == ["traces-postes-migration"]  # the owner's alone
    assert set(map(tuple, donnes.values())) == {("traces-postes",)}
    connus = {f"TRACES_POSTES_{nom.upper()}" for nom in Reglages.model_fields}
    (reglages,) = [objet for objet in exemple if objet["kind"] == "ConfigMap"]
    dits = {"TRACES_POSTES_URL_PUBLIQUE", "TRACES_POSTES_NIVEAU_JOURNAL", "TRACES_POSTES_DATA_DIR"}
    assert dits == reglages["data"].keys() <= connus
    assert reglages["data"]["TRACES_POSTES_DATA_DIR"] == DOSSIER_IMPOSSIBLE
    for qui, modele in _modeles(exemple):
        for conteneur in modele["spec"]["containers"]:
            sources = [source["configMapRef"]["name"] for source in conteneur.get("envFrom", [])]
            assert sources in ([], [reglages["metadata"]["name"]]), qui
            siens = [{"name": "TRACES_POSTES_DATA_DIR", "value": DOSSIER_IMPOSSIBLE}]
            assert bool(sources) != (conteneur.get("env") == siens), qui


def test_une_mise_a_jour_n_ote_aucune_replique_avant_que_la_suivante_serve(exemple: list[Corps]) -> None:
    deploiement = _un(exemple, "Deployment", "traces-postes")["spec"]
    assert deploiement["replicas"] >= 2
    assert deploiement["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    pod = deploiement["template"]["spec"]
    (conteneur,) = pod["containers"]
    commande, attente = conteneur["lifecycle"]["preStop"]["exec"]["command"]
    assert commande == "sleep"
    # A replica that is not ready is left before SIGTERM; what is in hand then is finished before SIGKILL.
    pret = conteneur["readinessProbe"]
    assert int(attente) > pret["periodSeconds"] * pret["failureThreshold"]
    assert pod["terminationGracePeriodSeconds"] >= int(attente) + DELAI_D_ARRET_S + 10
    chemins = {nom: conteneur[f"{nom}Probe"]["httpGet"]["path"] for nom in ("startup", "liveness", "readiness")}
    assert chemins == {"startup": "/sante/vivant", "liveness": "/sante/vivant", "readiness": "/sante/pret"}
    budget = _un(exemple, "PodDisruptionBudget", "traces-postes")["spec"]
    assert budget["maxUnavailable"] < deploiement["replicas"]
    for contrainte in (budget, *pod["topologySpreadConstraints"]):
        choix = contrainte.get("selector") or contrainte["labelSelector"]
        assert choix["matchLabels"].items() <= deploiement["template"]["metadata"]["labels"].items()


def test_le_reseau_est_ferme_a_ce_qui_n_est_pas_dit(exemple: list[Corps]) -> None:
    regles = {objet["metadata"]["name"]: objet["spec"] for objet in exemple if objet["kind"] == "NetworkPolicy"}
    assert regles.keys() == {"rien", "entrees", "noms", "base-de-donnees"}
    assert regles["rien"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    sorties = {
        (port["protocol"], port["port"])
        for regle in regles.values()
        for sortie in regle.get("egress", [])
        for port in sortie["ports"]
    }
    assert sorties == {("UDP", 53), ("TCP", 53), ("TCP", 5432)}
    for regle in regles.values():
        for sens in (*regle.get("ingress", []), *regle.get("egress", [])):
            assert sens.get("from") or sens.get("to")
    for nom in ("traces-postes", "traces-postes-repliques"):
        service = _un(exemple, "Service", nom)["spec"]
        etiquettes = _un(exemple, "Deployment", "traces-postes")["spec"]["template"]["metadata"]["labels"]
        assert service["selector"].items() <= etiquettes.items()


def test_les_taches_sont_des_commandes_du_service(exemple: list[Corps]) -> None:
    faites: dict[str, Any] = {
        qui: modele["spec"]["containers"][0]["args"] for qui, modele in _modeles(exemple) if "Job/" in qui
    }
    assert faites == {
        "CronJob/traces-postes-recompter": ["recompter"],
        "CronJob/traces-postes-purger": ["purger"],
        "Job/traces-postes-migration": ["migrer"],
    }
    for objet in exemple:
        if objet["kind"] == "CronJob":
            assert (objet["spec"]["concurrencyPolicy"], objet["spec"]["timeZone"]) == ("Forbid", "Europe/Paris")
