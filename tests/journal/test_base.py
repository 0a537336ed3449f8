"""The journal in the database: written by many at once, changed by nobody; what is done to it behind its back."""

from decimal import Decimal

import asyncpg
import pytest

from app.journal.depot import noter, parcourir
from app.journal.verification import Tete
from app.stockage.base import Base
from app.stockage.embarque import PostgresEmbarque
from app.stockage.tables import ROLE_SERVICE
from tests.contrat.aides import cas
from tests.journal.aides import CNAM, ecrire, fait, verifier
from tests.outils import ensemble

_COLONNES = (
    "numero = 30",
    "le = le + interval '1 microsecond'",
    "role = 'editeur'",
    "cle_id = NULL",
    "cle_id = 2",
    "action = 'creation'",
    "objet = 'preserie'",
    "code = '389391422'",
    "editeur = NULL",
    "preserie = 'autre'",
    "avant = NULL",
    "avant = jsonb_set(avant, '{cpam}', '\"38\"')",
    "apres = apres - 'cpam'",
    "apres = jsonb_set(apres, '{réunion,1}', '1.0')",
    "empreinte_personnelle = NULL",
    "empreinte_personnelle = empreinte",
    "precedente = empreinte",
    "empreinte = precedente",
)
_COPIER_LA_DERNIERE = """INSERT INTO journal
SELECT 6, le, role, cle_id, action, objet, code, editeur, preserie, avant, apres, empreinte_personnelle, empreinte,
       empreinte
FROM journal WHERE numero = 5"""
_RETIRER_EN_RENUMEROTANT = """DELETE FROM journal WHERE numero = 3;
UPDATE journal SET numero = 3 WHERE numero = 4;
UPDATE journal SET numero = 4 WHERE numero = 5"""
_ECHANGER = """UPDATE journal SET numero = 0 WHERE numero = 3;
UPDATE journal SET numero = 3 WHERE numero = 4;
UPDATE journal SET numero = 4 WHERE numero = 0"""
_ALTERATIONS = (
    *("UPDATE journal SET " + changement + " WHERE numero = 3" for changement in _COLONNES),  # noqa: S608
    "DELETE FROM journal WHERE numero = 1",
    "DELETE FROM journal WHERE numero = 3",
    "DELETE FROM journal WHERE numero = 5",
    "DELETE FROM journal",
    _RETIRER_EN_RENUMEROTANT,
    _ECHANGER,
    _COPIER_LA_DERNIERE,
    "UPDATE journal_personnel SET donnees = '{}' WHERE numero = 3",
    "UPDATE journal_personnel SET sel = sel || sel WHERE numero = 3",
    "UPDATE journal_personnel SET numero = 30 WHERE numero = 3",
    "DELETE FROM journal_personnel WHERE numero = 3",
    "INSERT INTO journal_personnel SELECT 2, sel, donnees FROM journal_personnel WHERE numero = 3",
    "UPDATE registre SET journal_numero = 4",
    "UPDATE registre SET journal_numero = 6",
    "UPDATE registre SET journal_empreinte = sha256('')",
)
_TENTATIVES = (
    "UPDATE journal SET role = role",
    "UPDATE journal SET role = 'cnam' WHERE numero = 1",
    "DELETE FROM journal",
    "DELETE FROM journal WHERE false",
    "TRUNCATE journal, journal_personnel",
    "TRUNCATE journal CASCADE",
    "INSERT INTO journal SELECT * FROM journal ON CONFLICT (numero) DO UPDATE SET role = 'poste'",
    "MERGE INTO journal AS j USING (VALUES (1)) AS v(n) ON j.numero = v.n WHEN MATCHED THEN DELETE",
    "UPDATE decision SET motif = ''",
    "DELETE FROM decision",
    "TRUNCATE decision",
)


async def _cinq_entrees(base: Base) -> None:
    await ecrire(base, fait(0), fait(1, personnel=None), fait(2), fait(3, avant=None), fait(4, apres=None))


async def test_ce_qu_on_altere_derriere_son_dos_est_vu(base: Base, proprietaire: asyncpg.Connection) -> None:
    """Without triggers, as whoever owns the schema can."""
    await _cinq_entrees(base)
    await proprietaire.execute(
        "CREATE TEMP TABLE copie AS TABLE journal; CREATE TEMP TABLE copie_personnel AS TABLE journal_personnel; "
        "CREATE TEMP TABLE copie_registre AS TABLE registre"
    )
    for alteration in _ALTERATIONS:
        with cas(alteration):
            await _remettre(proprietaire)
            assert (await verifier(base))[0].constats == []
            await proprietaire.execute(alteration)
            assert (await verifier(base))[0].constats


async def _remettre(proprietaire: asyncpg.Connection) -> None:
    await proprietaire.execute(
        "SET session_replication_role = replica; TRUNCATE journal, journal_personnel; "
        "INSERT INTO journal TABLE copie; INSERT INTO journal_personnel TABLE copie_personnel; "
        "UPDATE registre SET (journal_numero, journal_empreinte) = "
        "(SELECT journal_numero, journal_empreinte FROM copie_registre)"
    )


@pytest.mark.parametrize("utilisateur", [ROLE_SERVICE, "traces_postes"])
async def test_la_base_refuse_de_changer_ou_d_effacer(base: Base, postgres: PostgresEmbarque, utilisateur: str) -> None:
    """To the service, and to the owner of the tables."""
    await _cinq_entrees(base)
    connexion = await asyncpg.connect(postgres.url(utilisateur=utilisateur))
    try:
        for tentative in _TENTATIVES:
            with cas(tentative), pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connexion.execute(tentative)
    finally:
        await connexion.close()
    verification, _ = await verifier(base)
    assert (verification.entrees, verification.constats) == (5, [])


async def test_ecrit_par_plusieurs_a_la_fois_il_reste_une_chaine(base: Base) -> None:
    await ensemble(*(ecrire(base, fait(rang % 5), fait(rang % 5, personnel=None)) for rang in range(20)))
    verification, tete = await verifier(base)
    assert (verification.entrees, tete.numero, verification.constats) == (40, 40, [])


async def _echouer_apres_avoir_note(base: Base) -> None:
    async with base.ecriture() as session:
        await noter(session, CNAM, fait(1))
        raise ZeroDivisionError


async def test_un_changement_abandonne_ne_laisse_ni_entree_ni_trou(base: Base) -> None:
    await ecrire(base, fait(0))
    with pytest.raises(ZeroDivisionError):
        await _echouer_apres_avoir_note(base)
    await ecrire(base, fait(2))
    verification, tete = await verifier(base)
    assert (verification.entrees, tete.numero, verification.constats) == (2, 2, [])


async def test_tout_json_se_relit_tel_qu_il_fut_note(base: Base) -> None:
    valeurs = {
        "": None,
        "é\u2028\U0001f600": ['"\\/', "\t\n\x7f", "\ufffd"],
        "b": {"z": 1, "a": {"\U0001f600": [], "\uffff": {}}},
        "grand": 10**30,
        "négatif": -1,
        "vrai": True,
        "a": [[[]], [None, False]],
    }
    await ecrire(base, fait(0, avant=valeurs, apres={}, personnel=valeurs), fait(1, avant={}, apres=valeurs))
    assert (await verifier(base))[0].constats == []


async def test_une_longue_chaine_se_lit_par_lots(base: Base) -> None:
    async with base.ecriture() as session:
        for rang in range(1100):
            await noter(session, None, fait(rang % 5))
    verification, tete = await verifier(base)
    assert (verification.entrees, tete.numero, verification.constats) == (1100, 1100, [])
    assert (await verifier(base, tete))[0].constats == []
    assert (await verifier(base, Tete(1050, bytes(32))))[0].constats


async def test_plusieurs_faits_d_un_coup_sont_la_chaine_qu_ils_seraient_un_a_un(base: Base) -> None:
    await ecrire(base, fait(0))
    async with base.ecriture() as session:
        await noter(session, CNAM)
        await noter(session, CNAM, fait(1), fait(2, personnel=None, avant=None), fait(3))
        await noter(session, None, fait(4))
    verification, tete = await verifier(base)
    assert (verification.entrees, tete.numero, verification.constats) == (5, 5, [])
    async with base.lecture() as session:
        lignes = [ligne async for ligne in parcourir(session)]
    assert [ligne.maillon.apres for ligne in lignes] == [fait(rang).apres for rang in range(5)]
    assert [ligne.personnel is not None for ligne in lignes] == [True, True, False, True, True]
    assert [ligne.maillon.role for ligne in lignes] == [*["cnam"] * 4, "console"]


_INFIDELES: tuple[dict[object, object], ...] = (
    {"a": 1.5},
    {"a": 1e2},
    {"a": [{"b": float("nan")}]},
    {"a": float("inf")},
    {"a": Decimal(1)},
    {"a": (0.0,)},
    {1: "a"},
    {"a": {None: 1}},
)


@pytest.mark.parametrize("valeurs", _INFIDELES, ids=str)
@pytest.mark.parametrize("ou", ["avant", "apres", "personnel"])
async def test_ce_que_la_base_rendrait_autrement_ne_se_note_pas(base: Base, ou: str, valeurs: object) -> None:
    """JSONB gives 100 for 1e2: the entry would verify as altered."""
    with pytest.raises(TypeError):
        await ecrire(base, fait(0), fait(1, **{ou: valeurs}))
    verification, tete = await verifier(base)
    assert (verification.entrees, tete.numero, verification.constats) == (1, 1, [])
