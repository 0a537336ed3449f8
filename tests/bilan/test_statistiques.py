"""Wilson's interval against an independent computation, and its threshold decided in exact arithmetic."""

import itertools
from decimal import Decimal, localcontext
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bilan.statistiques import atteint, executions_restantes, surement_atteint, surement_manque, wilson
from app.referentiels import Fraction

SEUIL = Fraction(numerateur=4, denominateur=5)
_Z = Decimal("1.959963984540054")
_MARGE = 1000


@cache
def _intervalle(reussies: int, total: int) -> tuple[Decimal, Decimal]:
    """Wilson's interval by its textbook formula, with 60 digits."""
    with localcontext() as contexte:
        contexte.prec = 60
        n, taux, z2 = Decimal(total), Decimal(reussies) / Decimal(total), _Z * _Z
        centre = (taux + z2 / (2 * n)) / (1 + z2 / n)
        demi = _Z / (1 + z2 / n) * (taux * (1 - taux) / n + z2 / (4 * n * n)).sqrt()
        return centre - demi, centre + demi


def _en_decimal(seuil: Fraction) -> Decimal:
    return Decimal(seuil.numerateur) / Decimal(seuil.denominateur)


def _solide(reussies: int, total: int, seuil: Fraction) -> bool:
    basse, haute = _intervalle(reussies, total)
    return basse >= _en_decimal(seuil) or haute < _en_decimal(seuil)


def _restantes(reussies: int, total: int, seuil: Fraction) -> int:
    """By trying one more, until the lower end is there."""
    if _solide(reussies, total, seuil):
        return 0
    return next(
        k for k in itertools.count(1) if _intervalle(reussies + k, total + k)[0] >= _en_decimal(seuil) or k > _MARGE
    )


PETITS = [(reussies, total) for total in range(1, 61) for reussies in range(total + 1)]


@st.composite
def proportions(tirer: st.DrawFn) -> tuple[int, int]:
    total = tirer(st.integers(1, 10**6))
    return tirer(st.integers(0, total)), total


def _proche(calcule: tuple[float, float], exact: tuple[Decimal, Decimal]) -> bool:
    return all(abs(Decimal(a) - b) < Decimal("1e-9") for a, b in zip(calcule, exact, strict=True))


def test_l_intervalle_est_exact_pour_tous_les_petits_nombres() -> None:
    assert [cas for cas in PETITS if not _proche(wilson(*cas), _intervalle(*cas))] == []


@given(proportions())
def test_l_intervalle_est_exact_pour_les_grands_nombres(cas: tuple[int, int]) -> None:
    assert _proche(wilson(*cas), _intervalle(*cas))


@given(proportions())
def test_l_intervalle_entoure_la_mesure_et_tient_entre_0_et_1(cas: tuple[int, int]) -> None:
    basse, haute = wilson(*cas)
    assert 0 <= basse <= cas[0] / cas[1] <= haute <= 1


def test_rien_et_tout_touchent_les_bornes() -> None:
    for total in (1, 3, 60, 10**6):
        assert wilson(0, total)[0] == 0.0
        assert wilson(total, total)[1] == 1.0


def test_les_chiffres_du_contrat() -> None:
    basse, haute = wilson(371, 412)
    assert (round(basse, 3), round(haute, 3)) == (0.868, 0.926)


def test_la_solidite_est_celle_de_l_intervalle() -> None:
    for seuil in (SEUIL, Fraction(numerateur=1, denominateur=2), Fraction(numerateur=9, denominateur=10)):
        for cas in PETITS:
            basse, haute = _intervalle(*cas)
            assert surement_atteint(*cas, seuil) == (basse >= _en_decimal(seuil)), cas
            assert surement_manque(*cas, seuil) == (haute < _en_decimal(seuil)), cas


@given(proportions())
def test_la_solidite_vaut_aussi_pour_les_grands_nombres(cas: tuple[int, int]) -> None:
    sure = surement_atteint(*cas, SEUIL) or surement_manque(*cas, SEUIL)
    assert sure == _solide(*cas, SEUIL)


def test_les_executions_restantes_une_a_une_pour_tous_les_petits_nombres() -> None:
    assert [cas for cas in PETITS if executions_restantes(*cas, SEUIL) != _restantes(*cas, SEUIL)] == []


@given(proportions())
def test_les_executions_restantes_suffisent_et_une_de_moins_ne_suffit_pas(cas: tuple[int, int]) -> None:
    reussies, total = cas
    reste = executions_restantes(reussies, total, SEUIL)
    seuil = _en_decimal(SEUIL)
    if reste == 0:
        assert _solide(reussies, total, SEUIL)
        return
    assert not _solide(reussies, total, SEUIL)
    assert _intervalle(reussies + reste, total + reste)[0] >= seuil
    avant = reste - 1
    assert _intervalle(reussies + avant, total + avant)[0] < seuil


@pytest.mark.parametrize(
    ("reussies", "total", "attendu"),
    [
        (4, 5, True),
        (8, 10, True),
        (7, 9, False),
        (80, 100, True),
        (79, 99, False),
        (799_999, 10**6, False),
        (8 * 10**17, 10**18, True),
        (8 * 10**17 - 1, 10**18, False),
        (0, 1, False),
        (1, 1, True),
    ],
)
def test_les_entiers_decident_du_seuil(reussies: int, total: int, attendu: bool) -> None:
    assert atteint(reussies, total, SEUIL) is attendu


def test_au_seuil_exact_rien_n_est_solide() -> None:
    for dizaines in (1, 10, 10**6, 10**15):
        reussies, total = 8 * dizaines, 10 * dizaines
        assert not surement_atteint(reussies, total, SEUIL)
        assert not surement_manque(reussies, total, SEUIL)
