"""From a trace to the right people: a real service, Prometheus and Alertmanager on the committed files.

The files are quickened by one rule (``acceleration``). The machine may be slow enough for EnvoisLents or for a missed
scrape: what the bench cannot tell from a fault is not asserted, what it can is.
"""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from app.stockage.embarque import PostgresEmbarque
from app.stockage.grappe import Grappe
from tests.alertes.etabli import PATIENCE_S, Surveillance, surveillance
from tests.alertes.fichiers import ABSENTS, RAISON
from tests.alertes.monde import registre, traces_mauvaises, traces_saines
from tests.outils import PRESERIE, trace
from tests.processus.lancement import (
    Serveur,
    attendre,
    creer_cle,
    environnement,
    executer,
    pid_de_postgres,
    postgres_fige,
    serveur,
)

pytestmark = [pytest.mark.skipif(bool(ABSENTS), reason=RAISON), pytest.mark.timeout(400)]
CNAM, EXPLOITATION, VIGIE = "/cnam", "/exploitation", "/vigie"
SIEN, RIVAL = "/editeurs/ortho-soft", "/editeurs/rival"
SUJET = f"ortho-plus (présérie {PRESERIE}) : "
RESUMES = {
    "TauxEnregistrementInsuffisant": SUJET + "64,2 % d'exécutions enregistrées, sûrement sous 80 %",
    "VersionEnRecul": SUJET
    + "la version 4.2.1 n'enregistre que 33,3 % des exécutions, nettement moins que la précédente",
    "ScorNonConforme": SUJET + "2 exécution(s) de phase 2 enregistrée(s) et pourtant envoyée(s) aussi par SCOR",
    "AnomalieBloquante": SUJET + "1 anomalie(s) bloquante(s) du logiciel ouverte(s) sur l'opération consultation",
    "RefusEnHausse": SUJET + "24,8 % des traces de la dernière heure refusées, plus du triple de la veille",
}
"""40 refusals among 161 receptions."""
_POSTES = 24
"""Ten failures in the accelerated half hour, whatever the machine."""
MALGRE_LA_MACHINE = {"EnvoisLents", "EcritureEnRetard", "RepliqueInjoignable", "SurveillanceIncomplete", "Surcharge"}


def test_chaque_alerte_arrive_a_qui_elle_concerne_et_a_personne_d_autre(tmp_path: Path) -> None:
    with serveur(tmp_path / "donnees", workers=1, reglages={"ecriture_delai_s": "1"}) as service:
        cnam = creer_cle(service.dossier, "--role", "cnam")
        supervision = creer_cle(service.dossier, "--role", "supervision")
        service.inscrire(cnam, registre())
        with surveillance(service, supervision, tmp_path, "rival") as ici:
            attendre(lambda: len(ici.demander("preserie:preserie_traces:sum == 0")) == 2, PATIENCE_S)
            _envoyer(service, cnam)
            _verifier_les_preseries(ici)
            _alterer_un_chiffre(service)
            _verifier_le_recompte(ici)
            with _base_suspendue(service):
                _verifier_la_base(ici, service, cnam)
            _verifier_le_partage(ici)


def _envoyer(service: Serveur, cle: str) -> None:
    for traces in (traces_saines(), traces_mauvaises()):
        assert service.appeler("POST", "/traces", cle, json=traces).status_code == 200


def _verifier_les_preseries(ici: Surveillance) -> None:
    for chemin in (CNAM, SIEN):
        attendre(lambda chemin=chemin: ici.eux.noms(chemin) >= RESUMES.keys(), PATIENCE_S)  # type: ignore[misc]
        for alerte in ici.eux.alertes(chemin):
            nom, etiquettes = alerte["labels"]["alertname"], alerte["labels"]
            assert alerte["annotations"]["summary"] == RESUMES[nom]
            assert (etiquettes["editeur"], etiquettes["preserie"]) == ("ortho-soft", PRESERIE)
            assert "documentation" not in etiquettes
            assert alerte["annotations"]["runbook_url"].startswith("https://traces-postes.example.org/docs/runbooks/")


def _alterer_un_chiffre(service: Serveur) -> None:
    """As somebody would who writes to the database; then the nightly recount finds it."""
    grappe = Grappe.de(service.dossier, {})
    url = PostgresEmbarque(service.dossier, grappe.socket_en_service(), grappe.journal).url()

    async def alterer() -> None:
        connexion = await asyncpg.connect(url)
        await connexion.execute(
            "UPDATE compteur_trace SET nombre = nombre + 1 WHERE issue = 'enregistree'"
            " AND preserie_id = (SELECT id FROM preserie WHERE code = $1)",
            PRESERIE,
        )
        await connexion.close()

    asyncio.run(alterer())
    fini = executer("recompter", env=environnement(data_dir=str(service.dossier)))
    assert fini.returncode == 1, fini.stderr


def _verifier_le_recompte(ici: Surveillance) -> None:
    attendre(lambda: "RecompteEcarts" in ici.eux.noms(EXPLOITATION), PATIENCE_S)
    (etiquettes,) = {
        tuple(sorted(alerte["labels"].items()))
        for alerte in ici.eux.alertes(EXPLOITATION)
        if alerte["labels"]["alertname"] == "RecompteEcarts"
    }
    assert {("editeur", "ortho-soft"), ("preserie", PRESERIE), ("severity", "critical")} <= set(etiquettes)
    assert SUJET + "1 ligne(s) de chiffres diffèrent du recompte des traces brutes" in ici.eux.resumes(EXPLOITATION)


def _verifier_la_base(ici: Surveillance, service: Serveur, cle: str) -> None:
    """One alert for the fault; what follows from it is known, and kept to itself."""
    attendre(lambda: "BaseInjoignable" in ici.eux.noms(EXPLOITATION), PATIENCE_S)
    assert "Aucune réplique du service ne lit sa base de données depuis une minute" in ici.eux.resumes(EXPLOITATION)

    with _envois_vains(service, cle):
        attendre(lambda: ici.etats().get("EnvoisEnErreur") == "suppressed", PATIENCE_S)
    assert ici.etats()["BaseInjoignable"] == "active"


@contextmanager
def _envois_vains(service: Serveur, cle: str) -> Iterator[None]:
    """Workstations that go on sending, and get a 503 each after some seconds."""
    fin = threading.Event()

    def envoyer() -> None:
        while not fin.is_set():
            assert service.appeler("POST", "/traces", cle, json=trace()).status_code == 503

    with ThreadPoolExecutor(_POSTES) as postes:
        envois = [postes.submit(envoyer) for _ in range(_POSTES)]
        try:
            yield
        finally:
            fin.set()
    for envoi in envois:
        envoi.result()


def _verifier_le_partage(ici: Surveillance) -> None:
    """After everything: nobody was told of what is not theirs, or of what did not happen."""
    assert ici.eux.noms(CNAM) == ici.eux.noms(SIEN) == RESUMES.keys()
    assert ici.eux.recus[RIVAL] == []
    assert ici.eux.noms(EXPLOITATION) - MALGRE_LA_MACHINE == {"RecompteEcarts", "BaseInjoignable"}
    assert ici.eux.noms(VIGIE) == {"Vigie"}
    assert ici.eux.recus.keys() == {CNAM, SIEN, RIVAL, EXPLOITATION, VIGIE}


@contextmanager
def _base_suspendue(service: Serveur) -> Iterator[None]:
    postmaster = pid_de_postgres(service.dossier)
    assert postmaster is not None
    with postgres_fige(postmaster):
        yield
