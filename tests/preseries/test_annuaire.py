"""Whose présérie does a trace belong to? The open one, else the one switched off, else the latest."""

from datetime import UTC, date, datetime

import pytest

from app.preseries.annuaire import LogicielConnu, PiloteConnu, PreserieConnue
from app.preseries.cycle import EtatTraces

A, I, D = EtatTraces.ACTIVES, EtatTraces.INACTIVES, EtatTraces.DESACTIVEES  # noqa: E741
PILOTE, AUTRE = "111111111", "222222222"


def _preserie(numero: int, etat: EtatTraces, *pilotes: str) -> PreserieConnue:
    connus = {numero_am: PiloteConnu(numero, date(2026, 9, 22)) for numero_am in pilotes}
    return PreserieConnue(numero, etat, None, bytes(32), connus, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("etats", "choisie"),
    [
        ([A], 0),
        ([D], 0),
        ([I], 0),
        ([A, D, I], 0),
        ([I, D, A], 2),
        ([D, I], 0),
        ([I, D], 1),
        ([I, I, I], 2),
        ([D, D], 1),
        ([A, I, I, D], 0),
    ],
    ids=str,
)
def test_l_ouverte_puis_l_arretee_puis_la_derniere(etats: list[EtatTraces], choisie: int) -> None:
    preseries = [_preserie(numero, etat, PILOTE) for numero, etat in enumerate(etats, 1)]
    for ordre in (preseries, preseries[::-1]):
        affectation = LogicielConnu("ortho-soft", tuple(ordre)).affectations[PILOTE]
        assert affectation.preserie is preseries[choisie]
        assert affectation.pilote is preseries[choisie].pilotes[PILOTE]


def test_seules_comptent_les_preseries_du_pilote() -> None:
    ouverte, fermee = _preserie(1, A, AUTRE), _preserie(2, I, PILOTE)
    logiciel = LogicielConnu("ortho-soft", (ouverte, fermee))
    assert logiciel.affectations[PILOTE].preserie is fermee
    assert logiciel.affectations[AUTRE].preserie is ouverte
    assert "333333333" not in logiciel.affectations


def test_la_seule_ouverte_n_est_dite_que_si_elle_est_seule() -> None:
    ouverte, autre = _preserie(1, A, PILOTE), _preserie(2, A, AUTRE)
    arretee, fermee = _preserie(3, D, PILOTE), _preserie(4, I, PILOTE)
    assert LogicielConnu("ortho-soft", (arretee, ouverte, fermee)).seule_ouverte is ouverte
    assert LogicielConnu("ortho-soft", (ouverte, autre)).seule_ouverte is None
    assert LogicielConnu("ortho-soft", (arretee, fermee)).seule_ouverte is None
    assert LogicielConnu("ortho-soft", ()).seule_ouverte is None


@pytest.mark.parametrize(
    ("accord_le", "debut"),
    [
        (date(2026, 9, 22), datetime(2026, 9, 21, 22, tzinfo=UTC)),
        (date(2026, 12, 1), datetime(2026, 11, 30, 23, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 24, 22, tzinfo=UTC)),
    ],
    ids=["été", "hiver", "passage à l'été", "passage à l'hiver"],
)
def test_l_accord_vaut_des_minuit_a_paris(accord_le: date, debut: datetime) -> None:
    assert PiloteConnu(1, accord_le).accord == debut


def test_une_preserie_ne_montre_ni_sa_cle_ni_ses_pilotes() -> None:
    texte = repr(LogicielConnu("ortho-soft", (_preserie(1, A, PILOTE),)))
    assert PILOTE not in texte
    assert "\\x00" not in texte
