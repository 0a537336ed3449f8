"""The verdict proposes: one criterion that is not met outweighs any that is undecided."""

import itertools

import pytest

from app.bilan.schemas import Etat, Verdict
from app.bilan.verdict import verdict

CAS = list(itertools.product(Etat, repeat=5))


def _attendu(etats: tuple[Etat, ...]) -> Verdict:
    if etats.count(Etat.ATTEINT) == 5:
        return Verdict.FAVORABLE
    return Verdict.DEFAVORABLE if etats.count(Etat.NON_ATTEINT) else Verdict.EN_ATTENTE


def test_toutes_les_combinaisons_des_cinq_criteres() -> None:
    assert [etats for etats in CAS if verdict(etats) is not _attendu(etats)] == []


@pytest.mark.parametrize("position", range(5))
def test_un_seul_critere_manque_suffit(position: int) -> None:
    etats = [Etat.ATTEINT] * 5
    etats[position] = Etat.INDETERMINE
    assert verdict(etats) is Verdict.EN_ATTENTE
    etats[position] = Etat.NON_ATTEINT
    assert verdict(etats) is Verdict.DEFAVORABLE


def test_sans_critere_rien_n_est_propose() -> None:
    assert verdict([]) is Verdict.EN_ATTENTE
