"""Installed from its day in Paris on; silent once nothing came for longer than its référentiel allows."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.preseries.pilotes import EtatPilote, Suivi

SILENCE = timedelta(days=3)
DEBUT = datetime(2026, 10, 12, 8, tzinfo=UTC)
MAINTENANT = datetime(2026, 10, 20, 8, tzinfo=UTC)
INSTALLE, MUET = [EtatPilote.INSTALLE], [EtatPilote.INSTALLE, EtatPilote.SILENCIEUX]


@pytest.mark.parametrize(
    ("installe_le", "retire_le", "derniere", "attendues", "etats"),
    [
        (None, None, None, DEBUT, []),
        (date(2026, 10, 21), None, MAINTENANT, DEBUT, []),
        (date(2026, 10, 12), date(2026, 10, 19), None, DEBUT, []),
        (date(2026, 10, 12), None, None, DEBUT, MUET),
        (date(2026, 10, 12), None, None, None, INSTALLE),
        (date(2026, 10, 12), None, MAINTENANT - SILENCE, DEBUT, INSTALLE),
        (date(2026, 10, 12), None, MAINTENANT - SILENCE - timedelta(microseconds=1), DEBUT, MUET),
        (date(2026, 10, 18), None, None, DEBUT, INSTALLE),
        (date(2026, 10, 12), None, None, MAINTENANT - timedelta(days=2), INSTALLE),
        (date(2026, 10, 12), None, DEBUT, DEBUT, MUET),
    ],
)
def test_les_etats_d_un_pilote(
    installe_le: date | None,
    retire_le: date | None,
    derniere: datetime | None,
    attendues: datetime | None,
    etats: list[EtatPilote],
) -> None:
    assert Suivi(installe_le, retire_le, derniere, attendues).etats(MAINTENANT, SILENCE) == etats


def test_un_jour_d_installation_commence_a_minuit_a_paris() -> None:
    suivi = Suivi(date(2026, 10, 20), None, None, DEBUT)
    minuit = datetime(2026, 10, 19, 22, tzinfo=UTC)
    assert suivi.etats(minuit - timedelta(seconds=1), SILENCE) == []
    assert suivi.etats(minuit, SILENCE) == INSTALLE
