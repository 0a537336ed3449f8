"""What stops a sending before its end, and what is then given back."""

import asyncio
import logging
from dataclasses import replace

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from app.poste import CleRefusee, ClientPoste, PosteSuivi, Reglages, Resultat
from tests.poste.conftest import AM, ORDONNANCE, Fabrique, Horloge, trace, traces
from tests.poste.distant import CLE, Distant, Traces, acquitter, couper, probleme, statut

POSTE = PosteSuivi("ortho-plus", AM)


def consigne(etat: str, etag: str = '"1"', prochaine_s: int = 900) -> Response:
    corps = {"traces_postes": etat, "depuis_le": None, "prochaine_consultation_s": prochaine_s}
    return JSONResponse(corps, headers={"ETag": etag})


@pytest.mark.parametrize("code", [401, 403])
async def test_une_cle_refusee_arrete_tout_et_rend_le_reste(distant: Distant, fabrique: Fabrique, code: int) -> None:
    distant.script.extend([acquitter, probleme(code, "cle-refusee", "Demandez une clé.")])
    with pytest.raises(CleRefusee, match="Demandez une nouvelle clé") as erreur:
        await fabrique(taille_lot=2).envoyer(traces(7))
    assert len(distant.postes) == 2
    refus = erreur.value
    assert (refus.code, refus.restantes, refus.resultat.restantes, refus.resultat.recues) == (
        "cle-refusee",
        5,
        5,
        2,
    )
    suite = await fabrique().envoyer(refus.non_acquittees)
    assert (suite.enregistrees, suite.doublons) == (5, 0)
    assert len(distant.connus) == 7


async def test_rien_d_une_trace_ni_de_la_cle_dans_les_messages(distant: Distant, fabrique: Fabrique) -> None:
    distant.script.append(statut(401, contenu=f"<html>{AM}</html>".encode()))
    with pytest.raises(CleRefusee) as erreur:
        await fabrique().envoyer(traces(2))
    for texte in (str(erreur.value), repr(erreur.value), repr(erreur.value.non_acquittees)):
        assert not any(secret in texte for secret in (AM, ORDONNANCE, CLE))


async def test_une_connexion_qui_attend_s_arrete_avec_les_autres(
    distant: Distant, http: httpx.AsyncClient, horloge: Horloge
) -> None:
    jamais = asyncio.Event()
    endormie = asyncio.Event()

    async def dormir(_delai: float) -> None:
        endormie.set()
        await jamais.wait()

    def refuser(_distant: Distant, _traces: Traces) -> Response:
        return Response(status_code=401 if endormie.is_set() else 503)

    distant.script.extend([statut(503), acquitter, *[refuser] * 50])
    client = ClientPoste(
        distant.url,
        CLE,
        http=http,
        temps=replace(horloge.temps, dormir=dormir),
        reglages=Reglages(connexions=2, taille_lot=1),
    )
    with pytest.raises(CleRefusee) as erreur:
        async with asyncio.timeout(5):
            await client.envoyer(traces(60))
    assert erreur.value.restantes + erreur.value.resultat.recues == 60
    positions = [rendue.position for rendue in erreur.value.non_acquittees]
    assert positions == sorted(set(positions))


async def test_desactivees_dans_une_reponse_arrete_l_envoi(distant: Distant, fabrique: Fabrique) -> None:
    def eteindre(distant: Distant, lues: Traces) -> Response:
        distant.etat = "desactivees"
        return acquitter(distant, lues)

    distant.script.extend([acquitter, eteindre])
    resultat = await fabrique(taille_lot=2).envoyer(traces(7))
    assert (resultat.arret, resultat.recues, resultat.restantes) == ("desactivees", 4, 3)
    assert len(distant.postes) == 2


async def test_la_consigne_est_demandee_avant_d_envoyer(distant: Distant, fabrique: Fabrique) -> None:
    distant.consignes.append(consigne("desactivees"))
    par_lot: list[Resultat] = []
    resultat = await fabrique(POSTE).envoyer(traces(7), avancement=par_lot.append)
    assert (resultat.arret, resultat.recues, resultat.restantes) == ("desactivees", 0, 7)
    assert (distant.postes, par_lot) == ([], [])
    [consultation] = distant.consultations
    assert consultation.parametres == {"logiciel": "ortho-plus", "numero_am": AM}
    assert consultation.entetes["authorization"] == f"Bearer {CLE}"


async def test_sans_poste_suivi_la_consigne_n_est_pas_demandee(distant: Distant, fabrique: Fabrique) -> None:
    await fabrique().envoyer(traces(1))
    assert distant.consultations == []


@pytest.mark.parametrize("etat", ["actives", "inactives"])
async def test_la_consigne_est_redemandee_quand_elle_le_dit(
    distant: Distant, fabrique: Fabrique, horloge: Horloge, etat: str
) -> None:
    distant.consignes.extend([consigne(etat, prochaine_s=100), Response(status_code=304), consigne("desactivees")])
    client = fabrique(POSTE, taille_lot=1)

    def passer(_lot: Resultat) -> None:
        horloge.secondes += 35  # due after 105 s: 100 s and half of a tenth, by the drawn jitter

    resultat = await client.envoyer(traces(20), avancement=passer)
    assert (resultat.arret, resultat.recues, resultat.restantes) == ("desactivees", 6, 14)
    assert ["if-none-match" in vue.entetes for vue in distant.consultations] == [False, True, True]
    assert distant.consultations[1].entetes["if-none-match"] == '"1"'


async def test_une_consigne_desactivee_tient_jusqu_a_la_prochaine(
    distant: Distant, fabrique: Fabrique, horloge: Horloge
) -> None:
    distant.consignes.extend([consigne("desactivees"), consigne("actives")])
    client = fabrique(POSTE)
    assert (await client.envoyer(traces(1))).restantes == 1
    assert (await client.envoyer(traces(1))).restantes == 1
    assert len(distant.consultations) == 1
    horloge.secondes += 1_000
    assert (await client.envoyer(traces(1))).enregistrees == 1


async def test_apres_une_desactivation_apprise_d_une_reponse_la_consigne_est_redemandee(
    distant: Distant, fabrique: Fabrique
) -> None:
    distant.consignes.extend([consigne("actives"), consigne("desactivees")])
    distant.etat = "desactivees"
    client = fabrique(POSTE, taille_lot=1)
    assert (await client.envoyer(traces(3))).recues == 1
    assert (await client.envoyer(traces(3))).recues == 0
    assert len(distant.postes) == 1


@pytest.mark.parametrize(
    "reponse",
    [
        Response(status_code=503),
        Response(status_code=404),
        Response(status_code=304),
        Response("<html>", media_type="text/html"),
        JSONResponse({"traces_postes": "desactivees"}),
        consigne("peut-être"),
    ],
)
async def test_une_consigne_illisible_n_empeche_pas_d_envoyer(
    distant: Distant, fabrique: Fabrique, horloge: Horloge, reponse: Response
) -> None:
    distant.consignes.append(reponse)
    client = fabrique(POSTE)
    assert (await client.envoyer(traces(2))).enregistrees == 2
    distant.consignes.append(consigne("desactivees"))
    horloge.secondes += 70
    assert (await client.envoyer([trace(3)])).restantes == 1


async def test_une_consigne_injoignable_n_empeche_pas_d_envoyer(distant: Distant, fabrique: Fabrique) -> None:
    distant.consignes.append(couper(distant, []))
    assert (await fabrique(POSTE).envoyer(traces(2))).enregistrees == 2


async def test_le_numero_am_n_entre_dans_aucun_journal(
    distant: Distant, fabrique: Fabrique, caplog: pytest.LogCaptureFixture
) -> None:
    distant.consignes.append(consigne("actives"))
    with caplog.at_level(logging.DEBUG):
        await fabrique(POSTE).envoyer(traces(1))
    assert "/traces/consigne" in caplog.text
    assert AM not in caplog.text
    assert CLE not in caplog.text
    assert AM not in repr(POSTE)
