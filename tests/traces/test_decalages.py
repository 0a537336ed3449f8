"""A clock that is ahead, or behind the pilote's accord, is a warning and never a refusal."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from app.preseries.annuaire import PARIS, LogicielConnu
from app.traces.tri import Admise
from tests.outils import trace
from tests.traces.annuaires import MAINTENANT, admise, preserie

_MICROSECONDE = timedelta(microseconds=1)
_CINQ_MINUTES = timedelta(minutes=5)


def _emise(instant: datetime, accord_le: date = date(2026, 9, 22)) -> Admise:
    connue = preserie(1, accord_le=accord_le, pilotes=("389391422",))
    return admise(trace(emise_le=instant.isoformat()), {"ortho-plus": LogicielConnu("ortho-soft", (connue,))})


def test_cinq_minutes_d_avance_sont_tolerees() -> None:
    assert _emise(MAINTENANT).avertissement is None
    assert _emise(MAINTENANT + _CINQ_MINUTES).avertissement is None


def test_au_dela_de_cinq_minutes_l_horloge_est_decalee() -> None:
    for avance in (_CINQ_MINUTES + _MICROSECONDE, timedelta(days=900)):
        assert "avance" in (_emise(MAINTENANT + avance).avertissement or "")


@pytest.mark.parametrize("jour", [date(2026, 9, 22), date(2026, 12, 22), date(2026, 3, 29), date(2026, 10, 25)])
def test_l_accord_commence_a_minuit_de_paris(jour: date) -> None:
    minuit = datetime(jour.year, jour.month, jour.day, tzinfo=PARIS).astimezone(UTC)
    if minuit > MAINTENANT:
        assert "accord" in (_emise(MAINTENANT, jour).avertissement or "")
        return
    assert _emise(minuit, jour).avertissement is None
    assert "accord" in (_emise(minuit - _MICROSECONDE, jour).avertissement or "")


def test_l_avertissement_vaut_dans_tout_fuseau() -> None:
    instant = MAINTENANT + _CINQ_MINUTES + _MICROSECONDE
    for heures in (-12, 0, 14):
        assert _emise(instant.astimezone(_fuseau(heures))).avertissement is not None
        assert _emise(MAINTENANT.astimezone(_fuseau(heures))).avertissement is None


def _fuseau(heures: int) -> timezone:
    return timezone(timedelta(hours=heures))


@pytest.mark.parametrize("jour", [date.min, date.max])
def test_un_accord_aux_bornes_du_calendrier_ne_casse_rien(jour: date) -> None:
    attendu = jour == date.max
    assert (_emise(MAINTENANT, jour).avertissement is not None) == attendu
