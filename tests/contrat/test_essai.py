"""POST /traces/essai: the answer that POST /traces would give, with nothing stored or counted."""

import gzip
import json

import asyncpg
import httpx
import pytest

from app.acces.roles import Role
from tests.contrat.aides import NIR, accuse, cas, compter, etat_dit, inscrire_rival, mettre, verifier_probleme
from tests.contrat.test_traces_objet import REFUS
from tests.outils import PILOTES, Corps, Service, echec, trace

_ECRITES = ("trace", "execution", "reception_sans_suite", "compteur_trace", "compteur_execution", "anomalie")


async def essayer(service: Service, traces: object) -> httpx.Response:
    return await service.appeler("POST", "/traces/essai", json=traces)


async def test_l_essai_dit_ce_que_dirait_l_envoi_sans_rien_ecrire(
    poste: Service, proprietaire: asyncpg.Connection
) -> None:
    connue, reprise = trace(), trace()
    await poste.poster([connue, reprise])
    presents = [await compter(proprietaire, table) for table in _ECRITES]
    neuve = trace()
    envoi = [
        *(connue, reprise | {"version": "autre"}, neuve, neuve, neuve | {"duree_ms": 7}, echec()),
        *(trace(poste=NIR), trace(type_prescription="imagerie"), 12, trace(emise_le="2098-01-01T00:00:00Z")),
    ]
    essai = await essayer(poste, envoi)
    assert [await compter(proprietaire, table) for table in _ECRITES] == presents
    reel = await poste.poster(envoi)
    assert (essai.status_code, essai.json()) == (reel.status_code, reel.json())
    assert accuse(essai, 3, 2, [r["code"] for r in reel.json()["rejets"]])["rejetees"] == 5


async def test_une_trace_seule_a_le_meme_statut_qu_a_l_envoi(poste: Service) -> None:
    envoi = trace()
    assert (await essayer(poste, envoi)).status_code == 201
    assert (await essayer(poste, envoi)).status_code == 201
    await poste.poster(envoi)
    assert (await essayer(poste, envoi)).status_code == 200
    verifier_probleme(await essayer(poste, envoi | {"duree_ms": 1}), 409, "identifiant-reutilise")


async def test_ce_que_le_registre_ne_sait_pas_encore_n_est_qu_un_avertissement(cnam: Service) -> None:
    await inscrire_rival(cnam, demarrer=False)
    doublon = trace(logiciel="inconnu")
    envoi = [
        *(doublon, trace(numero_am="999999999"), trace(logiciel="rival-plus"), doublon),
        *(doublon | {"duree_ms": 3}, trace(logiciel="inconnu", duree_ms="412")),
    ]
    corps = accuse(await essayer(cnam, envoi), 3, 1, ["identifiant-reutilise", "trace-invalide"])
    assert [(a["index"], a["code"]) for a in corps["avertissements"]] == [
        *((0, "logiciel-inconnu"), (1, "pilote-inconnu"), (2, "preserie-non-ouverte"), (3, "logiciel-inconnu"))
    ]
    assert [rejet["index"] for rejet in corps["rejets"]] == [4, 5]
    assert corps["traces_postes"] == "inactives"


async def test_l_horloge_avertit_aussi_avant_toute_preserie(cnam: Service) -> None:
    corps = accuse(await essayer(cnam, trace(logiciel="inconnu", emise_le="2098-01-01T00:00:00Z")), enregistrees=1)
    assert [a["code"] for a in corps["avertissements"]] == ["logiciel-inconnu", "horloge-decalee"]


async def test_la_desactivation_n_est_qu_un_avertissement(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    connue = trace()
    await cnam.poster(connue)
    await mettre(proprietaire, statut="validee", traces_actives=False)
    await etat_dit(cnam, "desactivees")
    neuve = trace()
    envoi = [connue, neuve, neuve, neuve | {"duree_ms": 1}, connue | {"duree_ms": 1}]
    corps = accuse(await essayer(cnam, envoi), 1, 2, ["identifiant-reutilise"] * 2)
    assert [(a["index"], a["code"]) for a in corps["avertissements"]] == [(1, "traces-desactivees")]
    assert corps["traces_postes"] == "desactivees"


@pytest.mark.parametrize(("code", "statut", "envoi"), [r for r in REFUS if r[0] != "logiciel-interdit"])
async def test_les_fautes_de_la_trace_restent_des_refus(
    poste: Service, code: str, statut: int, envoi: Corps | str
) -> None:
    contenu = envoi if isinstance(envoi, str) else json.dumps(envoi)
    reponse = await poste.appeler("POST", "/traces/essai", content=contenu)
    if code in ("logiciel-inconnu", "pilote-inconnu"):
        assert [a["code"] for a in accuse(reponse, enregistrees=1)["avertissements"]] == [code]
    else:
        verifier_probleme(reponse, statut, code)


async def test_une_cle_qui_n_est_pas_la_leur_reste_un_refus(cnam: Service) -> None:
    await inscrire_rival(cnam)
    poste = await cnam.en(Role.POSTE, editeur="ortho-soft", numero_am=PILOTES[1])
    for attendu, envoi in (("logiciel-interdit", trace(logiciel="rival-plus")), ("pilote-interdit", trace())):
        with cas(attendu):
            verifier_probleme(await essayer(poste, envoi), 403, attendu)


async def test_l_essai_prend_les_memes_corps_que_l_envoi(poste: Service) -> None:
    contenu = gzip.compress(json.dumps([trace()] * 3).encode())
    reponse = await poste.appeler("POST", "/traces/essai", content=contenu, headers={"Content-Encoding": "gzip"})
    accuse(reponse, enregistrees=1, doublons=2)
    accuse(await essayer(poste, []))
    verifier_probleme(await essayer(poste, [trace()] * 1001), 413, "corps-trop-grand")
    verifier_probleme(await poste.appeler("POST", "/traces/essai", content=b"{"), 400, "json-invalide")
    lecture = await poste.en(Role.LECTURE)
    verifier_probleme(await essayer(lecture, trace()), 403, "role-insuffisant")
