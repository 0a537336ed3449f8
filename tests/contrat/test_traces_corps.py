"""Bodies of POST /traces: gzip, sizes, media types, slow and cut senders, too many requests."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx

from app.acces.roles import Role
from app.main import create_app
from app.reglages import Reglages
from tests.contrat.aides import accuse, cas, verifier_probleme
from tests.outils import Service, trace

_MEBIOCTET = 1024 * 1024
_JSON = {"Content-Type": "application/json"}
_GZIP = {**_JSON, "Content-Encoding": "gzip"}


async def _morceaux(*parts: bytes, pause_s: float = 0) -> AsyncIterator[bytes]:
    """A body without ``Content-Length``."""
    for part in parts:
        yield part
        await asyncio.sleep(pause_s)


async def _envoyer(service: Service, contenu: object, **entetes: str) -> httpx.Response:
    tous = _JSON | {nom.replace("_", "-"): valeur for nom, valeur in entetes.items()}
    return await service.appeler("POST", "/traces", content=contenu, headers=tous)


async def test_gzip_est_accepte(poste: Service) -> None:
    envois = [trace() for _ in range(3)]
    corps = json.dumps(envois).encode()
    accuse(await _envoyer(poste, gzip.compress(corps), content_encoding="gzip"), enregistrees=3)
    moitie = len(corps) // 2
    membres = gzip.compress(corps[:moitie]) + gzip.compress(corps[moitie:])
    accuse(await _envoyer(poste, membres, content_encoding="gzip"), doublons=3)
    accuse(await _envoyer(poste, _morceaux(membres[:9], membres[9:]), content_encoding="gzip"), doublons=3)
    accuse(await _envoyer(poste, corps, content_encoding="identity"), doublons=3)


async def test_un_mauvais_gzip_est_illisible(poste: Service) -> None:
    for contenu in (b"[]", gzip.compress(b"[]")[:-1], gzip.compress(b"[]") + b"x", b"\x1f\x8b", b""):
        with cas(contenu):
            verifier_probleme(await _envoyer(poste, contenu, content_encoding="gzip"), 400)


async def test_un_corps_sans_longueur_est_lu(poste: Service) -> None:
    corps = json.dumps([trace()]).encode()
    accuse(await _envoyer(poste, _morceaux(corps[:20], b"", corps[20:])), enregistrees=1)


async def test_trop_grand_avant_ou_apres_decompression(poste: Service) -> None:
    juste = b"[" + b" " * (_MEBIOCTET - 2) + b"]"
    trop = b"[" + b" " * (_MEBIOCTET - 1) + b"]"
    accuse(await _envoyer(poste, juste))
    accuse(await _envoyer(poste, gzip.compress(juste), content_encoding="gzip"))
    accuse(await _envoyer(poste, _morceaux(juste[:1000], juste[1000:])))
    for reponse in (
        await _envoyer(poste, trop),
        await _envoyer(poste, gzip.compress(trop), content_encoding="gzip"),
        await _envoyer(poste, gzip.compress(bytes(100 * _MEBIOCTET), 1), content_encoding="gzip"),
        await _envoyer(poste, _morceaux(*[trop[:400_000]] * 3)),
        await _envoyer(poste, b"[]", content_length="1048577"),
    ):
        verifier_probleme(reponse, 413, "corps-trop-grand")


MEDIAS = [
    {"content-type": "text/plain"},
    {"content-type": "application/x-ndjson"},
    {"content-type": "application/json; charset=latin1"},
    {"content-type": "multipart/form-data; boundary=x"},
    {"content-type": "application/json", "content-encoding": "br"},
    {"content-type": "application/json", "content-encoding": "gzip, gzip"},
]


async def test_un_autre_media_est_refuse(poste: Service) -> None:
    for entetes in MEDIAS:
        with cas(entetes):
            reponse = await poste.appeler("POST", "/traces", content=b"[]", headers=entetes)
            verifier_probleme(reponse, 415, "type-de-media-refuse")


async def test_json_en_utf8_dit_de_plusieurs_facons(poste: Service) -> None:
    for media in ("application/json", "Application/JSON;charset=UTF-8", 'application/json; charset="utf-8"'):
        reponse = await poste.appeler("POST", "/traces", content=b"[]", headers={"content-type": media})
        accuse(reponse)
    accuse(await poste.appeler("POST", "/traces", content=b"[]"))


ILLISIBLES = [
    *(b"", b" ", b"{", b"[1,]", b"bonjour", b"{}{}", b"\xef\xbb\xbf[]", b'["\xff"]', b"[" * 99_999),
    "[]".encode("utf-16"),
]


async def test_ce_qui_n_est_pas_du_json_est_illisible(poste: Service) -> None:
    for contenu in ILLISIBLES:
        with cas(contenu[:20]):
            verifier_probleme(await _envoyer(poste, contenu), 400, "json-invalide")


@asynccontextmanager
async def _autrement(reglages: Reglages, **champs: object) -> AsyncIterator[Service]:
    """The service under other settings, with a key of the Cnam."""
    application = create_app(reglages.model_copy(update=champs))
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield await Service(client, application).en(Role.CNAM)


async def test_un_envoi_trop_lent_est_interrompu(proprietaire: asyncpg.Connection, reglages: Reglages) -> None:
    async with _autrement(reglages, corps_delai_s=0.3) as service:
        reponse = await _envoyer(service, _morceaux(b"[", b" ", b" ", b" ", b"]", pause_s=0.12))
        verifier_probleme(reponse, 408, "corps-trop-lent")
        assert reponse.headers["connection"] == "close"
        accuse(await _envoyer(service, _morceaux(b"[", b"]")))


async def test_trop_de_requetes_par_cle(proprietaire: asyncpg.Connection, reglages: Reglages) -> None:
    async with _autrement(reglages, debit_max=2) as service:
        reponses = [await service.poster([]) for _ in range(12)]
        refusees = [r for r in reponses if r.status_code != 200]
        assert refusees
        for reponse in refusees:
            verifier_probleme(reponse, 429, "trop-de-requetes")
            assert int(reponse.headers["retry-after"]) >= 1
        accuse(await (await service.en(Role.CNAM)).poster([]))
        await asyncio.sleep(0.55)
        accuse(await service.poster([]))


async def test_sans_reglage_le_debit_est_libre(poste: Service) -> None:
    assert {(await poste.poster([])).status_code for _ in range(50)} == {200}


async def test_une_base_absente_est_un_503_a_reessayer(proprietaire: asyncpg.Connection, reglages: Reglages) -> None:
    async with _autrement(reglages) as service:
        await service.inscrire()
        envoi = trace()
        await proprietaire.execute("ALTER TABLE trace RENAME TO trace_ailleurs")
        try:
            reponse = await service.poster(envoi)
        finally:
            await proprietaire.execute("ALTER TABLE trace_ailleurs RENAME TO trace")
        verifier_probleme(reponse, 503)
        assert int(reponse.headers["retry-after"]) >= 1
        assert (await service.poster(envoi)).status_code == 201


async def test_trop_de_traces_en_attente_est_un_503(proprietaire: asyncpg.Connection, reglages: Reglages) -> None:
    async with _autrement(reglages, ecriture_file_max=1000) as service:
        await service.inscrire()
        async with proprietaire.transaction():
            await proprietaire.execute("LOCK TABLE trace IN ACCESS EXCLUSIVE MODE")
            attente = [asyncio.create_task(service.poster([trace() for _ in range(400)])) for _ in range(3)]
            finies, _ = await asyncio.wait(attente, return_when=asyncio.FIRST_COMPLETED, timeout=5)
            reponse = finies.pop().result()
            verifier_probleme(reponse, 503, "surcharge")
            assert int(reponse.headers["retry-after"]) >= 1
        autres = [r.json()["enregistrees"] for r in await asyncio.gather(*attente) if r.status_code == 200]
        assert autres == [400, 400]
