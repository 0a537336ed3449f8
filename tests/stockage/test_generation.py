"""Several instances answer as one: memory says yes only, and never for longer than it may be trusted."""

import asyncio
import time
import weakref

import asyncpg
from sqlalchemy import text

from app.acces import depot
from app.acces.roles import Acces, Role
from app.stockage.base import Base
from app.stockage.generation import FRAICHEUR_MAX_S, Generation, Memoire
from tests.outils import PILOTES, PRESERIE, Service, registre_exemple, trace

ECART_MAX_S = 1.0
TABLES_RELUES = "cle_acces, editeur, module, logiciel, jalon, pilote"
"""What a reading of the registry needs; the statement that writes traces looks at ``preserie`` by itself."""


async def avancer(base: Base) -> None:
    async with base.ecriture() as session:
        await depot.revoquer(session, 0)


async def test_la_memoire_ne_rend_que_ce_qui_fut_lu_sous_la_generation_presente(base: Base) -> None:
    generation = Generation(base, 1)
    memoire: Memoire[str, int] = Memoire(generation)
    memoire.garder("avant", 1, memoire.etat)
    assert memoire.lire("avant") is None  # never looked: nothing is sure
    assert await generation.confirmer()
    assert memoire.lire("avant") is None
    sous = memoire.etat
    memoire.garder("a", 1, sous)
    assert (memoire.lire("a"), memoire.lire("b")) == (1, None)
    await avancer(base)
    assert memoire.lire("a") == 1
    assert await generation.confirmer()
    assert memoire.lire("a") is None
    memoire.garder("a", 1, sous)  # read before the change, kept too late
    assert memoire.lire("a") is None
    memoire.garder("b", 2, memoire.etat)
    assert (memoire.lire("a"), memoire.lire("b")) == (None, 2)


class _Cle:
    """A value of which one can see that nothing holds it any longer."""


async def test_ce_qui_fut_lu_sous_une_generation_passee_est_oublie_des_la_question(base: Base) -> None:
    """Whatever is asked for, and though nothing new is kept: a destroyed key must not linger."""
    generation = Generation(base, 1)
    memoire: Memoire[str, _Cle] = Memoire(generation)
    assert await generation.confirmer()
    cle = _Cle()
    tenue = weakref.ref(cle)
    memoire.garder("a", cle, memoire.etat)
    del cle
    assert memoire.lire("b") is None
    assert tenue() is not None
    await avancer(base)
    assert await generation.confirmer()
    assert memoire.lire("b") is None
    assert tenue() is None


async def test_sans_nouveau_regard_la_memoire_n_est_plus_sure(base: Base) -> None:
    generation = Generation(base, 1)
    memoire: Memoire[str, int] = Memoire(generation)
    debut = time.monotonic()
    assert await generation.confirmer()
    memoire.garder("a", 1, memoire.etat)
    while memoire.lire("a") is not None:
        assert time.monotonic() - debut < ECART_MAX_S
        await asyncio.sleep(0.01)
    assert time.monotonic() - debut >= FRAICHEUR_MAX_S
    assert await generation.confirmer()
    assert memoire.lire("a") == 1


async def test_ce_qui_est_connu_se_dit_sans_relire_le_registre(
    instances: tuple[Service, Service], proprietaire: asyncpg.Connection
) -> None:
    """Or the next test would prove nothing: the hot path reads no table of the registry."""
    une, _ = instances
    await une.inscrire()
    await asyncio.sleep(0.4)
    assert (await une.poster(trace())).status_code == 201
    async with proprietaire.transaction():
        await proprietaire.execute(f"LOCK TABLE {TABLES_RELUES} IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(3):
            for _ in range(14):
                assert (await une.poster(trace())).status_code == 201
                await asyncio.sleep(0.05)


async def test_ce_que_l_une_acquitte_vaut_aussitot_dans_l_autre(instances: tuple[Service, Service]) -> None:
    une, autre = instances
    await une.inscrire(demarrer=False)
    assert (await autre.poster(trace())).status_code == 409
    assert (await une.appeler("POST", f"/preseries/{PRESERIE}/demarrage")).status_code == 200
    assert (await autre.poster(trace())).status_code == 201
    plus = {"sens": "prolongation", "motif": "Pour en essayer plus.", "pilotes_max": 30}
    assert (await une.appeler("POST", f"/preseries/{PRESERIE}/decision", json=plus)).status_code == 200
    corps = next(corps for _, chemin, corps in registre_exemple() if chemin.endswith(PILOTES[0]))
    corps |= {"installe_le": None, "installation_prevue_le": None}
    for numero in range(20):
        numero_am = f"33100{numero:04d}"
        assert (await autre.poster(trace(numero_am=numero_am))).json()["type"].endswith("pilote-inconnu")
        une, autre = autre, une
        inscrit = await une.appeler("PUT", f"/preseries/{PRESERIE}/pilotes/{numero_am}", json=corps)
        assert inscrit.status_code == 201, inscrit.text
        assert (await autre.poster(trace(numero_am=numero_am))).status_code == 201
        nouvelle = await une.creer_cle(Acces(0, Role.POSTE, "ortho-soft"))
        assert (await Service(autre.client, autre.application, nouvelle).poster(trace())).status_code == 201


async def test_une_cle_revoquee_par_l_une_est_refusee_par_l_autre_dans_la_seconde(
    instances: tuple[Service, Service], base: Base
) -> None:
    _, autre = instances
    for _ in range(2):
        cle, numero = await _cle(base)
        appelant = Service(autre.client, autre.application, cle)
        await _chauffer(appelant)
        async with base.ecriture() as session:
            assert await depot.revoquer(session, numero)
        revoquee = time.monotonic()
        while (reponse := await appelant.appeler("GET", "/editeurs")).status_code == 200:
            assert time.monotonic() - revoquee < ECART_MAX_S
            await asyncio.sleep(0.01)
        assert reponse.status_code == 401
        assert (await appelant.appeler("GET", "/editeurs")).status_code == 401


async def test_si_la_generation_ne_se_lit_plus_la_cle_revoquee_est_refusee_quand_meme(
    instances: tuple[Service, Service], base: Base, proprietaire: asyncpg.Connection
) -> None:
    """The look hangs on a lock; what memory holds is no longer trusted, and the database is asked."""
    _, autre = instances
    cle, numero = await _cle(base)
    appelant = Service(autre.client, autre.application, cle)
    await _chauffer(appelant)
    async with proprietaire.transaction():
        await proprietaire.execute("LOCK TABLE registre IN ACCESS EXCLUSIVE MODE")
        async with base.ecriture() as session:
            await session.execute(text("UPDATE cle_acces SET revoquee_le = now() WHERE id = :id"), {"id": numero})
        revoquee = time.monotonic()
        while (reponse := await appelant.appeler("GET", "/editeurs")).status_code == 200:
            assert time.monotonic() - revoquee < ECART_MAX_S
            await asyncio.sleep(0.01)
        assert reponse.status_code == 401
        assert (await autre.appeler("GET", "/editeurs")).status_code == 200
    await asyncio.sleep(FRAICHEUR_MAX_S)
    assert (await autre.appeler("GET", "/editeurs")).status_code == 200


async def _cle(base: Base) -> tuple[str, int]:
    async with base.ecriture() as session:
        return await depot.creer(session, Acces(0, Role.CNAM), None)


async def _chauffer(appelant: Service) -> None:
    """Has the key known by memory, for longer than one look at the generation."""
    debut = time.monotonic()
    while time.monotonic() - debut < 0.4:
        assert (await appelant.appeler("GET", "/editeurs")).status_code == 200
        await asyncio.sleep(0.05)


async def test_ce_qui_se_ferme_ne_prend_plus_de_trace_aussitot(instances: tuple[Service, Service]) -> None:
    """Also where memory still says that it is open: the statement that writes looks for itself."""
    une, autre = instances
    await une.inscrire()
    editeur = await une.en(Role.EDITEUR, editeur="ortho-soft")
    assert (await autre.poster(trace())).status_code == 201
    deja = trace()
    assert (await autre.poster(deja)).status_code == 201
    abandon = {"sens": "abandon", "motif": "Assez."}
    assert (await une.appeler("POST", f"/preseries/{PRESERIE}/decision", json=abandon)).status_code == 200
    reponses = [await autre.poster(trace()), await autre.poster([trace(), deja])]
    assert reponses[0].json()["type"].endswith(":preserie-non-ouverte")
    assert [rejet["code"] for rejet in reponses[1].json()["rejets"]] == ["preserie-non-ouverte"] * 2
    assert (await editeur.lire(f"/bilan/preseries/{PRESERIE}"))["traces"] | {"derniere_le": None} == {
        "enregistrees": 2,
        "doublons": 0,
        "rejetees": 3,
        "derniere_le": None,
    }


async def test_une_preserie_abandonnee_laisse_la_place_a_la_suivante_aussitot(
    instances: tuple[Service, Service],
) -> None:
    """A trace goes to the présérie that was started, never to both."""
    une, autre = instances
    await une.inscrire()
    for methode, chemin, corps in registre_exemple():
        if PRESERIE in chemin and not chemin.endswith("/demarrage"):
            suivante = chemin.replace(PRESERIE, "suivante")
            assert (await une.appeler(methode, suivante, json=corps)).status_code == 201
    assert (await autre.poster(trace())).status_code == 201
    abandon = {"sens": "abandon", "motif": "Assez."}
    assert (await une.appeler("POST", f"/preseries/{PRESERIE}/decision", json=abandon)).status_code == 200
    assert (await une.appeler("POST", "/preseries/suivante/demarrage")).status_code == 200
    envoi = trace()
    assert (await autre.poster(envoi)).status_code == 201
    await asyncio.sleep(ECART_MAX_S)
    assert (await autre.poster(envoi)).status_code == 200
    recues = [(await une.lire(f"/bilan/preseries/{p}"))["traces"]["enregistrees"] for p in (PRESERIE, "suivante")]
    assert recues == [1, 1]


async def test_des_traces_coupees_ne_s_ecrivent_plus_aussitot(
    instances: tuple[Service, Service], proprietaire: asyncpg.Connection
) -> None:
    une, autre = instances
    await une.inscrire()
    await proprietaire.execute("UPDATE preserie SET statut = 'validee'")
    assert (await autre.poster(trace())).status_code == 201
    for actives, statut in ((False, 410), (True, 201), (False, 410)):
        reponse = await une.appeler("PUT", f"/preseries/{PRESERIE}/traces-postes", json={"actives": actives})
        assert reponse.status_code == 200
        assert (await autre.poster(trace())).status_code == statut
