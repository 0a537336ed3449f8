"""Of whom something is expected, and where a workstation stands in the list."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.suivi.attentes import AVANT_TOUT, ClePoste, PiloteInscrit, attentes, lire_cle

SILENCE = timedelta(days=3)
MAINTENANT = datetime(2026, 10, 20, 12, tzinfo=UTC)
DEPUIS = datetime(2026, 10, 1, 8, tzinfo=UTC)
CLES = st.builds(
    ClePoste,
    st.none() | st.from_regex(r"[0-9][0-9AB][0-9]{7}", fullmatch=True),
    st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=64),
)


@given(CLES)
def test_un_curseur_se_relit(cle: ClePoste) -> None:
    assert lire_cle(str(cle)) == cle
    assert cle.rang > AVANT_TOUT


@given(CLES, CLES)
def test_deux_postes_ont_deux_curseurs_et_deux_rangs(une: ClePoste, autre: ClePoste) -> None:
    assert (str(une) == str(autre)) is (une == autre)
    assert (une.rang == autre.rang) is (une == autre)


@pytest.mark.parametrize("texte", ["", "/", "x", "12345678", "1234567890/p", "-x", " 123456789", "123456789\n"])
def test_ce_qui_n_est_pas_un_curseur_ne_se_lit_pas(texte: str) -> None:
    assert lire_cle(texte) is None


@pytest.mark.parametrize(
    ("installe_le", "retire_le", "depuis", "a_une_ligne", "muet"),
    [
        (date(2026, 10, 10), None, DEPUIS, True, True),
        (date(2026, 10, 17), None, DEPUIS, True, True),
        (date(2026, 10, 18), None, DEPUIS, True, False),
        (date(2026, 10, 10), None, MAINTENANT - SILENCE, True, False),
        (date(2026, 10, 10), None, None, True, False),
        (date(2026, 10, 10), date(2026, 10, 11), DEPUIS, False, False),
        (date(2026, 10, 21), None, DEPUIS, False, False),
        (None, None, DEPUIS, False, True),
        (None, None, None, False, False),
        (None, date(2026, 10, 11), DEPUIS, False, False),
    ],
)
def test_on_attend_des_pilotes_installes_qui_restent(
    installe_le: date | None, retire_le: date | None, depuis: datetime | None, a_une_ligne: bool, muet: bool
) -> None:
    """Without a day of installation there is no row to expect, but a workstation that was heard of may fall silent."""
    dites = attentes([PiloteInscrit(7, installe_le, retire_le)], depuis, MAINTENANT, SILENCE)
    assert (list(dites.installes), list(dites.muets)) == ([7] if a_une_ligne else [], [7] if muet else [])
    assert dites.limite == MAINTENANT - SILENCE
