"""The whole truth table of SCOR conformity, written down case by case (DOMAIN, « SCOR conformity »)."""

import itertools
from datetime import date, timedelta

import pytest

from app.bilan.conformite import CONFORMITES, NON_CONFORMES, Conformite, conformite, phase

C, D, P, A = Conformite.CONFORME, Conformite.DOUBLE_ENVOI, Conformite.PIECE_MANQUANTE, Conformite.EN_ATTENTE
OUI, NON, RIEN = True, False, None

# (phase, registered, said by its succes traces, said by its echec traces): conformity
TABLE: dict[tuple[int, bool, bool | None, bool | None], Conformite] = {
    (2, True, OUI, OUI): D,
    (2, True, OUI, NON): D,
    (2, True, OUI, RIEN): D,
    (2, True, NON, OUI): C,
    (2, True, NON, NON): C,
    (2, True, NON, RIEN): C,
    (2, True, RIEN, OUI): C,
    (2, True, RIEN, NON): A,
    (2, True, RIEN, RIEN): A,
    (2, False, RIEN, OUI): C,
    (2, False, RIEN, NON): P,
    (2, False, RIEN, RIEN): A,
    (1, True, OUI, OUI): C,
    (1, True, OUI, NON): C,
    (1, True, OUI, RIEN): C,
    (1, True, NON, OUI): C,
    (1, True, NON, NON): P,
    (1, True, NON, RIEN): P,
    (1, True, RIEN, OUI): C,
    (1, True, RIEN, NON): P,
    (1, True, RIEN, RIEN): A,
    (1, False, RIEN, OUI): C,
    (1, False, RIEN, NON): P,
    (1, False, RIEN, RIEN): A,
}
# Not registered, yet a succes trace says something: no such execution exists, and the rule must not break on it.
IMPOSSIBLES = [(p, False, succes, echec) for p in (1, 2) for succes in (OUI, NON) for echec in (OUI, NON, RIEN)]


def test_la_table_couvre_tous_les_cas() -> None:
    tous = set(itertools.product((1, 2), (True, False), (OUI, NON, RIEN), (OUI, NON, RIEN)))
    assert set(TABLE) | set(IMPOSSIBLES) == tous
    assert not set(TABLE) & set(IMPOSSIBLES)


@pytest.mark.parametrize(("cas", "attendue"), TABLE.items(), ids=str)
def test_chaque_cas_a_sa_conformite(cas: tuple[int, bool, bool | None, bool | None], attendue: Conformite) -> None:
    assert conformite(*cas) is attendue


def test_chaque_phase_n_a_que_ses_conformites() -> None:
    for cas in [*TABLE, *IMPOSSIBLES]:
        assert conformite(*cas) in CONFORMITES[cas[0]]
    for numero, possibles in CONFORMITES.items():
        assert set(possibles) == {etat for cas, etat in TABLE.items() if cas[0] == numero}


def test_double_envoi_et_piece_manquante_sont_les_non_conformites() -> None:
    assert set(NON_CONFORMES) == {D, P}


def test_la_phase_2_commence_au_jour_dit() -> None:
    jour = date(2026, 10, 17)
    assert phase(None, jour) == 1
    assert phase(jour, jour - timedelta(days=1)) == 1
    assert phase(jour, jour) == 2
    assert phase(jour, jour + timedelta(days=1)) == 2
