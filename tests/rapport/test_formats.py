"""Numbers, shares and instants as French pages write them."""

from datetime import UTC, datetime

import pytest

from app.bilan.statistiques import wilson
from app.rapport import formats
from app.rapport.pdf import _ALPHABETS, imprimable


def test_les_milliers_sont_separes_d_une_fine() -> None:
    assert [formats.nombre(n) for n in (0, 999, 1_000, 1_234_567)] == ["0", "999", "1\u202f000", "1\u202f234\u202f567"]


def test_une_part_est_coupee_et_non_arrondie() -> None:
    parts = [formats.part(*p) for p in ((7_999_999, 10_000_000), (4, 5), (9_005, 10_000), (0, 3), (0, 0))]
    assert parts == ["79,99\u202f%", "80\u202f%", "90,05\u202f%", "0\u202f%", "—"]


@pytest.mark.parametrize(("reussies", "total"), [(0, 1), (1, 1), (4, 5), (371, 412), (999, 1_000)])
def test_un_intervalle_montre_contient_le_vrai(reussies: int, total: int) -> None:
    vrai = wilson(reussies, total)
    bas, haut = (float(b.removesuffix("\u202f%").replace(",", ".")) / 100 for b in formats.intervalle(vrai))
    assert bas <= vrai[0] + 1e-12
    assert haut >= vrai[1] - 1e-12
    assert (vrai[0] - bas, haut - vrai[1]) == pytest.approx((0, 0), abs=0.00011)


def test_un_instant_est_dit_a_paris() -> None:
    assert formats.instant(datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)) == "02/07/2026 00:30:05"


def test_la_ponctuation_ne_commence_pas_une_ligne() -> None:
    dit = formats.typographier("soit 80 % ; « oui » : non ?")
    assert dit == "soit 80\u202f%\u202f; «\u00a0oui\u00a0»\u00a0: non\u202f?"


def test_un_signe_sans_dessin_est_dit_par_son_numero() -> None:
    assert imprimable("é\u202f% שלום ✓ <b>") == "é\u202f% שלום ✓ <b>"
    assert imprimable("😀 漢\u202e\x07\u0301") == "[U+1F600] [U+6F22][U+202E][U+0007][U+0301]"
    assert imprimable("a\r\nb\tc") == "a b c"


def test_l_alphabet_ne_laisse_passer_ni_controle_ni_sens_d_ecriture() -> None:
    for signe in ("\x00", "\x1f", "\x7f", "\u00ad", "\u200b", "\u200e", "\u2028", "\u202a", "\u202e", "\u2066"):
        assert imprimable(signe).startswith("[U+"), _ALPHABETS
