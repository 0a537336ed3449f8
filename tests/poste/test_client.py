"""What goes over the wire and how the answers are summed."""

from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest

from app.poste import ClientPoste, ReglageInvalide, Reglages, Rejet, Resultat, Trace, TraceNonEncodable
from app.poste.lots import OCTETS_MAX
from tests.poste.conftest import Fabrique, trace, traces
from tests.poste.distant import CLE, Distant


async def test_les_lots_partent_dans_l_ordre_avec_la_cle(distant: Distant, fabrique: Fabrique) -> None:
    resultat = await fabrique(taille_lot=4).envoyer(traces(10))
    assert distant.tailles == [4, 4, 2]
    assert [envoyee for recue in distant.postes for envoyee in recue.traces] == traces(10)
    assert {recue.entetes["authorization"] for recue in distant.postes} == {f"Bearer {CLE}"}
    assert {recue.entetes["content-type"] for recue in distant.postes} == {"application/json"}
    assert (resultat.lots, resultat.recues, resultat.enregistrees) == (3, 10, 10)
    assert (resultat.reprises, resultat.arret, resultat.restantes) == (0, None, 0)


async def test_500_traces_par_lot_sans_autre_choix(distant: Distant, fabrique: Fabrique) -> None:
    await fabrique().envoyer(traces(1_001))
    assert distant.tailles == [500, 500, 1]


async def test_rien_a_envoyer_n_envoie_rien(distant: Distant, fabrique: Fabrique) -> None:
    assert (await fabrique().envoyer([])).recues == 0
    assert distant.postes == []


async def test_une_source_asynchrone_vaut_une_liste(distant: Distant, fabrique: Fabrique) -> None:
    async def source() -> AsyncIterator[Trace]:
        for numero in range(5):
            yield trace(numero)

    assert (await fabrique(taille_lot=2).envoyer(source())).enregistrees == 5
    assert distant.tailles == [2, 2, 1]


async def test_doublons_rejets_et_avertissements_sont_sommes(fabrique: Fabrique) -> None:
    envoi: list[Trace] = [trace(1), trace(1), "5", trace(2, horloge="decalee"), b"null", trace(3)]
    par_lot: list[Resultat] = []
    resultat = await fabrique(taille_lot=2).envoyer(envoi, avancement=par_lot.append)
    assert (resultat.recues, resultat.enregistrees, resultat.doublons, resultat.rejetees) == (6, 3, 1, 2)
    assert resultat.rejets == {"trace-invalide": 2}
    assert resultat.avertissements == {"horloge-decalee": 1}
    assert resultat.rejets_detailles == [
        Rejet(2, "trace-invalide", None, "Envoyez un objet."),
        Rejet(4, "trace-invalide", None, "Envoyez un objet."),
    ]
    assert [lot.recues for lot in par_lot] == [2, 2, 2]
    assert sum((lot.rejets for lot in par_lot), Counter()) == resultat.rejets


async def test_un_texte_deja_ecrit_part_tel_quel(distant: Distant, fabrique: Fabrique) -> None:
    await fabrique().envoyer(['{"id":  "00000000-0000-0000-0000-000000000001"}', b"[ 1 ]"])
    assert distant.postes[0].corps == b'[{"id":  "00000000-0000-0000-0000-000000000001"},[ 1 ]]'


async def test_seuls_les_corps_de_plus_d_un_kibioctet_sont_compresses(distant: Distant, fabrique: Fabrique) -> None:
    await fabrique().envoyer(["1" * (1024 - 2)])
    await fabrique().envoyer(["1" * (1024 - 1)])
    petit, grand = distant.postes
    assert ("content-encoding" in petit.entetes, grand.entetes["content-encoding"]) == (False, "gzip")
    assert grand.octets < len(grand.corps) == 1025


async def test_aucun_corps_ne_depasse_un_mebioctet(distant: Distant, fabrique: Fabrique) -> None:
    lourdes: list[Trace] = [trace(numero, message="é" * 60_000) for numero in range(10)]
    resultat = await fabrique().envoyer(lourdes)
    assert resultat.enregistrees == 10
    assert max(len(recue.corps) for recue in distant.postes) <= OCTETS_MAX
    assert len(distant.postes) > 1


async def test_une_trace_trop_grande_est_refusee_sans_partir(distant: Distant, fabrique: Fabrique) -> None:
    envoi: list[Trace] = [trace(1), b'"' + b"x" * OCTETS_MAX + b'"', trace(2)]
    resultat = await fabrique().envoyer(envoi)
    assert (resultat.recues, resultat.enregistrees, resultat.rejetees) == (3, 2, 1)
    assert resultat.rejets == {"corps-trop-grand": 1}
    assert resultat.rejets_detailles[0].position == 1
    assert distant.tailles == [1, 1]


@pytest.mark.parametrize("connexions", [1, 3])
async def test_pas_plus_de_lots_en_vol_que_de_connexions(distant: Distant, fabrique: Fabrique, connexions: int) -> None:
    distant.pause_s = 0.02
    resultat = await fabrique(connexions=connexions, taille_lot=1).envoyer(traces(9))
    assert resultat.enregistrees == 9
    assert distant.en_vol_max == connexions


async def test_l_erreur_de_la_source_arrive_telle_quelle(fabrique: Fabrique) -> None:
    envoi: list[Trace] = [trace(1), {"valeur": float("inf")}]
    with pytest.raises(TraceNonEncodable):
        await fabrique(taille_lot=1, connexions=2).envoyer(envoi)


async def test_le_client_ferme_ce_qu_il_a_ouvert(distant: Distant, http: httpx.AsyncClient) -> None:
    async with ClientPoste(distant.url + "/", CLE) as client:
        assert (await client.envoyer(traces(1))).enregistrees == 1
    with pytest.raises(RuntimeError):
        await client.envoyer(traces(1))
    async with ClientPoste(distant.url, CLE, http=http):
        pass
    assert not http.is_closed


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "ftp://hote",
        "https://",
        "https://moi:secret@hote",
        "https://hote?cle=secret",
        "http://[secret]",
        "http://secret:99999999",
        "http://" + "secret" * 20,
    ],
)
def test_une_adresse_inutilisable_est_refusee_sans_etre_repetee(url: str) -> None:
    with pytest.raises(ReglageInvalide, match="https://hôte") as erreur:
        ClientPoste(url, CLE)
    assert "secret" not in str(erreur.value)


@pytest.mark.parametrize("cle", ["", "  ", "deux mots", "secret\nsecret", "clé"])
def test_une_cle_inutilisable_est_refusee_sans_etre_repetee(cle: str) -> None:
    with pytest.raises(ReglageInvalide, match="recopiez-la") as erreur:
        ClientPoste("https://hote", cle)
    assert "secret" not in str(erreur.value)


@pytest.mark.parametrize(
    "reglages",
    [{"taille_lot": 0}, {"taille_lot": 1_001}, {"connexions": 0}, {"patience_s": -1.0}, {"delai_reponse_s": 0.0}],
)
def test_un_reglage_impossible_est_refuse(reglages: dict[str, float]) -> None:
    with pytest.raises(ReglageInvalide):
        Reglages(**reglages)  # type: ignore[arg-type]
