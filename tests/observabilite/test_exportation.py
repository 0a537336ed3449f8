"""Whatever becomes of the collector, requests are answered and the service stops; without one, nothing is loaded."""

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import ValidationError

from app.main import create_app
from app.observabilite.exportation import ARRET_S
from app.observabilite.telemetrie import PAR_SECONDE, RAFALE, Telemetrie
from app.reglages import Reglages
from tests.observabilite.collecteur import collecteur
from tests.outils import PRESERIE, ensemble, service_regle, trace
from tests.processus.lancement import attendre, environnement, port_libre, serveur

ERREUR = 2


async def test_une_erreur_dit_son_genre_et_pas_son_texte(proprietaire: asyncpg.Connection, reglages: Reglages) -> None:
    with collecteur() as recus:
        async with service_regle(reglages, otlp_url=f"{recus.url}/", otlp_part=1.0) as cnam:
            await proprietaire.execute("ALTER TABLE compteur_operation RENAME COLUMN operation TO ailleurs")
            try:
                lue = await cnam.appeler("GET", f"/bilan/preseries/{PRESERIE}")
                ecrite = await cnam.poster(trace())
            finally:
                await proprietaire.execute("ALTER TABLE compteur_operation RENAME COLUMN ailleurs TO operation")
        spans = {span.attributs.get("traces_postes.requete_id"): span for span in recus.spans()}
        lecture, ecriture = (spans[reponse.headers["x-request-id"]] for reponse in (lue, ecrite))
        [commit] = [span for span in recus.spans() if span.nom == "commit de traces"]
        [etape] = [span for span in recus.spans() if span.parent == lecture.contexte[1]]
    assert (lue.status_code, ecrite.status_code) == (500, 503)
    assert {span.statut for span in (lecture, ecriture, commit, etape)} == {ERREUR}
    assert lecture.attributs["error.type"] == etape.attributs["error.type"] == "ProgrammingError"
    assert lecture.attributs["traces_postes.probleme"] == "erreur-interne"
    assert ecriture.attributs["error.type"] == "base-indisponible"
    assert commit.attributs["error.type"] == "UndefinedColumnError"
    assert commit.liens == (ecriture.contexte,)
    assert b"compteur_operation" not in b"".join(recus.envois)


async def test_deux_services_d_un_processus_ne_se_melent_pas(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    with collecteur() as recus, collecteur() as autres:
        async with AsyncExitStack() as pile:
            for lui in (recus, autres):
                application = create_app(reglages.model_copy(update={"otlp_url": lui.url}))
                await pile.enter_async_context(application.router.lifespan_context(application))
                transport = httpx.ASGITransport(application)
                client = await pile.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://test"))
                assert (await client.get("/sante/vivant")).is_success
        [un], [autre] = recus.spans(), autres.spans()
    assert un.service["service.instance.id"] != autre.service["service.instance.id"]


async def test_la_part_zero_ne_suit_que_ce_que_l_appelant_demande(
    proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    demande = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    with collecteur() as recus:
        async with service_regle(reglages, otlp_url=recus.url, otlp_part=0.0) as cnam:
            await cnam.appeler("GET", "/editeurs")
            voulue = await cnam.appeler("GET", "/editeurs", headers=demande)
        [span] = recus.spans()
    assert span.attributs["traces_postes.requete_id"] == voulue.headers["x-request-id"]


async def test_un_collecteur_absent_ne_retient_personne(proprietaire: asyncpg.Connection, reglages: Reglages) -> None:
    """Not a request, nor the stop: neither where nothing listens, nor where nothing is ever answered."""
    with collecteur(statut=None) as muet:
        for url in (muet.url, f"http://127.0.0.1:{port_libre()}"):
            async with service_regle(reglages, otlp_url=url, otlp_part=1.0) as cnam:
                reponses = await ensemble(*(cnam.poster(trace()) for _ in range(40)))
                assert {reponse.status_code for reponse in reponses} == {201}
                debut = time.monotonic()
            assert time.monotonic() - debut < ARRET_S + 1.5


def test_un_collecteur_qui_refuse_est_dit_une_fois(reglages: Reglages, tmp_path: Path) -> None:
    """By a line of ours, without what the library would say of the refusal."""
    with (
        collecteur(statut=400) as recus,
        serveur(tmp_path / "donnees", workers=1, reglages={"otlp_url": recus.url, **_dits(reglages)}) as service,
    ):
        for envois in (1, 2, 3):
            assert service.appeler("GET", "/sante/vivant").is_success
            attendre(lambda: len(recus.envois) >= envois)  # noqa: B023
        assert service.arreter() in (0, -signal.SIGTERM)
    texte = service.journal.read_text("utf-8")
    perdus = [json.loads(ligne) for ligne in texte.splitlines() if "telemetrie_perdue" in ligne]
    assert len(perdus) == 1
    assert perdus[0]["spans"] >= 1
    assert not re.search(r"Traceback|opentelemetry|v1/traces", texte)


def test_au_plus_tant_de_requetes_par_seconde() -> None:
    gardes = InMemorySpanExporter()
    fournisseur = TracerProvider(shutdown_on_exit=False)
    fournisseur.add_span_processor(SimpleSpanProcessor(gardes))
    telemetrie = Telemetrie(fournisseur.get_tracer("essai"), 1.0)
    debut = time.monotonic()
    for _ in range(10 * RAFALE):
        suivi = telemetrie.suivre({"type": "http", "method": "GET", "headers": []}, "")
        if suivi is not None:
            suivi.finir("/editeurs", 200)
    attendues = RAFALE + PAR_SECONDE * (time.monotonic() - debut)
    assert RAFALE <= len(gardes.get_finished_spans()) <= attendues + 1


@pytest.mark.parametrize("url", ["collecteur:4318", "ftp://x", "http://nom:secret@x", "http://x?a=1", "http://a b"])
def test_une_adresse_fausse_est_refusee(url: str) -> None:
    with pytest.raises(ValidationError):
        Reglages(otlp_url=url)


def _python(code: str, **reglages: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=environnement(**reglages), capture_output=True, text=True, check=False
    )


def test_sans_reglage_rien_n_est_charge(reglages: Reglages) -> None:
    fini = _python(
        "import sys; from app.main import create_app; create_app();"
        "print([m for m in sys.modules if m.startswith(('opentelemetry.sdk', 'opentelemetry.exporter', 'requests'))])",
        **_dits(reglages),
    )
    assert (fini.returncode, fini.stdout) == (0, "[]\n"), fini.stderr


def test_sans_de_quoi_exporter_le_service_ne_demarre_pas(reglages: Reglages) -> None:
    fini = _python(
        "import sys; sys.modules['opentelemetry.sdk'] = None; from app.cli import app; app(['serve'])",
        otlp_url="http://127.0.0.1:4318",
        **_dits(reglages),
    )
    assert fini.returncode == 1, fini.stderr
    assert "TRACES_POSTES_OTLP_URL" in fini.stderr
    assert "opentelemetry-sdk" in fini.stderr
    assert "Traceback" not in fini.stderr


def _dits(reglages: Reglages) -> dict[str, str]:
    secrets = {nom: getattr(reglages, nom) for nom in ("database_url", "cle_maitresse", "cle_signature")}
    return {nom: secret.get_secret_value() for nom, secret in secrets.items()}
