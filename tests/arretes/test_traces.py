"""The digest over the traces, worked out by hand; and sealing while traces are written."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.acces.roles import Role
from app.arretes.empreintes import TAILLE, changements, empreinte_traces
from tests.arretes.aides import ARRETES, arreter, constats, rendre_favorable
from tests.contrat.aides import verifier_probleme
from tests.outils import PRESERIE, Corps, Service, echec, trace

_EPOQUE = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
async def cnam(service: Service, proprietaire: asyncpg.Connection) -> Service:
    cnam = await service.en(Role.CNAM)
    await rendre_favorable(cnam, proprietaire)
    return cnam


def _microsecondes(instant: datetime) -> int:
    return (instant - _EPOQUE) // timedelta(microseconds=1)


def _feuille(ligne: asyncpg.Record) -> bytes:
    """As docs/arretes.md says it."""
    colonnes = [
        PRESERIE,
        str(ligne["id"]),
        ligne["numero_am"],
        _microsecondes(ligne["recue_le"]),
        _microsecondes(ligne["emise_le"]),
        *(ligne[nom] for nom in ("poste", "sequence", "version", "operation")),
        ligne["pseudonyme"].hex() if ligne["pseudonyme"] is not None else None,
        *(ligne[nom] for nom in ("numero_execution", "type_prescription", "succes", "erreur_code", "erreur_origine")),
        *(ligne[nom] for nom in ("erreur_bloquante", "erreur_message", "scor_envoye", "duree_ms")),
        ligne["empreinte"].hex(),
    ]
    octets = json.dumps(colonnes, ensure_ascii=False).encode()
    return bytes(ligne["id"].bytes) + hashlib.sha256(octets).digest()[:16]


async def test_l_empreinte_des_traces_se_refait_ailleurs(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    textes = ('é "\\ /\t\n\r\b\f\x01\x1f\x7f\u2028😀', "", "<&>")
    erreurs = [{"code": "X-1", "origine": "reseau", "bloquante": True, "message": texte} for texte in textes]
    await cnam.poster([echec(erreur=erreur, poste=..., sequence=..., duree_ms=...) for erreur in erreurs])
    await cnam.poster([trace(poste=texte, version="4 β") for texte in textes if texte])
    arrete = await arreter(cnam)
    lignes = await proprietaire.fetch("SELECT t.*, p.numero_am FROM trace AS t JOIN pilote AS p ON p.id = t.pilote_id")
    feuilles = b"".join(sorted(map(_feuille, lignes)))
    assert len(feuilles) == TAILLE * arrete["contenu"]["traces"]["enregistrees"]
    assert await proprietaire.fetchval("SELECT feuilles FROM feuilles_arrete") == feuilles
    assert arrete["contenu"]["empreinte_traces"] == hashlib.sha256(feuilles).hexdigest()


@given(
    avant=st.dictionaries(st.integers(0, 20), st.binary(min_size=16, max_size=16)),
    apres=st.dictionaries(st.integers(0, 20), st.binary(min_size=16, max_size=16)),
)
def test_chaque_changement_est_nomme(avant: dict[int, bytes], apres: dict[int, bytes]) -> None:
    un, autre = (
        b"".join(UUID(int=rang).bytes + feuille for rang, feuille in sorted(traces.items()))
        for traces in (avant, apres)
    )
    attendus = {
        UUID(int=rang): "ajoutée" if rang not in avant else "manquante" if rang not in apres else "changée"
        for rang in avant.keys() | apres.keys()
        if avant.get(rang) != apres.get(rang)
    }
    assert dict(changements(un, autre)) == attendus
    assert (empreinte_traces(un) == empreinte_traces(autre)) is (not attendus)


async def test_arreter_pendant_que_des_traces_s_ecrivent(cnam: Service) -> None:
    """Whatever is written meanwhile, what was sealed is what the traces of its instant give, at once and later."""
    fini = asyncio.Event()

    async def ecrire() -> int:
        envoyees = 0
        while not fini.is_set():
            envoi = [trace(), echec(), trace()]
            envoyees += len(envoi)
            reponse = await cnam.poster([*envoi, envoi[0]])
            assert reponse.status_code in (200, 503), reponse.text
        return envoyees

    arretes: list[Corps] = []
    comptes: list[int] = []
    async with asyncio.TaskGroup() as groupe:
        ecrivains = [groupe.create_task(ecrire()) for _ in range(2)]
        while len(comptes) < 8 or comptes[-1] == comptes[0]:
            arretes.append(await _arreter_des_que_possible(cnam))
            comptes.append(arretes[-1]["contenu"]["traces"]["enregistrees"])
            assert await constats(cnam, arretes[-1]) == []
        fini.set()
    for arrete in arretes:
        assert await constats(cnam, arrete) == []
    assert all(avant <= apres for avant, apres in pairwise(comptes))
    assert 7 <= comptes[0] < comptes[-1] <= 7 + sum(ecrivain.result() for ecrivain in ecrivains)


async def _arreter_des_que_possible(cnam: Service) -> Corps:
    """Again while a writer takes too long, as the answer says to; 200: nothing changed since the one that stands."""
    async with asyncio.timeout(60):
        while (reponse := await cnam.appeler("POST", ARRETES)).status_code == 503:
            verifier_probleme(reponse, 503, "ecriture-en-cours")
    assert reponse.status_code in (200, 201), reponse.text
    arrete: Corps = reponse.json()
    return arrete


async def test_un_ecrivain_qui_dure_fait_renoncer(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    async with proprietaire.transaction():
        await proprietaire.execute("LOCK TABLE trace IN ROW EXCLUSIVE MODE")
        probleme = verifier_probleme(await cnam.appeler("POST", ARRETES), 503, "ecriture-en-cours")
    assert "redemandez" in probleme["detail"]
    assert (await cnam.lire(ARRETES))["elements"] == []
    await arreter(cnam)


async def test_le_registre_ne_change_pas_pendant_qu_on_arrete(cnam: Service) -> None:
    """Changes sent at the same time come before the instant, or after it."""
    jalon = f"/preseries/{PRESERIE}/jalons/prerequis_identifies"

    async def changer(jour: int) -> None:
        reponse = await cnam.appeler("PUT", jalon, json={"le": f"2026-11-{jour:02}"})
        assert reponse.status_code == 200, reponse.text

    for tour in range(3):
        async with asyncio.TaskGroup() as groupe:
            groupe.create_task(changer(3 + 2 * tour))
            arret = groupe.create_task(_arreter_des_que_possible(cnam))
            groupe.create_task(changer(4 + 2 * tour))
        assert await constats(cnam, arret.result()) == []
