"""Wilson's interval against an independent computation, and its threshold decided in exact arithmetic."""

import itertools
from decimal import Decimal, localcontext
from functools import cache
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bilan.statistiques import (
    atteint,
    executions_restantes,
    surement_atteint,
    surement_manque,
    surement_moindre,
    wilson,
)
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


def _fisher(moins: tuple[int, int], plus: tuple[int, int]) -> float:
    """The exact chance of so few successes on the first side, were both rates the same."""
    (r1, n1), (r2, n2) = moins, plus
    possibles = comb(n1 + n2, r1 + r2)
    return sum(comb(n1, k) * comb(n2, r1 + r2 - k) for k in range(max(0, r1 + r2 - n2), r1 + 1)) / possibles


@given(proportions(), proportions())
def test_une_seule_est_surement_moindre_et_c_est_la_moindre(a: tuple[int, int], b: tuple[int, int]) -> None:
    assert not (surement_moindre(a, b) and surement_moindre(b, a))
    if surement_moindre(a, b):
        assert a[0] * b[1] < b[0] * a[1]


@given(proportions(), proportions())
def test_c_est_le_chi2_de_yates(a: tuple[int, int], b: tuple[int, int]) -> None:
    """By its textbook form: the sum over the four cells of (|seen − expected| − ½)² / expected."""
    (r1, n1), (r2, n2) = a, b
    total, reussies = n1 + n2, r1 + r2
    if reussies in (0, total):
        assert not surement_moindre(a, b)
        return
    with localcontext() as contexte:
        contexte.prec = 60
        prevues = [Decimal(n) * q / total for n in (n1, n2) for q in (reussies, total - reussies)]
        ecart = Decimal(n1) * reussies / total - r1
        chi2 = sum((ecart - Decimal("0.5")) ** 2 / prevue for prevue in prevues)
        assert surement_moindre(a, b) == (ecart > Decimal("0.5") and chi2 >= _Z * _Z)


@given(st.tuples(st.integers(0, 40), st.integers(1, 40)), st.tuples(st.integers(0, 40), st.integers(1, 40)))
def test_avec_peu_d_executions_le_hasard_reste_rare(a: tuple[int, int], b: tuple[int, int]) -> None:
    """Against Fisher's exact test: what is called sure has a chance of 5 % at most, and mostly of 2.5 %."""
    moins, plus = (min(a), max(*a, 1)), (min(b), max(*b, 1))
    if surement_moindre(moins, plus):
        assert _fisher(moins, plus) < 0.05


def test_une_version_qui_perd_un_dixieme_se_voit_sur_assez_d_executions() -> None:
    assert not surement_moindre((17, 20), (19, 20))
    assert surement_moindre((170, 200), (190, 200))
    assert not surement_moindre((190, 200), (170, 200))
