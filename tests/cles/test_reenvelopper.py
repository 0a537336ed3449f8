"""The use case on the database: everything or nothing, once, and journalled."""

import asyncpg
import pytest

from app.acces.roles import Role
from app.journal import depot as journal
from app.journal.depot import Filtre
from app.preseries.enveloppe import Coffre, Enveloppe
from app.preseries.registre import verifier_la_cle
from app.preseries.service_cles import Reenveloppees, reenvelopper
from app.reglages import ReglageInvalide
from app.stockage.base import Base
from tests.conftest import CLE_MAITRESSE
from tests.journal.aides import verifier
from tests.outils import PRESERIE, Corps, Service, trace

NOUVELLE, ETRANGERE = bytes(range(100, 132)), bytes(range(64, 96))
AUTRE: Corps = {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33"], "fin_prevue_le": None}


async def _enveloppes(proprietaire: asyncpg.Connection) -> dict[str, bytes]:
    lignes = await proprietaire.fetch("SELECT code, cle_enveloppee FROM preserie WHERE cle_enveloppee IS NOT NULL")
    return {ligne["code"]: ligne["cle_enveloppee"] for ligne in lignes}


async def _reenvelopper(base: Base, coffre: Coffre) -> Reenveloppees:
    async with base.ecriture() as session:
        return await reenvelopper(session, coffre)


@pytest.fixture
async def cnam(service: Service, proprietaire: asyncpg.Connection) -> Service:
    """Three préséries, the last of which has ended: its key is destroyed."""
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    for code in ("deuxieme", "terminee"):
        assert (await cnam.appeler("PUT", f"/preseries/{code}", json=AUTRE)).status_code == 201
    ordre = "UPDATE preserie SET statut = 'abandonnee', cle_enveloppee = NULL WHERE code = 'terminee'"
    await proprietaire.execute(ordre)
    return cnam


async def test_toutes_les_cles_changent_d_enveloppe_une_fois(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    base: Base = cnam.application.state.base
    avant = await _enveloppes(proprietaire)
    assert avant.keys() == {PRESERIE, "deuxieme"}
    generation = await proprietaire.fetchval("SELECT generation FROM registre")
    coffre = Coffre(NOUVELLE, [ETRANGERE, CLE_MAITRESSE])
    assert await _reenvelopper(base, coffre) == Reenveloppees(2, 2)
    apres = await _enveloppes(proprietaire)
    for code, octets in apres.items():
        assert Coffre(NOUVELLE).ouvrir(Enveloppe(octets, code)) == Coffre(CLE_MAITRESSE).ouvrir(
            Enveloppe(avant[code], code)
        )
    assert await proprietaire.fetchval("SELECT generation FROM registre") > generation
    assert await _reenvelopper(base, coffre) == Reenveloppees(0, 2)
    assert await _enveloppes(proprietaire) == apres
    async with base.lecture() as session:
        entrees = await journal.page(session, Filtre(objet="cle_maitresse"), None, 10)
    (maillon,) = (entree.maillon for entree in entrees)
    assert (maillon.role, maillon.action, maillon.apres) == ("console", "changement", {"preseries": 2})
    assert (await verifier(base))[0].constats == []
    await verifier_la_cle(base, Coffre(NOUVELLE))
    assert (await cnam.poster([trace()])).status_code == 500  # an instance that was forgotten: sent again, it passes
    with pytest.raises(ReglageInvalide):
        await verifier_la_cle(base, Coffre(CLE_MAITRESSE))


async def test_une_seule_cle_qui_ne_s_ouvre_pas_et_rien_ne_change(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    base: Base = cnam.application.state.base
    etrangere = Coffre(ETRANGERE).nouvelle_cle("deuxieme")
    await proprietaire.execute("UPDATE preserie SET cle_enveloppee = $1 WHERE code = 'deuxieme'", etrangere)
    avant = await _enveloppes(proprietaire)
    with pytest.raises(ReglageInvalide):
        await _reenvelopper(base, Coffre(NOUVELLE, [CLE_MAITRESSE]))
    assert await _enveloppes(proprietaire) == avant


async def test_jusqu_au_changement_une_preserie_nouvelle_s_ouvre_aussi_sous_l_ancienne(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    cnam.application.state.coffre = Coffre(NOUVELLE, [CLE_MAITRESSE])
    assert (await cnam.appeler("PUT", "/preseries/pendant", json=AUTRE)).status_code == 201
    pendant = (await _enveloppes(proprietaire))["pendant"]
    assert len(Coffre(CLE_MAITRESSE).ouvrir(Enveloppe(pendant, "pendant"))) == 32
    await _reenvelopper(cnam.application.state.base, cnam.application.state.coffre)
    assert (await cnam.appeler("PUT", "/preseries/apres", json=AUTRE)).status_code == 201
    apres = (await _enveloppes(proprietaire))["apres"]
    assert len(Coffre(NOUVELLE).ouvrir(Enveloppe(apres, "apres"))) == 32
