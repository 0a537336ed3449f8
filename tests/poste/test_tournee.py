"""Emptying a spool: what is answered for leaves it, the rest stays, and the same bytes go again."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from app.poste import CleRefusee, EcritureRefusee, PosteSuivi, Resultat, ServiceInjoignable, Spool, tournee, vider
from app.poste.lots import Lot
from tests.poste.conftest import AM, Fabrique, trace, traces
from tests.poste.distant import Distant, Traces, acquitter, couper, enregistrer_puis, probleme, statut

DESACTIVEES = {"traces_postes": "desactivees", "depuis_le": None, "prochaine_consultation_s": 900}


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool.db") as ouvert:
        yield ouvert


def recues(distant: Distant) -> list[int]:
    return [envoyee["sequence"] for recue in distant.postes for envoyee in recue.traces]


@pytest.mark.parametrize("connexions", [1, 3])
async def test_tout_part_dans_l_ordre_et_quitte_le_spool(
    distant: Distant, fabrique: Fabrique, spool: Spool, connexions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tournee, "PAGE", 10)
    spool.deposer_tout(traces(23))
    corps = b"".join(lue.corps for lue in spool.lire(100))
    par_lot: list[Resultat] = []
    resultat = await vider(fabrique(taille_lot=4, connexions=connexions), spool, avancement=par_lot.append)
    assert (resultat.recues, resultat.enregistrees, resultat.restantes) == (23, 23, 0)
    assert sum(lot.recues for lot in par_lot) == 23
    envoyes = sorted(recue.corps for recue in distant.postes)
    if connexions == 1:
        assert recues(distant) == list(range(1, 24))
        assert b"".join(recue.corps[1:-1] for recue in distant.postes).replace(b"},{", b"}{") == corps
    assert len(b"".join(envoyes).replace(b"},{", b"}{")) == len(corps) + 2 * len(envoyes)
    etat = spool.etat()
    assert (etat.enregistrees, etat.en_attente, etat.octets) == (23, 0, 0)


async def test_une_reponse_perdue_ne_laisse_que_des_doublons(
    distant: Distant, fabrique: Fabrique, spool: Spool
) -> None:
    spool.deposer_tout(traces(6))
    distant.script.extend([acquitter, enregistrer_puis(couper)])
    with pytest.raises(ServiceInjoignable, match=r"à conserver : 4\.") as erreur:
        await vider(fabrique(taille_lot=2, patience_s=0), spool)
    assert (erreur.value.restantes, erreur.value.resultat.enregistrees) == (4, 2)
    premier = distant.postes[1].corps
    assert (await vider(fabrique(taille_lot=2), spool)).doublons == 2
    assert distant.postes[2].corps == premier, "the same bytes"
    assert recues(distant) == [1, 2, 3, 4, 3, 4, 5, 6]
    etat = spool.etat()
    assert (etat.enregistrees, etat.doublons, etat.en_attente) == (4, 2, 0)


@pytest.mark.parametrize("code", [401, 403])
async def test_une_cle_refusee_laisse_le_spool_entier(
    distant: Distant, fabrique: Fabrique, spool: Spool, code: int
) -> None:
    spool.deposer_tout(traces(5))
    distant.script.append(probleme(code, "cle-refusee", "Demandez une clé."))
    with pytest.raises(CleRefusee, match="nouvelle clé"):
        await vider(fabrique(), spool)
    assert spool.etat().en_attente == 5
    assert (await vider(fabrique(), spool)).enregistrees == 5


async def test_un_lot_trop_grand_est_coupe_et_une_trace_trop_grande_rejetee(
    distant: Distant, fabrique: Fabrique, spool: Spool
) -> None:
    spool.deposer_tout([*traces(3), trace(3, version="x" * (1 << 20)), trace(4)])
    distant.script.append(statut(413))
    resultat = await vider(fabrique(), spool)
    assert (resultat.enregistrees, resultat.rejetees) == (4, 1)
    assert distant.tailles == [3, 1, 2, 1]
    [refus] = spool.refus()
    assert (refus.sequence, refus.code, refus.corps) == (4, "corps-trop-grand", None)
    assert spool.etat().en_attente == 0


async def test_un_rejet_quitte_le_spool_avec_son_motif(distant: Distant, fabrique: Fabrique, spool: Spool) -> None:
    def refuser(_distant: Distant, lues: Traces) -> Response:
        rejet = {"index": 1, "code": "pilote-inconnu", "champ": "numero_am", "detail": "…"}
        comptes = {"recues": len(lues), "enregistrees": len(lues) - 1, "doublons": 0, "rejetees": 1}
        return JSONResponse({**comptes, "rejets": [rejet], "avertissements": [], "traces_postes": "actives"})

    spool.deposer_tout(traces(4))
    distant.script.extend([acquitter, refuser])
    await vider(fabrique(taille_lot=2), spool)
    [refus] = spool.refus()
    assert (refus.sequence, refus.code, refus.champ) == (4, "pilote-inconnu", "numero_am")
    assert refus.corps == json.dumps(trace(3, sequence=4), separators=(",", ":")).encode()
    assert (spool.etat().enregistrees, spool.etat().rejetees, spool.etat().en_attente) == (3, 1, 0)


async def test_les_traces_desactivees_restent_dans_le_spool(distant: Distant, fabrique: Fabrique, spool: Spool) -> None:
    spool.deposer_tout(traces(5))
    distant.consignes.append(JSONResponse(DESACTIVEES))
    resultat = await vider(fabrique(PosteSuivi("ortho-plus", AM)), spool)
    assert (resultat.arret, resultat.restantes, distant.postes) == ("desactivees", 5, [])
    distant.etat = "desactivees"
    resultat = await vider(fabrique(taille_lot=2), spool)
    assert (resultat.arret, resultat.recues, resultat.restantes) == ("desactivees", 2, 3)
    assert spool.etat().en_attente == 3


async def test_ce_qui_est_depose_pendant_l_envoi_part_aussi(distant: Distant, fabrique: Fabrique, spool: Spool) -> None:
    spool.deposer_tout(traces(2))

    def deposer(_lot: Resultat) -> None:
        if spool.etat().derniere < 6:
            spool.deposer_tout(traces(2))

    assert (await vider(fabrique(), spool, avancement=deposer)).recues == 6
    assert recues(distant) == [1, 2, 3, 4, 5, 6]


async def test_un_spool_que_le_disque_refuse_arrete_l_envoi(
    distant: Distant, fabrique: Fabrique, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.deposer_tout(traces(4))

    def refuser(_lot: Lot, _resultat: Resultat) -> None:
        raise EcritureRefusee(Path("spool.db"))

    with monkeypatch.context() as pendant:
        pendant.setattr(spool, "retirer", refuser)
        with pytest.raises(EcritureRefusee):
            await vider(fabrique(taille_lot=2), spool)
    assert len(distant.postes) == 1
    resultat = await vider(fabrique(), spool)
    assert (resultat.enregistrees, resultat.doublons) == (2, 2)


async def test_la_boucle_n_attend_pas_le_disque(
    distant: Distant, fabrique: Fabrique, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.deposer_tout(traces(2))
    boucle, arrive, rendu = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    retirer = spool.retirer

    def lent(lot: Lot, resultat: Resultat) -> None:
        boucle.call_soon_threadsafe(arrive.set)
        assert rendu.wait(10), "the event loop stood still"
        retirer(lot, resultat)

    monkeypatch.setattr(spool, "retirer", lent)
    envoi = asyncio.create_task(vider(fabrique(), spool))
    await arrive.wait()
    rendu.set()
    assert (await envoi).enregistrees == 2


@pytest.mark.parametrize(
    ("champs", "attendu"),
    [
        ({"logiciel": "ortho-plus"}, PosteSuivi("ortho-plus", AM)),
        ({}, None),
        ({"logiciel": 3}, None),
        ({"logiciel": "\ud800"}, None),
    ],
)
def test_le_poste_suivi_est_celui_que_nomme_la_trace(
    spool: Spool, champs: dict[str, object], attendu: PosteSuivi | None
) -> None:
    assert tournee.poste_suivi(spool) is None
    spool.deposer(trace(0, **champs))
    assert tournee.poste_suivi(spool) == attendu


async def test_une_vieille_trace_desactivee_ne_retient_pas_celles_d_une_autre_preserie(
    distant: Distant, fabrique: Fabrique, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service refuses it by itself; the others leave in their order."""
    monkeypatch.setattr(tournee, "PAGE", 3)
    spool.deposer_tout([trace(numero, logiciel="ortho-ancien") for numero in range(8)])
    distant.consignes.append(JSONResponse(DESACTIVEES))
    resultat = await vider(fabrique(tournee.poste_suivi(spool)), spool)
    assert (resultat.arret, resultat.restantes, distant.postes) == ("desactivees", 8, []), "all are switched off"
    spool.deposer_tout([trace(numero, logiciel="ortho-plus") for numero in range(8, 10)])
    distant.consignes.append(JSONResponse(DESACTIVEES))
    assert tournee.poste_suivi(spool) is None
    assert (await vider(fabrique(tournee.poste_suivi(spool)), spool)).recues == 10
    assert (recues(distant), len(distant.consultations)) == (list(range(1, 11)), 1)


@pytest.mark.parametrize("autre", [{"logiciel": "ortho-plus", "numero_am": "339912345"}, {"logiciel": 3}, {}])
def test_le_poste_suivi_est_celui_de_toutes_les_traces(spool: Spool, autre: dict[str, object]) -> None:
    spool.deposer_tout([trace(numero, logiciel="ortho-plus") for numero in range(3)])
    assert tournee.poste_suivi(spool) == PosteSuivi("ortho-plus", AM)
    spool.deposer(trace(3, **autre))
    assert tournee.poste_suivi(spool) is None
