"""What follows from an answer, and how long to wait."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.poste.reprise import Attentes, Suite, attente_demandee, lire_date, suite_de_la_reponse

MAINTENANT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("suite", "statuts"),
    [
        (Suite.ACQUITTE, [200]),
        (Suite.REPRENDRE, [408, 429, 500, 502, 503, 504, 520]),
        (Suite.COUPER, [413]),
        (Suite.CLE_REFUSEE, [401, 403]),
        (Suite.IMPOSSIBLE, [301, 400, 404, 405, 415, 422]),
    ],
)
def test_suite_du_statut(suite: Suite, statuts: list[int]) -> None:
    assert {suite_de_la_reponse(statut) for statut in statuts} == {suite}


@pytest.mark.parametrize(
    ("statut", "code", "suite"),
    [
        (403, "role-insuffisant", Suite.CLE_REFUSEE),
        (403, "certificat-absent", Suite.CERTIFICAT_REFUSE),
        (403, "certificat-refuse", Suite.CERTIFICAT_REFUSE),
        (403, "acces-refuse", Suite.IMPOSSIBLE),
        (401, "certificat-refuse", Suite.CLE_REFUSEE),
    ],
)
def test_un_403_du_proxy_n_est_pas_pour_la_cle(statut: int, code: str, suite: Suite) -> None:
    assert suite_de_la_reponse(statut, code) is suite


@pytest.mark.parametrize(
    ("valeur", "attendu"),
    [
        (None, None),
        ("3", 3.0),
        (" 0 ", 0.0),
        ("Fri, 20 Nov 2026 09:00:45 GMT", 45.0),
        ("Fri, 20 Nov 2026 08:59:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 10:00:30 +0100", 30.0),
        ("bientôt", None),
        ("-5", None),
        ("9" * 5_000, float("inf")),
    ],
)
def test_attente_demandee(valeur: str | None, attendu: float | None) -> None:
    assert attente_demandee(valeur, MAINTENANT) == attendu


@given(st.text() | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [+-]?\w+"))
def test_aucune_date_ne_fait_tomber_le_client(texte: str) -> None:
    date = lire_date(texte)
    assert date is None or date.tzinfo is not None


essais = st.integers(0, 10_000)
tirages = st.floats(0, 1, exclude_max=True)


@given(essais, tirages)
def test_sans_consigne_l_attente_croit_sous_son_plafond(essai: int, tirage: float) -> None:
    attentes = Attentes(base_s=0.5, plafond_s=60)
    delai = attentes.delai(essai, None, lambda: tirage)
    assert delai == pytest.approx(tirage * min(60, 0.5 * 2 ** min(essai, 20)))


@given(essais, st.floats(0, allow_nan=False), tirages)
def test_l_attente_demandee_est_tenue_jusqu_au_plafond(essai: int, demandee: float, tirage: float) -> None:
    delai = Attentes(base_s=0.5, plafond_s=60).delai(essai, demandee, lambda: tirage)
    assert min(demandee, 60) <= delai <= min(demandee, 60) + 0.5
