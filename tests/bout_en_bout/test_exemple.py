"""The example case: what the service says is what was expected, to the last figure."""

import random
from collections import Counter

import asyncpg

from app.acces.roles import Role
from tests.outils import PRESERIE, Corps, Service, attendu_exemple, ensemble, traces_exemple, vider_les_traces


async def _poster_tout(service: Service, traces: list[Corps], taille: int) -> Corps:
    sommes: Counter[str] = Counter()
    rejets: Counter[str] = Counter()
    for debut in range(0, len(traces), taille):
        accuse = (await service.poster(traces[debut : debut + taille])).json()
        sommes.update({cle: accuse[cle] for cle in ("recues", "enregistrees", "doublons", "rejetees")})
        rejets.update(rejet["code"] for rejet in accuse["rejets"])
    return {**sommes, "rejets": dict(rejets)}


async def _verifier(service: Service, attendu: Corps) -> None:
    bilan = await service.lire(f"/bilan/preseries/{PRESERIE}")
    assert bilan["executions"] == attendu["executions"]
    assert bilan["scor"] == attendu["scor"]
    criteres = {critere["code"]: critere for critere in bilan["criteres"]}
    enregistrement = criteres["enregistrement"]
    for champ, valeur in attendu["enregistrement"].items():
        if champ == "intervalle":
            assert all(abs(a - b) < 1e-9 for a, b in zip(enregistrement[champ], valeur, strict=True))
        else:
            assert enregistrement[champ] == valeur, champ
    assert criteres["anomalies"]["etat"] == attendu["anomalies"]["etat"]
    assert criteres["anomalies"]["bloquantes"] == attendu["anomalies"]["bloquantes"]
    assert criteres["scor"]["etat"] == attendu["scor_etat"]
    for axe, lignes in attendu["ventilation"].items():
        ventilation = await service.lire(f"/bilan/preseries/{PRESERIE}/ventilation?par={axe}")
        assert {ligne.pop("cle"): ligne for ligne in ventilation["lignes"]} == lignes


async def test_exemple_dans_l_ordre(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    attendu = attendu_exemple()
    assert await _poster_tout(cnam, traces_exemple(), 100) == attendu["post"]
    await _verifier(cnam, attendu)
    assert await _poster_tout(cnam, traces_exemple(), 333) == attendu["post"] | {
        "enregistrees": 0,
        "doublons": attendu["post"]["enregistrees"] + attendu["post"]["doublons"],
    }
    await _verifier(cnam, attendu)


async def test_exemple_melange_par_8_connexions(service: Service, proprietaire: asyncpg.Connection) -> None:
    """Whatever the order: the traces that stood when posted in order, shuffled, with all their repetitions."""
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    traces = traces_exemple()
    refusees = {rejet["index"] for rejet in (await _par_mille(cnam, traces))}
    await vider_les_traces(proprietaire)
    retenues = [trace for index, trace in enumerate(traces) if index not in refusees]
    hasard = random.Random(7)
    hasard.shuffle(retenues)
    parts = [retenues[i::8] for i in range(8)]
    await ensemble(*(_poster_tout(cnam, part, hasard.randint(1, 90)) for part in parts))
    await _verifier(cnam, attendu_exemple())


async def _par_mille(service: Service, traces: list[Corps]) -> list[Corps]:
    """Rejets of all traces, ``index`` counted over the whole."""
    rejets: list[Corps] = []
    for debut in range(0, len(traces), 1000):
        accuse = (await service.poster(traces[debut : debut + 1000])).json()
        rejets += [rejet | {"index": rejet["index"] + debut} for rejet in accuse["rejets"]]
    return rejets
