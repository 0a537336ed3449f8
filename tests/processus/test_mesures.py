"""The metrics of two workers: any of them tells of both, and of what the dead ones counted."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.processus.lancement import Serveur, attendre, creer_cle, pid_de_postgres, serveur
from tests.supervision.releves import Releve, cellule, lire

_DUREES = "traces_postes_requete_duree_seconds_count"
_VIVANT = {"methode": "GET", "route": "/sante/vivant", "statut": "200"}
APPELS = 400


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serveur]:
    with serveur(tmp_path_factory.mktemp("mesures") / "donnees") as lui:
        yield lui


@pytest.fixture(scope="module")
def cle(service: Serveur) -> str:
    return creer_cle(service.dossier, "--role", "supervision")


def relever(service: Serveur, cle: str) -> Releve:
    reponse = service.appeler("GET", "/metrics", cle)
    assert reponse.status_code == 200, reponse.text
    return lire(reponse.text)


def _dossier(service: Serveur) -> Path:
    environ = Path(f"/proc/{service.ouvriers()[0]}/environ").read_bytes().split(b"\0")
    return Path(os.fsdecode(next(v for v in environ if v.startswith(b"PROMETHEUS_MULTIPROC_DIR=")).partition(b"=")[2]))


async def test_un_releve_dit_la_somme_de_tous_exactement(service: Serveur, cle: str) -> None:
    avant = relever(service, cle).valeur(_DUREES, **_VIVANT)

    async def appeler(nombre: int) -> None:
        for _ in range(nombre):
            async with httpx.AsyncClient(base_url=service.url) as client:  # a new connection: any worker may take it
                assert (await client.get("/sante/vivant")).status_code == 200

    await asyncio.gather(*(appeler(APPELS // 20) for _ in range(20)))
    assert [relever(service, cle).valeur(_DUREES, **_VIVANT) for _ in range(6)] == [avant + APPELS] * 6
    parts = sorted(fichier.stat().st_size for fichier in _dossier(service).glob("histogram_*.db"))
    assert len(parts) == 2


def test_les_jauges_s_ajoutent(service: Serveur, cle: str) -> None:
    attendre(lambda: relever(service, cle)["traces_postes_ouvriers"] == 2)
    for _ in range(4):
        releve = relever(service, cle)
        assert releve["traces_postes_ouvriers"] == 2
        assert releve["traces_postes_ecriture_attente_max_traces"] == 40_000
        assert releve.valeurs[cellule("traces_postes_base_connexions_max", reserve="service")] == 20
        assert list(releve.series("traces_postes_info").values()) == [1]


def test_un_ouvrier_tue_garde_ses_comptes_et_perd_ses_jauges(service: Serveur, cle: str) -> None:
    avant = relever(service, cle)
    tue, _ = service.ouvriers()
    os.kill(tue, signal.SIGKILL)
    attendre(lambda: len(set(service.ouvriers()) - {tue}) == 2)
    attendre(lambda: relever(service, cle)["traces_postes_ouvriers"] == 2)
    apres = relever(service, cle)
    assert apres["traces_postes_ecriture_attente_max_traces"] == 40_000
    for serie, valeur in avant.valeurs.items():
        if serie[0].endswith(("_total", "_count", "_bucket")):
            assert apres.valeurs[serie] >= valeur, serie
    fichiers = {fichier.name for fichier in _dossier(service).iterdir()}
    assert f"histogram_{tue}.db" in fichiers
    assert f"gauge_livesum_{tue}.db" not in fichiers


def test_le_dossier_des_mesures_disparait_avec_le_service(tmp_path: Path) -> None:
    with serveur(tmp_path / "donnees") as lui:
        dossier = _dossier(lui)
        assert any(dossier.iterdir())
        assert lui.arreter() == 0
    assert not dossier.exists()


def test_un_seul_ouvrier_n_ecrit_aucun_fichier(tmp_path: Path) -> None:
    with serveur(tmp_path / "donnees", workers=1) as lui:
        environ = Path(f"/proc/{lui.processus.pid}/environ").read_bytes()
        assert b"PROMETHEUS_MULTIPROC_DIR" not in environ
        releve = relever(lui, creer_cle(lui.dossier, "--role", "supervision"))
        assert releve["traces_postes_ouvriers"] == 1
        assert releve.valeur(_DUREES, **_VIVANT) == 0
        assert releve.valeur("traces_postes_problemes_total", code="entetes-trop-grands") == 0
        assert "/metrics" not in lui.journal.read_text()


@contextmanager
def _base_figee(service: Serveur) -> Iterator[None]:
    """PostgreSQL with all of its processes stopped: connections stay open, and nothing answers."""
    maitre = pid_de_postgres(service.dossier)
    assert maitre is not None
    enfants = Path(f"/proc/{maitre}/task/{maitre}/children").read_text().split()
    pids = [maitre, *map(int, enfants)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _relever_vite(client: httpx.Client) -> Releve:
    debut = time.monotonic()
    reponse = client.get("/metrics")
    duree = time.monotonic() - debut
    assert reponse.status_code == 200, reponse.text
    assert duree < 1, duree
    return lire(reponse.text)


def test_une_base_figee_n_empeche_aucun_releve(tmp_path: Path) -> None:
    with serveur(tmp_path / "donnees", workers=1) as lui:
        entetes = {"Authorization": f"Bearer {creer_cle(lui.dossier, '--role', 'supervision')}"}
        with httpx.Client(base_url=lui.url, headers=entetes, timeout=15) as client:
            assert _relever_vite(client)["traces_postes_lecture_metier_reussie"] == 1
            with _base_figee(lui):
                for _ in range(14):
                    time.sleep(0.2)
                    releve = _relever_vite(client)
                assert releve["traces_postes_lecture_metier_reussie"] == 0
                assert releve["traces_postes_lecture_metier_age_seconds"] > 5
                assert releve.valeurs[cellule("traces_postes_base_connexions_prises", reserve="service")] < 10
                # Other routes go on refusing what they can't check, and so does this one for a key never seen.
                inconnue = client.get("/metrics", headers={"Authorization": "Bearer tp_jamais-vue"})
                assert inconnue.status_code == 503
            attendre(lambda: _relever_vite(client)["traces_postes_lecture_metier_reussie"] == 1)


def test_une_base_arretee_n_empeche_aucun_releve(tmp_path: Path) -> None:
    with serveur(tmp_path / "donnees", workers=1) as lui:
        entetes = {"Authorization": f"Bearer {creer_cle(lui.dossier, '--role', 'supervision')}"}
        with httpx.Client(base_url=lui.url, headers=entetes, timeout=15) as client:
            assert _relever_vite(client)["traces_postes_lecture_metier_reussie"] == 1
            maitre = pid_de_postgres(lui.dossier)
            assert maitre is not None
            grappe, ailleurs = lui.dossier / "postgres", lui.dossier / "ailleurs"
            grappe.rename(ailleurs)  # else it would be started again at once
            os.kill(maitre, signal.SIGQUIT)
            attendre(lambda: _relever_vite(client)["traces_postes_lecture_metier_reussie"] == 0)
            assert _relever_vite(client).series("preserie_executions") == {}
            assert client.get("/editeurs").status_code == 503
            ailleurs.rename(grappe)
            attendre(lambda: _relever_vite(client)["traces_postes_lecture_metier_reussie"] == 1)
