"""A recount agrees with what is kept, whoever writes meanwhile; whatever is altered, it says so and names it."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from app.acces.roles import Role
from app.recompte import service as recompte
from app.recompte.ecarts import COMPAREES, Comparee, Recompte, lignes_lisibles
from app.reglages import Reglages
from app.stockage.base import Base
from tests.contrat.aides import inscrire_rival, mettre
from tests.journal.aides import commande
from tests.outils import PILOTES, PRESERIE, Service, echec, envoyer_l_exemple, trace, traces_exemple
from tests.proprietes.test_equivalence import profil

_AUTRE_VALEUR = {
    "int2": "{} + 1000",
    "int4": "{} + 1000",
    "int8": "{} + 1",
    "timestamptz": "{} + interval '1 microsecond'",
    "date": "{} + 4000",
    "bool": "NOT coalesce({}, false)",
    "text": "{} || '!'",
    "uuid": "gen_random_uuid()",
    "bytea": "set_byte({0}, 0, 255 - get_byte({0}, 0))",
}
_ALTERABLES = [
    (comparee, colonne)
    for comparee in COMPAREES
    for colonne in (*comparee.cle, *comparee.valeurs)
    if (comparee.table, colonne) != ("execution", "jour")  # PostgreSQL works it out
]


@pytest.fixture
async def cnam(service: Service) -> Service:
    """The example, with failures due to the logiciel, doublons and refusals besides."""
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    await envoyer_l_exemple(cnam)
    due = {"code": "AFF-0007", "origine": "logiciel", "bloquante": True}
    for un in (echec(erreur=due), echec(erreur=due, operation="consultation", ordonnance=...)):
        await cnam.poster([un, un, un | {"version": "autre"}])
    return cnam


async def recompter(service: Service, code: str | None = None) -> list[Recompte | None]:
    base: Base = service.application.state.base
    faites: list[int] = []
    voulues = await recompte.a_recompter(base, code)
    recomptes = [await recompte.recompter(base, une, lambda: faites.append(1), 50) for une in voulues]
    assert len(faites) == recompte.ETAPES * sum(un is not None for un in recomptes)
    return recomptes


async def constats(service: Service) -> list[str]:
    return list(lignes_lisibles([un for un in await recompter(service) if un is not None], 50))


async def test_apres_l_exemple_tout_concorde(cnam: Service) -> None:
    (un,) = await recompter(cnam, PRESERIE)
    assert un is not None
    assert un.differents == 0
    for comparaison in un.comparaisons:
        assert comparaison.tenues == comparaison.recomptees > 1, comparaison.comparee.table


@profil(60)
@given(alterable=st.sampled_from(_ALTERABLES), tirage=st.integers(0, 10**6))
async def test_un_chiffre_altere_est_dit_et_nomme(
    cnam: Service, proprietaire: asyncpg.Connection, alterable: tuple[Comparee, str], tirage: int
) -> None:
    comparee, colonne = alterable
    table = comparee.table
    type_ = await proprietaire.fetchval(
        "SELECT t.typname FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid "
        "WHERE a.attrelid = $1::text::regclass AND a.attname = $2",
        table,
        colonne,
    )
    non_vides = " WHERE executions > 0" if table == "compteur_execution" else ""
    lignes = await proprietaire.fetch(f"SELECT ctid FROM {table}{non_vides} ORDER BY ctid")  # noqa: S608
    ou = lignes[tirage % len(lignes)]["ctid"]
    valeur = _AUTRE_VALEUR[type_].format(colonne)
    alterer = f"UPDATE {table} SET {colonne} = {valeur} WHERE ctid = $1 RETURNING ctid, old.{colonne} AS avant"  # noqa: S608
    try:
        altere = await proprietaire.fetchrow(alterer, ou)
    except asyncpg.UniqueViolationError:  # the key of another row
        reject()
    assert altere is not None
    try:
        dits = await constats(cnam)
    finally:
        retabli = f"UPDATE {table} SET {colonne} = $1 WHERE ctid = $2"  # noqa: S608
        await proprietaire.execute(retabli, altere["avant"], altere["ctid"])
    assert dits
    assert {dit.partition(" : ")[2].partition(",")[0] for dit in dits} == {table}
    if colonne in comparee.valeurs:
        assert len(dits) == 1
        assert f"{colonne} tenu" in dits[0]
    else:
        assert sorted(dit.split(", ")[-1] for dit in dits) == [
            "alors qu'aucune trace ne la donne",
            "alors que les traces la donnent",
        ]
    assert not any(numero_am in dit for dit in dits for numero_am in PILOTES)


async def test_une_ligne_otee_ou_ajoutee_est_dite(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    assert await constats(cnam) == []
    await proprietaire.execute("DELETE FROM anomalie WHERE operation = 'consultation'")
    await proprietaire.execute(
        "INSERT INTO compteur_trace SELECT 3, now(), preserie_id, pilote_id, 'inventee' FROM compteur_trace LIMIT 1"
    )
    dits = await constats(cnam)
    assert any("anomalie, operation consultation, code AFF-0007" in dit and "manque" in dit for dit in dits)
    assert any("issue inventee" in dit and "aucune trace" in dit for dit in dits)


async def test_au_plus_cinquante_lignes_et_combien_de_plus(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await proprietaire.execute("UPDATE execution SET tentatives = tentatives + 1")
    executions = await proprietaire.fetchval("SELECT count(*) FROM execution")
    dits = await constats(cnam)
    assert len(dits) == 51
    assert dits[-1] == f"… et {executions - 50} de plus."


async def test_tout_concorde_apres_et_pendant_des_ecritures_simultanees(cnam: Service) -> None:
    """Every snapshot agrees with itself, also one taken between two commits."""
    hasard = random.Random(5)
    traces = [trace(**(une | {"id": trace()["id"], "ordonnance": une["ordonnance"]})) for une in traces_exemple()[:400]]
    traces += hasard.sample(traces, 100)
    hasard.shuffle(traces)

    async def poster(part: Sequence[Any]) -> None:
        for debut in range(0, len(part), 7):
            assert (await cnam.poster(part[debut : debut + 7])).status_code == 200

    pendant = 0
    async with asyncio.TaskGroup() as groupe:
        ecritures = [groupe.create_task(poster(traces[rang::8])) for rang in range(8)]
        while not all(ecriture.done() for ecriture in ecritures):
            assert await constats(cnam) == []
            pendant += 1
    assert pendant > 1
    assert await constats(cnam) == []


async def test_la_commande_dit_que_tout_concorde_ou_ce_qui_differe(
    cnam: Service, proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    await inscrire_rival(cnam)
    fini = await commande(reglages, "recompter")
    assert fini.returncode == 0, fini.stderr
    for texte in (PRESERIE, "rival-lpp", "compteur_operation", "sont ceux des traces"):
        assert texte in fini.stdout
    await proprietaire.execute("UPDATE compteur_operation SET succes = succes + 1 WHERE operation = 'consultation'")
    fini = await commande(reglages, "recompter", "--preserie", PRESERIE)
    assert fini.returncode == 1
    assert "compteur_operation, operation consultation, version" in fini.stdout
    assert "succes tenu" in fini.stdout
    assert "sont ceux des traces" not in fini.stdout
    assert "ne sont pas ceux des traces" in fini.stderr
    assert (await commande(reglages, "recompter", "--preserie", "rival-lpp")).returncode == 0


async def test_une_preserie_inconnue_est_refusee_en_une_ligne(cnam: Service, reglages: Reglages) -> None:
    fini = await commande(reglages, "recompter", "--preserie", "absente")
    assert fini.returncode == 1
    assert [ligne for ligne in fini.stderr.splitlines() if ligne.strip()] == [
        "Aucune présérie de ce code : vérifiez --preserie."
    ]
    assert fini.stdout == ""


async def test_une_preserie_purgee_est_passee_et_c_est_dit(
    cnam: Service, proprietaire: asyncpg.Connection, reglages: Reglages
) -> None:
    await mettre(proprietaire, purgee_le=await proprietaire.fetchval("SELECT now()"))
    await proprietaire.execute("DELETE FROM trace WHERE ctid IN (SELECT ctid FROM trace LIMIT 10)")
    assert await recompter(cnam) == [None]
    fini = await commande(reglages, "recompter")
    assert fini.returncode == 0
    assert f"{PRESERIE} : traces brutes purgées" in fini.stdout
