"""A token bucket per key: one second's worth at once, then so many a second."""

import pytest

from app.erreurs import TropDeRequetes
from app.traces.debit import Debit


def _admises(debit: Debit, cle: int, instants: list[float]) -> list[bool]:
    admises = []
    for instant in instants:
        try:
            debit.admettre(cle, instant)
        except TropDeRequetes:
            admises.append(False)
        else:
            admises.append(True)
    return admises


def test_une_seconde_d_avance_puis_le_refus() -> None:
    assert _admises(Debit(3), 1, [10.0] * 5) == [True, True, True, False, False]


def test_le_seau_se_remplit_avec_le_temps() -> None:
    debit = Debit(2)
    assert _admises(debit, 1, [0.0, 0.0, 0.0]) == [True, True, False]
    assert _admises(debit, 1, [0.4, 0.51, 0.6, 1.02]) == [False, True, False, True]


def test_un_long_silence_ne_donne_qu_une_seconde_d_avance() -> None:
    debit = Debit(2)
    assert _admises(debit, 1, [0.0]) == [True]
    assert _admises(debit, 1, [1e6] * 3) == [True, True, False]


def test_chaque_cle_a_son_seau() -> None:
    debit = Debit(1)
    assert _admises(debit, 1, [0.0, 0.0]) == [True, False]
    assert _admises(debit, 2, [0.0, 0.0]) == [True, False]


def test_le_refus_dit_quand_revenir() -> None:
    for par_seconde in (1, 3, 100):
        debit = Debit(par_seconde)
        _admises(debit, 1, [0.0] * par_seconde)
        with pytest.raises(TropDeRequetes) as refus:
            debit.admettre(1, 0.0)
        attente = int(refus.value.entetes["Retry-After"])
        assert attente >= 1
        assert _admises(debit, 1, [float(attente)]) == [True]


def test_a_la_longue_le_debit_est_tenu() -> None:
    debit = Debit(10)
    admises = _admises(debit, 1, [dixieme / 100 for dixieme in range(1000)])
    assert 100 <= sum(admises) <= 110


def test_une_foule_de_cles_ne_remplit_pas_la_memoire() -> None:
    debit = Debit(1)
    assert all(_admises(debit, cle, [0.0])[0] for cle in range(12_000))
    assert _admises(debit, 11_999, [0.0]) == [False]
