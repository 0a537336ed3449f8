"""A key made or revoked is in the journal; whose it is lies beside the chain."""

from datetime import UTC, datetime

from app.acces.roles import Acces, Role
from app.journal import cles, depot
from app.journal.depot import Filtre
from app.journal.verification import Ligne
from app.stockage.base import Base
from tests.journal.aides import verifier


async def _entrees(base: Base) -> list[Ligne]:
    """The oldest first."""
    async with base.lecture() as session:
        return list(reversed(await depot.page(session, Filtre(), None, 10)))


async def test_une_cle_creee_puis_revoquee_fait_deux_entrees(base: Base) -> None:
    acces = Acces(0, Role.POSTE, "ortho-soft", "389391422", expire_le=datetime(2099, 1, 31, tzinfo=UTC))
    async with base.ecriture() as session:
        cle, cle_id = await cles.creer(session, acces, "poste de M. Martin")
    async with base.ecriture() as session:
        assert await cles.revoquer(session, cle_id)
    async with base.ecriture() as session:
        assert not await cles.revoquer(session, cle_id)
        assert not await cles.revoquer(session, 999_999)
    creation, revocation = await _entrees(base)
    for entree, action in ((creation, "creation"), (revocation, "revocation")):
        m = entree.maillon
        assert (m.role, m.cle_id, m.action, m.objet, m.code) == ("console", None, action, "cle", str(cle_id))
        assert m.editeur == "ortho-soft"
        for secret in (cle, "389391422", "Martin"):
            assert secret not in repr(m)
    assert creation.maillon.apres == {
        "role": "poste",
        "editeur": "ortho-soft",
        "preseries": None,
        "expire_le": "2099-01-31T00:00:00+00:00",
    }
    assert creation.personnel is not None
    assert creation.personnel.donnees == {"numero_am": "389391422", "libelle": "poste de M. Martin"}
    assert revocation.personnel is None
    assert (await verifier(base))[0].constats == []


async def test_une_cle_sans_personne_n_a_rien_a_cote(base: Base) -> None:
    async with base.ecriture() as session:
        await cles.creer(session, Acces(0, Role.LECTURE, preseries=frozenset({"b", "a"})), None)
    (entree,) = await _entrees(base)
    assert (entree.personnel, entree.personnel_efface, entree.maillon.editeur) == (None, False, None)
    assert entree.maillon.apres is not None
    assert entree.maillon.apres["preseries"] == ["a", "b"]
