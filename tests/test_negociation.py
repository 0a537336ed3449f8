"""What ``Accept`` prefers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.negociation import prefere


@pytest.mark.parametrize(
    ("accept", "csv"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/csv", True),
        ("TEXT/CSV; charset=utf-8", True),
        ("text/*", True),
        ("text/csv, application/json", False),
        ("text/csv, */*;q=0.1", True),
        ("text/csv;q=0.5, application/json;q=0.4", True),
        ("text/csv;q=0.5, */*;q=0.8", False),
        ("text/csv;q=0, */*", False),
        ("text/*, text/csv;q=0.2, application/json;q=0.3", False),
        ("text/csv;q=beaucoup", False),
        ("application/pdf", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
    ],
)
def test_le_csv_n_est_donne_qu_a_qui_le_prefere(accept: str, csv: bool) -> None:
    assert prefere(accept, "text/csv", "application/json") is csv


@given(st.text(max_size=60) | st.lists(st.sampled_from(["text/csv", "*/*", ";", ",", "q=", "0.5", " "])).map("".join))
def test_un_accept_quelconque_ne_prefere_jamais_les_deux(accept: str) -> None:
    assert not (prefere(accept, "text/csv", "application/json") and prefere(accept, "application/json", "text/csv"))
