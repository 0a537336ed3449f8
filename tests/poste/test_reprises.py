"""Lost answers are asked for again, with the same ids, for as long as patience lasts."""

from collections.abc import Sequence

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.poste import ClientPoste, EnvoiImpossible, Reglages, Resultat, ServiceInjoignable
from tests.poste.conftest import Fabrique, Horloge, traces
from tests.poste.distant import (
    CLE,
    Distant,
    Etape,
    acquitter,
    couper,
    enregistrer_puis,
    html,
    probleme,
    repondre,
    servir,
    statut,
)

A_REPRENDRE = [408, 429, 500, 502, 503, 504]
ACCUSE = {
    "recues": 1,
    "enregistrees": 1,
    "doublons": 0,
    "rejetees": 0,
    "rejets": [],
    "avertissements": [],
    "traces_postes": "actives",
}
REJET = {"index": 0, "code": "trace-invalide"}


@pytest.mark.parametrize("code", A_REPRENDRE)
async def test_un_statut_passager_est_repris_a_l_identique(distant: Distant, fabrique: Fabrique, code: int) -> None:
    distant.script.extend([statut(code), statut(code)])
    resultat = await fabrique().envoyer(traces(3))
    assert (resultat.recues, resultat.enregistrees, resultat.reprises) == (3, 3, 2)
    assert len({recue.corps for recue in distant.postes}) == 1


async def test_une_reponse_perdue_apres_enregistrement_donne_des_doublons(distant: Distant, fabrique: Fabrique) -> None:
    distant.script.append(enregistrer_puis(couper))
    resultat = await fabrique().envoyer(traces(3))
    assert (resultat.recues, resultat.enregistrees, resultat.doublons, resultat.reprises) == (3, 0, 3, 1)


@pytest.mark.parametrize(
    "faux",
    [
        html,
        statut(200),
        statut(204),
        repondre([]),
        repondre({}),
        repondre(ACCUSE | {"recues": 2, "enregistrees": 2}),
        repondre(ACCUSE | {"enregistrees": True}),
        repondre(ACCUSE | {"doublons": 1}),
        repondre(ACCUSE | {"doublons": -1, "enregistrees": 2}),
        repondre(ACCUSE | {"traces_postes": "peut-être"}),
        repondre(ACCUSE | {"rejets": [REJET]}),
        repondre(ACCUSE | {"enregistrees": 0, "rejetees": 1}),
        repondre(ACCUSE | {"enregistrees": 0, "rejetees": 1, "rejets": [REJET | {"index": 1}]}),
        repondre(ACCUSE | {"enregistrees": 0, "rejetees": 1, "rejets": [REJET | {"code": None}]}),
        repondre(ACCUSE | {"enregistrees": 0, "rejetees": 1, "rejets": ["0"]}),
        repondre(ACCUSE | {"avertissements": None}),
        statut(200, contenu=b"[" * 100_000),
        statut(200, {"Content-Encoding": "gzip"}, b"pas du gzip"),
    ],
)
async def test_une_reponse_hors_contrat_vaut_une_reponse_perdue(
    distant: Distant, fabrique: Fabrique, faux: Etape
) -> None:
    distant.script.append(faux)
    resultat = await fabrique().envoyer(traces(1))
    assert (resultat.recues, resultat.enregistrees, resultat.reprises) == (1, 1, 1)


@pytest.mark.parametrize(
    ("entetes", "attendu"),
    [
        ({"Retry-After": "7"}, 7.25),
        ({"Retry-After": "0"}, 0.25),
        ({"Retry-After": "3600"}, 60.25),
        ({"Retry-After": "Fri, 20 Nov 2026 09:00:09 GMT", "Date": "Fri, 20 Nov 2026 09:00:00 GMT"}, 9.25),
        ({"Retry-After": "Fri, 20 Nov 2026 12:00:09 GMT", "Date": "Fri, 20 Nov 2026 12:00:00 GMT"}, 9.25),
        ({"Retry-After": "demain"}, 0.25),
        ({}, 0.25),
    ],
)
async def test_l_attente_demandee_est_tenue(
    distant: Distant, fabrique: Fabrique, horloge: Horloge, entetes: dict[str, str], attendu: float
) -> None:
    distant.script.append(statut(503, entetes))
    await fabrique().envoyer(traces(1))
    assert horloge.sommeils == [attendu]


async def test_sans_demande_l_attente_double_jusqu_au_plafond(
    distant: Distant, fabrique: Fabrique, horloge: Horloge
) -> None:
    distant.script.extend([statut(500)] * 6)
    await fabrique(plafond_s=4).envoyer(traces(1))
    assert horloge.sommeils == [0.25, 0.5, 1, 2, 2, 2]


async def test_la_patience_a_une_fin(distant: Distant, fabrique: Fabrique, horloge: Horloge) -> None:
    distant.script.extend([acquitter] + [statut(503)] * 100)
    with pytest.raises(ServiceInjoignable, match=r"statut 503.*à conserver : 4\.") as erreur:
        await fabrique(taille_lot=2, patience_s=30).envoyer(traces(6))
    assert 15 < sum(horloge.sommeils) <= 30
    resultat = erreur.value.resultat
    assert (resultat.recues, resultat.restantes) == (2, 4)
    assert resultat.reprises == len(horloge.sommeils) == len(distant.postes) - 2
    assert [rendue.position for rendue in erreur.value.non_acquittees] == [2, 3, 4, 5]


async def test_on_n_attend_pas_une_reprise_qui_n_aura_pas_lieu(
    distant: Distant, fabrique: Fabrique, horloge: Horloge
) -> None:
    distant.script.append(statut(429, {"Retry-After": "50"}))
    with pytest.raises(ServiceInjoignable):
        await fabrique(patience_s=20).envoyer(traces(1))
    assert horloge.sommeils == []


async def test_sans_patience_un_seul_essai(distant: Distant, fabrique: Fabrique) -> None:
    distant.script.append(statut(500))
    with pytest.raises(ServiceInjoignable):
        await fabrique(patience_s=0).envoyer(traces(1))
    assert len(distant.postes) == 1


async def test_une_reponse_trop_lente_est_perdue(http: httpx.AsyncClient) -> None:
    reglages = Reglages(delai_reponse_s=0.05, patience_s=0)
    # A stand-in of its own: it ends its late answer before the next test.
    with servir(Distant()) as lent:
        lent.pause_s = 0.2
        with pytest.raises(ServiceInjoignable, match=r"aucune réponse en 0\.05 s"):
            await ClientPoste(lent.url, CLE, http=http, reglages=reglages).envoyer(traces(1))


async def test_un_corps_trop_grand_est_coupe_en_deux(distant: Distant, fabrique: Fabrique) -> None:
    distant.script.extend([statut(413), statut(413), acquitter, acquitter, statut(413)])
    resultat = await fabrique(taille_lot=4).envoyer(traces(8))
    # 4 → 2 + 2; the first 2 → 1 + 1; the second 2 → 1 + 1; then the next lot. The order is kept.
    assert distant.tailles == [4, 2, 1, 1, 2, 1, 1, 4]
    assert (resultat.recues, resultat.enregistrees) == (8, 8)


async def test_une_trace_seule_refusee_en_413_est_comptee(distant: Distant, fabrique: Fabrique) -> None:
    distant.script.extend([statut(413), statut(413)])
    resultat = await fabrique().envoyer(traces(2))
    assert (resultat.recues, resultat.enregistrees, resultat.rejetees) == (2, 1, 1)
    assert [(rejet.position, rejet.code) for rejet in resultat.rejets_detailles] == [(0, "corps-trop-grand")]


@pytest.mark.parametrize("code", [400, 415, 422])
async def test_une_faute_du_client_est_levee_et_rien_n_est_perdu(
    distant: Distant, fabrique: Fabrique, code: int
) -> None:
    distant.script.extend([acquitter, probleme(code, "corps-illisible", "Envoyez du JSON {valide}.")])
    with pytest.raises(EnvoiImpossible, match=r"JSON \{valide\}") as erreur:
        await fabrique(taille_lot=2).envoyer(traces(5))
    assert (erreur.value.code, erreur.value.detail) == ("corps-illisible", "Envoyez du JSON {valide}.")
    assert (erreur.value.resultat.recues, erreur.value.restantes) == (2, 3)
    assert len(distant.postes) == 2


@pytest.mark.parametrize(
    "refus", [statut(404, contenu=b"<html>ordonnance</html>"), statut(301, {"Location": "/ailleurs"})]
)
async def test_une_mauvaise_adresse_est_dite_tout_de_suite(distant: Distant, fabrique: Fabrique, refus: Etape) -> None:
    distant.script.append(refus)
    with pytest.raises(EnvoiImpossible, match="Vérifiez l'adresse") as erreur:
        await fabrique().envoyer(traces(1))
    assert (erreur.value.code, erreur.value.detail) == (None, None)
    assert len(distant.postes) == 1


PANNES = st.sampled_from(
    [
        *(statut(code) for code in A_REPRENDRE),
        statut(503, {"Retry-After": "1"}),
        html,
        couper,
        enregistrer_puis(couper),
        enregistrer_puis(statut(500)),
        enregistrer_puis(html),
    ]
)


async def envoyer_malgre(
    serveur: Distant, http: httpx.AsyncClient, pannes: Sequence[Etape], connexions: int
) -> Resultat:
    serveur.remettre_a_zero()
    serveur.script.extend(pannes)
    reglages = Reglages(taille_lot=2, connexions=connexions, patience_s=10_000)
    client = ClientPoste(serveur.url, CLE, http=http, temps=Horloge().temps, reglages=reglages)
    resultat = await client.envoyer(traces(7))
    assert resultat.recues == resultat.enregistrees + resultat.doublons + resultat.rejetees == 7
    assert len(serveur.connus) >= 7 - resultat.rejetees
    return resultat


@settings(deadline=None, max_examples=40)
@given(pannes=st.lists(PANNES, max_size=10), connexions=st.integers(1, 3))
async def test_toute_suite_de_pannes_finit_par_un_acquittement_et_un_seul(
    serveur: Distant, http: httpx.AsyncClient, pannes: list[Etape], connexions: int
) -> None:
    resultat = await envoyer_malgre(serveur, http, pannes, connexions)
    assert (resultat.rejetees, resultat.reprises) == (0, len(pannes))
    assert (len(serveur.connus), len(serveur.postes)) == (7, 4 + len(pannes))


@settings(deadline=None, max_examples=30)
@given(pannes=st.lists(PANNES | st.just(statut(413)), max_size=10), connexions=st.integers(1, 3))
async def test_meme_coupe_en_deux_chaque_trace_a_une_issue(
    serveur: Distant, http: httpx.AsyncClient, pannes: list[Etape], connexions: int
) -> None:
    resultat = await envoyer_malgre(serveur, http, pannes, connexions)
    assert resultat.rejetees == resultat.rejets["corps-trop-grand"]
