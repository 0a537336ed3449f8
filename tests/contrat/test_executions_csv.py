"""GET /executions as a file: the same list, whole, sent while it is read, and never a part that looks whole."""

import asyncio
import csv
import io
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
import uvicorn
from starlette.types import Message

from app.bilan import depot_listes
from app.serveur import Protocole
from tests.contrat.aides import cas, verifier_probleme
from tests.contrat.fichiers import EN_CSV, NOMBRE, recevoir, remplir
from tests.contrat.semis import lister, semer
from tests.outils import PRESERIE, Service

_COUPER = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'traces-postes' AND state LIKE 'idle in transaction%'"
)

_ENTRE_LES_DEUX = 65_536
"""Bytes that a socket keeps, on either side."""


async def _fichier(service: Service, filtres: str = "") -> list[dict[str, str]]:
    reponse = await service.appeler("GET", f"/executions?preserie={PRESERIE}{filtres}", headers=EN_CSV)
    assert reponse.status_code == 200, reponse.text
    return _relire(reponse.content)


def _relire(octets: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(octets.decode("utf-8-sig"), newline=""), delimiter=";", strict=True))


def _en_texte(valeur: object) -> str:
    return {True: "oui", False: "non"}[valeur] if isinstance(valeur, bool) else str(valeur)


async def test_le_fichier_est_toute_la_liste_sous_les_memes_filtres(cnam: Service) -> None:
    await semer(cnam)
    for filtres in (
        "",
        "&enregistree=false",
        "&phase=2&conformite=conforme&conformite=double_envoi",
        "&jour=2026-10-17",
    ):
        with cas(filtres):
            attendues = await lister(cnam, filtres)
            assert attendues
            lignes = await _fichier(cnam, filtres)
            sans_instants = [
                {n: _en_texte(v) for n, v in e.items() if n not in ("premiere_le", "derniere_le")} for e in attendues
            ]
            assert [{n: v for n, v in x.items() if n in sans_instants[0]} for x in lignes] == sans_instants
    assert await _fichier(cnam, "&limite=1") == await _fichier(cnam)


async def test_le_fichier_d_une_preserie_sans_execution_a_son_entete(cnam: Service) -> None:
    reponse = await cnam.appeler("GET", f"/executions?preserie={PRESERIE}", headers=EN_CSV)
    assert reponse.text.startswith("\ufeffid;preserie;pilote;")
    assert reponse.text.count("\r\n") == 1
    assert reponse.headers["content-disposition"] == f'attachment; filename="{PRESERIE}-executions.csv"'
    assert reponse.headers["vary"] == "Accept"


async def test_du_json_pour_qui_ne_prefere_pas_le_csv(cnam: Service) -> None:
    for accept in ("*/*", "application/json", "application/json, text/csv;q=0.5", "text/html"):
        with cas(accept):
            reponse = await cnam.appeler("GET", f"/executions?preserie={PRESERIE}", headers={"Accept": accept})
            assert reponse.json() == {"elements": [], "suivant": None}
            assert reponse.headers["vary"] == "Accept"


async def test_un_refus_reste_un_probleme(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    inconnue = await cnam.appeler("GET", "/executions?preserie=inconnue", headers=EN_CSV)
    verifier_probleme(inconnue, 404, "introuvable")
    await proprietaire.execute("UPDATE preserie SET purgee_le = now() WHERE code = $1", PRESERIE)
    autrefois = f"/executions?preserie={PRESERIE}&au=2026-10-20T00:00:00Z"
    verifier_probleme(await cnam.appeler("GET", autrefois, headers=EN_CSV), 410, "traces-purgees")


async def test_la_memoire_ne_grandit_pas_avec_la_liste(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    morceaux: list[int] = []
    lignes = 0

    async def recu(message: Message) -> None:
        nonlocal lignes
        if message["type"] == "http.response.body":
            morceaux.append(len(message["body"]))
            lignes += message["body"].count(b"\r\n")

    await recevoir(cnam, recu)  # what is made once is made
    morceaux.clear()
    lignes = 0
    tracemalloc.start()
    try:
        await recevoir(cnam, recu)
        _, sommet = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lignes == NOMBRE + 1
    assert len(morceaux) > NOMBRE / depot_listes.LOT
    assert max(morceaux) < 200 * depot_listes.LOT
    assert sum(morceaux) > 7_000_000
    assert sommet < 3_000_000


async def test_une_base_perdue_en_chemin_n_acheve_pas_le_fichier(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await remplir(cnam, proprietaire)
    messages: list[Message] = []

    async def recu(message: Message) -> None:
        messages.append(message)
        if len(messages) == 3:
            await proprietaire.execute(_COUPER)

    with pytest.raises(RuntimeError):
        await recevoir(cnam, recu)
    assert messages[0]["status"] == 200
    assert all(message["more_body"] for message in messages[1:])  # a server cuts the connection


@asynccontextmanager
async def _servi(cnam: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service behind a real server; the file is longer than what lies between the two."""
    reglages = uvicorn.Config(
        cnam.application, http=Protocole, ws="none", lifespan="off", log_config=None, log_level=60
    )
    serveur = uvicorn.Server(reglages)
    prise = socket.socket()
    prise.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ENTRE_LES_DEUX)
    prise.bind(("127.0.0.1", 0))
    tache = asyncio.create_task(serveur.serve([prise]))
    entetes = {"Authorization": f"Bearer {cnam.cle}"} | EN_CSV
    try:
        adresse = f"http://127.0.0.1:{prise.getsockname()[1]}"
        court = httpx.AsyncHTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, _ENTRE_LES_DEUX)])
        async with httpx.AsyncClient(base_url=adresse, headers=entetes, timeout=30, transport=court) as client:
            yield client
    finally:
        serveur.should_exit = True
        await tache
        prise.close()


async def test_un_fichier_interrompu_ne_passe_pas_pour_entier(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    async with _servi(cnam) as client:
        async with client.stream("GET", f"/executions?preserie={PRESERIE}") as entiere:
            assert (await entiere.aread()).count(b"\r\n") == NOMBRE + 1
        async with client.stream("GET", f"/executions?preserie={PRESERIE}") as coupee:
            assert coupee.status_code == 200
            morceaux = coupee.aiter_raw()
            assert await anext(morceaux)
            while not await proprietaire.fetch(_COUPER):  # noqa: ASYNC110 — until it waits for its reader
                await asyncio.sleep(0.02)
            with pytest.raises(httpx.RemoteProtocolError):
                await _epuiser(morceaux)


async def _epuiser(morceaux: AsyncIterator[bytes]) -> None:
    async for _ in morceaux:
        pass


async def test_qui_s_en_va_rend_sa_connexion(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    base = cnam.application.state.base
    async with _servi(cnam) as client:
        async with client.stream("GET", f"/executions?preserie={PRESERIE}") as reponse:
            await anext(reponse.aiter_raw())
            assert base.connexions_prises > 0
        limite = time.monotonic() + 10
        while base.connexions_prises:
            assert time.monotonic() < limite
            await asyncio.sleep(0.02)
