"""Batching: nothing is lost, the order is kept, no limit is passed."""

import itertools
import json
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.poste import TraceEncodee, TraceNonEncodable
from app.poste.lots import OCTETS_MAX, TRACES_MAX, Lot, Source, encoder, former_lots

POIDS = st.integers(1, 2_000) | st.integers(300_000, 400_000) | st.integers(OCTETS_MAX - 6, OCTETS_MAX + 3)


async def lots_de(source: Source, taille: int) -> list[Lot]:
    return [lot async for lot in former_lots(source, taille)]


def encodees(poids: Iterable[int]) -> list[TraceEncodee]:
    return [TraceEncodee(position, b"1" * octets) for position, octets in enumerate(poids)]


@given(st.lists(POIDS, max_size=40), st.integers(1, 10))
async def test_tout_part_dans_l_ordre_et_sous_les_limites(poids: list[int], taille: int) -> None:
    traces = encodees(poids)
    lots = await lots_de(traces, taille)
    assert [trace for lot in lots for trace in lot.traces] == traces
    for lot in lots:
        assert 1 <= len(lot) <= taille
        assert (len(lot.corps()) <= OCTETS_MAX) != lot.trop_grand


@given(st.lists(POIDS, min_size=1, max_size=40), st.integers(1, 10))
async def test_un_lot_ne_s_arrete_que_parce_qu_il_est_plein(poids: list[int], taille: int) -> None:
    lots = await lots_de(encodees(poids), taille)
    for lot, suivant in itertools.pairwise(lots):
        agrandi = Lot((*lot.traces, suivant.traces[0]))
        assert len(lot) == taille or len(agrandi.corps()) > OCTETS_MAX


@given(st.integers(2, TRACES_MAX))
def test_les_moities_font_le_tout(nombre: int) -> None:
    lot = Lot(tuple(encodees([1] * nombre)))
    gauche, droite = lot.moities()
    assert gauche.traces + droite.traces == lot.traces
    assert abs(len(gauche) - len(droite)) <= 1


async def test_limite_exacte_en_octets() -> None:
    pile = await lots_de(encodees([OCTETS_MAX // 2 - 2, OCTETS_MAX // 2 - 1]), 10)
    assert [len(lot.corps()) for lot in pile] == [OCTETS_MAX]
    depasse = await lots_de(encodees([OCTETS_MAX // 2 - 1, OCTETS_MAX // 2 - 1]), 10)
    assert [len(lot) for lot in depasse] == [1, 1]


async def test_la_source_n_est_pas_lue_plus_loin_que_le_lot() -> None:
    lues: list[int] = []

    async def source() -> AsyncIterator[dict[str, object]]:
        for numero in range(10):
            lues.append(numero)
            yield {"sequence": numero}

    lots = former_lots(source(), 3)
    assert len(await anext(lots)) == 3
    assert lues == [0, 1, 2]
    await lots.aclose()


def test_encodage() -> None:
    assert encoder(0, {"message": "délai"}).corps == b'{"message":"d\\u00e9lai"}'
    assert encoder(1, '{ "a" : 1 }').corps == b'{ "a" : 1 }'
    assert encoder(2, b"pas du json").corps == b"pas du json"
    assert encoder(3, TraceEncodee(41, b"{}")) == TraceEncodee(41, b"{}")


@pytest.mark.parametrize("trace", [{"m": "\ud800"}, '{"m":"\ud800"}'])
def test_un_caractere_impossible_ne_coute_que_sa_trace(trace: dict[str, object] | str) -> None:
    assert json.loads(encoder(0, trace).corps.decode()) == {"m": "\ud800"}


@pytest.mark.parametrize("valeur", [float("nan"), object(), {1, 2}])
def test_une_trace_qui_n_est_pas_du_json_est_nommee_sans_etre_montree(valeur: object) -> None:
    with pytest.raises(TraceNonEncodable, match="position 7") as erreur:
        encoder(7, {"ordonnance": "2N8K4XYZ00012345", "valeur": valeur})
    assert "2N8K" not in str(erreur.value)
    assert erreur.value.__context__ is None


def test_la_representation_ne_montre_pas_la_trace() -> None:
    assert "759912345" not in repr(Lot((TraceEncodee(0, b'{"numero_am":"759912345"}'),)))
