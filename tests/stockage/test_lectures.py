"""A service that reads from a real standby: never an older registry, never older than it says, never down with it."""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from app.reglages import Reglages
from app.stockage.embarque import PostgresEmbarque, postgres_embarque
from app.stockage.grappe import NOM, Grappe
from app.stockage.lectures import AGE_MAX_S
from app.stockage.ouverture import preparer
from app.stockage.postmaster import PORT
from app.stockage.tables import ROLE_SERVICE
from tests.outils import PRESERIE, Corps, Service, service_regle, trace
from tests.processus.lancement import pid_de_postgres, postgres_fige
from tests.supervision.releves import Releve, cellule, lire

AGE = "X-Donnees-Age"
BILAN = f"/bilan/preseries/{PRESERIE}"


@pytest.fixture(scope="module")
def principale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresEmbarque]:
    with postgres_embarque(tmp_path_factory.mktemp("principale"), reglages={"fsync": "off"}) as serveur:
        preparer(serveur)
        yield serveur


@contextmanager
def _secondaire(principale: PostgresEmbarque, dossier: Path) -> Iterator[PostgresEmbarque]:
    """A standby that follows, made as an operator would."""
    grappe = Grappe.de(dossier, {})
    grappe.chemin.mkdir()
    options: Corps = {}
    if grappe.compte is not None:
        os.chown(grappe.chemin, grappe.compte.uid, grappe.compte.gid)
        options = {"user": grappe.compte.uid, "group": grappe.compte.gid, "extra_groups": []}
    copie = [
        *(str(grappe.binaires / "pg_basebackup"), "--pgdata", str(grappe.chemin), "--write-recovery-conf"),
        *("--checkpoint=fast", "--host", str(principale.dossier_socket), "--port", str(PORT), "--username", NOM),
    ]
    subprocess.run(copie, check=True, capture_output=True, cwd="/", timeout=60, **options)
    grappe.chemin.chmod(0o700)
    with postgres_embarque(dossier, reglages={"fsync": "off", "hot_standby_feedback": "on"}) as serveur:
        yield serveur


@pytest.fixture(scope="module")
def secondaire(principale: PostgresEmbarque, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresEmbarque]:
    with _secondaire(principale, tmp_path_factory.mktemp("secondaire")) as serveur:
        yield serveur


@pytest.fixture
async def suiveuse(secondaire: PostgresEmbarque) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection to the standby, which follows again at the end."""
    connexion = await asyncpg.connect(secondaire.url())
    try:
        yield connexion
        await connexion.execute("SELECT pg_wal_replay_resume()")
    finally:
        await connexion.close()


@pytest.fixture
async def cnam(
    principale: PostgresEmbarque, secondaire: PostgresEmbarque, reglages: Reglages, suiveuse: asyncpg.Connection
) -> AsyncIterator[Service]:
    async with _servir(principale, secondaire, reglages) as service:
        yield service


def _servir(
    principale: PostgresEmbarque, secondaire: PostgresEmbarque, reglages: Reglages
) -> AbstractAsyncContextManager[Service]:
    adresses = (SecretStr(serveur.url(utilisateur=ROLE_SERVICE)) for serveur in (principale, secondaire))
    return service_regle(reglages, **dict(zip(("database_url", "read_url"), adresses, strict=True)))


async def _releve(cnam: Service) -> Releve:
    return lire((await cnam.appeler("GET", "/metrics")).text)


async def _replis(cnam: Service, motif: str) -> float:
    return (await _releve(cnam)).valeurs[cellule("traces_postes_lecture_secondaire_replis_total", motif=motif)]


async def _recues(cnam: Service) -> tuple[int, float | None]:
    """Traces that the bilan counts, and the age that comes with it."""
    reponse = await cnam.appeler("GET", BILAN)
    age = reponse.headers.get(AGE)
    return reponse.json()["traces"]["enregistrees"], None if age is None else float(age)


async def _rattraper(cnam: Service, nombre: int) -> float:
    """Until the standby's bilan counts so many: what it shows lags by its age."""
    limite = time.monotonic() + 60
    while True:
        recues, age = await _recues(cnam)
        if recues == nombre and age is not None:
            return age
        assert time.monotonic() < limite
        await asyncio.sleep(0.02)


async def test_le_bilan_vient_de_la_secondaire_et_dit_son_age(cnam: Service) -> None:
    avant, _ = await _recues(cnam)
    await cnam.poster([trace() for _ in range(3)])
    assert 0 <= await _rattraper(cnam, avant + 3) <= AGE_MAX_S
    releve = await _releve(cnam)
    assert 0 <= releve["traces_postes_lecture_secondaire_age_seconds"] <= AGE_MAX_S
    assert releve["traces_postes_lecture_metier_age_seconds"] <= 5
    assert releve.valeurs[cellule("traces_postes_base_connexions_max", reserve="secondaire")] == 10
    sans_base = await cnam.appeler("GET", "/sante/vivant")
    assert AGE not in sans_base.headers
    fichier = await cnam.appeler("GET", f"/executions?preserie={PRESERIE}", headers={"Accept": "text/csv"})
    assert float(fichier.headers[AGE]) <= AGE_MAX_S
    assert len(fichier.text.splitlines()) == avant + 4


async def test_le_registre_lu_n_est_jamais_plus_ancien_que_la_demande(cnam: Service) -> None:
    ages = []
    for numero in range(30):
        nom = f"Éditeur {numero}"
        corps = {"raison_sociale": nom, "solution_sesam_vitale": True}
        assert (await cnam.appeler("PUT", "/editeurs/rival", json=corps)).status_code in (200, 201)
        lu = await cnam.appeler("GET", "/editeurs/rival")
        assert lu.json()["raison_sociale"] == nom
        ages.append(lu.headers.get(AGE))
    assert any(age is not None for age in ages)  # on a slow machine it may need a rest now and then


async def test_une_secondaire_qui_ne_suit_plus_laisse_lire_la_principale(
    cnam: Service, suiveuse: asyncpg.Connection
) -> None:
    avant, _ = await _recues(cnam)
    await suiveuse.execute("SELECT pg_wal_replay_pause()")
    await cnam.poster(trace())
    _, age = await _recues(cnam)
    assert age is not None  # still young enough, and it says so
    en_retard = await _replis(cnam, "en_retard")
    assert (await cnam.appeler("PUT", "/modules/neuf", json={"editeur": "ortho-soft", "nom": "Neuf"})).status_code < 300
    neuf = await cnam.appeler("GET", "/modules/neuf")
    assert (neuf.status_code, AGE in neuf.headers) == (200, False)
    assert await _replis(cnam, "en_retard") > en_retard
    await asyncio.sleep(AGE_MAX_S)
    assert await _recues(cnam) == (avant + 1, None)
    await suiveuse.execute("SELECT pg_wal_replay_resume()")
    await _rattraper(cnam, avant + 1)


async def _connexions(serveur: PostgresEmbarque) -> int:
    """How many the service has opened, since it was promoted or before."""
    connexion = await asyncpg.connect(serveur.url())
    try:
        ouvertes: int = await connexion.fetchval("SELECT sessions FROM pg_stat_database WHERE datname = $1", NOM)
        return ouvertes
    finally:
        await connexion.close()


async def test_au_un_instant_rien_ne_manque_de_ce_qui_etait_recu(cnam: Service, suiveuse: asyncpg.Connection) -> None:
    avant, _ = await _recues(cnam)
    await suiveuse.execute("SELECT pg_wal_replay_pause()")
    await cnam.poster(trace())
    await asyncio.sleep(5.1)
    au = (datetime.now(UTC) - timedelta(seconds=5)).isoformat().replace("+00:00", "Z")
    lu = await cnam.appeler("GET", BILAN, params={"au": au})
    assert (lu.json()["traces"]["enregistrees"], AGE in lu.headers) == (avant + 1, False)
    await suiveuse.execute("SELECT pg_wal_replay_resume()")
    limite = time.monotonic() + 60
    while AGE not in lu.headers:
        assert time.monotonic() < limite
        await asyncio.sleep(0.1)
        lu = await cnam.appeler("GET", BILAN, params={"au": au})
        assert lu.json()["traces"]["enregistrees"] == avant + 1


async def test_une_execution_acquittee_ne_se_dit_jamais_inconnue(
    cnam: Service, suiveuse: asyncpg.Connection, principale: PostgresEmbarque
) -> None:
    await _recues(cnam)
    await suiveuse.execute("SELECT pg_wal_replay_pause()")
    await cnam.poster(trace(version="9.9.9"))
    await asyncio.sleep(AGE_MAX_S)  # the list comes from the primary
    liste = await cnam.appeler("GET", "/executions", params={"preserie": PRESERIE, "version": "9.9.9"})
    (execution,) = liste.json()["elements"]
    await asyncio.sleep(AGE_MAX_S)  # so that the standby is asked again
    lue = await cnam.appeler("GET", f"/executions/{execution['id']}")
    assert (lue.status_code, AGE in lue.headers) == (200, False)


async def test_une_secondaire_figee_retient_peu_et_peu_de_lectures(
    cnam: Service, secondaire: PostgresEmbarque, suiveuse: asyncpg.Connection
) -> None:
    """One read looks whether it is back; the others do not wait for that."""
    await _rattraper(cnam, (await _recues(cnam))[0])
    durees: list[float] = []

    async def lire_sans_cesse(fin: float) -> None:
        while time.monotonic() < fin:
            debut = time.monotonic()
            assert (await _recues(cnam))[1] is None
            durees.append(time.monotonic() - debut)

    postmaster = pid_de_postgres(secondaire.dossier)
    assert postmaster is not None
    with postgres_fige(postmaster):
        await _recues(cnam)
        fin = time.monotonic() + 6
        await asyncio.gather(*(lire_sans_cesse(fin) for _ in range(6)))
    lentes = [duree for duree in durees if duree > 0.9]
    assert len(lentes) <= 4
    assert len(lentes) < len(durees) / 10


async def test_une_secondaire_d_une_autre_histoire_n_est_pas_lue(
    reglages: Reglages, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It was ahead of the one that took over: by places and numbers alone it would pass for fresh."""
    dossiers = {nom: tmp_path_factory.mktemp(nom) for nom in ("ancienne", "promue", "egaree")}
    with postgres_embarque(dossiers["ancienne"], reglages={"fsync": "off"}) as ancienne:
        await asyncio.to_thread(preparer, ancienne)
        with _secondaire(ancienne, dossiers["promue"]) as promue, _secondaire(ancienne, dossiers["egaree"]) as egaree:
            Grappe.de(dossiers["promue"], {}).arreter()
            await _avancer_seule(ancienne, egaree)
            Grappe.de(dossiers["ancienne"], {}).arreter()
            Grappe.de(dossiers["promue"], {}).demarrer()
            connexion = await asyncpg.connect(promue.url())
            await connexion.execute("SELECT pg_promote(true, 60)")
            await connexion.close()
            async with _servir(promue, egaree, reglages) as cnam:
                for _ in range(3):
                    neuf = await cnam.appeler("GET", f"/preseries/{PRESERIE}")
                    assert (neuf.status_code, AGE in neuf.headers) == (200, False)
                    await asyncio.sleep(AGE_MAX_S + 0.1)
                assert await _replis(cnam, "en_retard") > 0


async def _avancer_seule(principale: PostgresEmbarque, suiveuse: PostgresEmbarque) -> None:
    """Changes that reach this standby alone."""
    une, autre = await asyncpg.connect(principale.url()), await asyncpg.connect(suiveuse.url())
    try:
        for _ in range(100):
            atteinte = await une.fetchval("UPDATE registre SET generation = generation + 100 RETURNING generation")
        limite = time.monotonic() + 60
        while await autre.fetchval("SELECT generation FROM registre") < atteinte:
            assert time.monotonic() < limite
            await asyncio.sleep(0.05)
    finally:
        await une.close()
        await autre.close()


async def test_sans_sa_secondaire_le_service_lit_la_principale(
    principale: PostgresEmbarque, reglages: Reglages, tmp_path: Path
) -> None:
    """Promoted, it is no standby any more; stopped, it is left alone for a while."""
    with _secondaire(principale, tmp_path) as autre:
        async with _servir(principale, autre, reglages) as cnam:
            await _rattraper(cnam, (await _recues(cnam))[0])
            proprietaire = await asyncpg.connect(autre.url())
            await proprietaire.execute("SELECT pg_promote(true, 60)")
            await proprietaire.close()
            for _ in range(20):
                assert (await _recues(cnam))[1] is None
            assert await _replis(cnam, "promu") > 0
            assert await _connexions(autre) <= 3
            Grappe.de(tmp_path, {}).arreter()
            await asyncio.sleep(AGE_MAX_S)
            debut = time.monotonic()
            for _ in range(20):
                assert (await _recues(cnam))[1] is None
            assert time.monotonic() - debut < 5
            assert await _replis(cnam, "absent") > 0
