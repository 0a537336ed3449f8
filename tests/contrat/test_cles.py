"""Keys: stored as digests, valid at once, refused once expired or revoked, without any refusal from memory."""

import asyncio
import hashlib
import time
from datetime import UTC, datetime, timedelta

import asyncpg

from app.acces import depot
from app.acces.roles import Acces, Role
from app.stockage.base import Base
from tests.contrat.aides import verifier_probleme
from tests.outils import Service


async def _creer(service: Service, expire_le: datetime | None = None) -> tuple[Service, int]:
    """A caller with a new key of the Cnam, and the key's id."""
    base: Base = service.application.state.base
    async with base.ecriture() as session:
        cle, cle_id = await depot.creer(session, Acces(0, Role.CNAM, expire_le=expire_le), "essai")
    return Service(service.client, service.application, cle), cle_id


async def test_une_cle_vaut_aussitot_et_n_est_gardee_qu_en_empreinte(
    service: Service, proprietaire: asyncpg.Connection
) -> None:
    appelant, cle_id = await _creer(service)
    assert (await appelant.appeler("GET", "/editeurs")).status_code == 200
    cle = appelant.cle or ""
    assert len(cle) >= 43  # 256 bits in base64
    (ligne,) = await proprietaire.fetch("SELECT empreinte, c::text AS texte FROM cle_acces c WHERE id = $1", cle_id)
    assert ligne["empreinte"] == hashlib.sha256(cle.encode()).digest()
    assert cle not in ligne["texte"]


async def test_une_cle_inconnue_devient_bonne_des_qu_elle_existe(
    service: Service, proprietaire: asyncpg.Connection
) -> None:
    """No 401 is given from a cache alone."""
    cle = "tp_" + "a" * 43
    appelant = Service(service.client, service.application, cle)
    verifier_probleme(await appelant.appeler("GET", "/editeurs"), 401, "cle-refusee")
    await proprietaire.execute("INSERT INTO cle_acces (empreinte, role) VALUES ($1, 'cnam')", depot.empreinte(cle))
    assert (await appelant.appeler("GET", "/editeurs")).status_code == 200


async def test_une_cle_expiree_est_refusee(service: Service) -> None:
    passee, _ = await _creer(service, datetime.now(UTC) - timedelta(seconds=1))
    verifier_probleme(await passee.appeler("GET", "/editeurs"), 401, "cle-refusee")
    breve, _ = await _creer(service, datetime.now(UTC) + timedelta(seconds=0.6))
    assert (await breve.appeler("GET", "/editeurs")).status_code == 200
    await asyncio.sleep(0.61)
    verifier_probleme(await breve.appeler("GET", "/editeurs"), 401, "cle-refusee")
    verifier_probleme(await breve.poster([]), 401, "cle-refusee")


async def test_une_cle_revoquee_est_refusee_en_une_seconde_au_plus(service: Service) -> None:
    appelant, cle_id = await _creer(service)
    autre, _ = await _creer(service)
    for une in (appelant, autre):
        assert (await une.poster([])).status_code == 200
    base: Base = service.application.state.base
    async with base.ecriture() as session:
        assert await depot.revoquer(session, cle_id)
    debut = time.monotonic()
    while (reponse := await appelant.poster([])).status_code == 200:
        assert time.monotonic() - debut < 1
        await asyncio.sleep(0.02)
    verifier_probleme(reponse, 401, "cle-refusee")
    assert reponse.headers["www-authenticate"].startswith("Bearer")
    assert (await autre.poster([])).status_code == 200
    async with base.ecriture() as session:
        assert not await depot.revoquer(session, cle_id)
        assert not await depot.revoquer(session, 999_999)


async def test_les_cles_se_listent_sans_se_montrer(service: Service) -> None:
    appelant, cle_id = await _creer(service)
    base: Base = service.application.state.base
    async with base.lecture() as session:
        lues = {ligne.id: ligne for ligne in await depot.lister(session)}
    assert (lues[cle_id].role, lues[cle_id].libelle, lues[cle_id].revoquee_le) == ("cnam", "essai", None)
    assert appelant.cle not in {str(valeur) for valeur in vars(lues[cle_id]).values()}
