"""A NIR is found however it is written; what is no NIR is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.nir import contient_nir

_SEPARATEURS = ("", " ", ".", "-")


def _cle(numero: str) -> str:
    """The key of 13 characters, by its definition: Corsica's letters are worth 19 and 18."""
    corse = {"A": "19", "B": "18"}
    lettre = numero[6].upper()
    chiffres = numero[:5] + corse[lettre] + numero[7:] if lettre in corse else numero
    return f"{97 - int(chiffres) % 97:02d}"


def _nir(numero: str) -> str:
    return numero + _cle(numero)


@st.composite
def nirs(tirer: st.DrawFn) -> str:
    """A NIR with any separators between its characters."""
    departement = tirer(st.one_of(st.from_regex("[0-9]{2}", fullmatch=True), st.sampled_from(("2A", "2B", "2a", "2b"))))
    debut = tirer(st.from_regex("[0-9]{5}", fullmatch=True))
    suite = tirer(st.from_regex("[0-9]{6}", fullmatch=True))
    complet = _nir(debut + departement + suite)
    separateurs = tirer(st.lists(st.sampled_from(_SEPARATEURS), min_size=14, max_size=14))
    return complet[0] + "".join(s + c for s, c in zip(separateurs, complet[1:], strict=True))


SANS_CHIFFRE = st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=30)


@given(nirs(), SANS_CHIFFRE, SANS_CHIFFRE)
def test_tout_nir_est_trouve_au_milieu_d_un_texte(nir: str, avant: str, apres: str) -> None:
    assert contient_nir(avant + nir + apres)


@given(st.text(st.characters(exclude_characters="0123456789"), max_size=500))
def test_un_texte_sans_chiffre_n_en_contient_jamais(texte: str) -> None:
    assert not contient_nir(texte)


@given(st.lists(st.tuples(st.sampled_from("0123456789"), st.text("abcxyz .-", max_size=5)), max_size=12))
def test_douze_chiffres_ne_suffisent_pas(morceaux: list[tuple[str, str]]) -> None:
    assert not contient_nir("".join(chiffre + texte for chiffre, texte in morceaux))


def test_un_nir_connu_ecrit_de_toutes_les_facons() -> None:
    for texte in (
        "185057800608491",
        "1 85 05 78 006 084 91",
        "1.85.05.78.006.084.91",
        "1-85-05-78-006-084-91",
        "1 - 85.05  78-006 084 / 185057800608491",
        "patient:185057800608491;",
        "NIR185057800608491x",
    ):
        assert contient_nir(texte), texte


@pytest.mark.parametrize("departement", ["2A", "2B", "2a", "2b"])
def test_la_corse_en_majuscules_et_en_minuscules(departement: str) -> None:
    nir = _nir(f"19903{departement}004005")
    assert contient_nir(nir)
    assert contient_nir(f"{nir[:5]} 2-{departement[1]} {nir[7:]}")


def test_les_deux_corses_n_ont_pas_la_meme_cle() -> None:
    haute_corse_sous_la_cle_du_sud = "199032B004005" + _cle("199032A004005")
    assert not contient_nir(haute_corse_sous_la_cle_du_sud)


@given(st.from_regex("[0-9]{13}", fullmatch=True), st.integers(0, 99))
def test_une_seule_cle_fait_un_nir(numero: str, cle: int) -> None:
    essai = f"{numero}{cle:02d}"
    assert contient_nir(essai) == (essai == _nir(numero))


@given(st.from_regex("[0-9]{13}", fullmatch=True), st.sampled_from("0123456789"))
def test_quatorze_et_seize_chiffres_n_en_font_pas_un(numero: str, chiffre: str) -> None:
    nir = _nir(numero)
    assert not contient_nir(nir[:-1])
    assert not contient_nir(nir[1:])
    assert not contient_nir(chiffre + nir)
    assert not contient_nir(nir + chiffre)


def test_un_autre_nombre_a_cote_ne_le_cache_pas() -> None:
    assert contient_nir("poste 12 185057800608491")
    assert contient_nir("185057800608491 12")
    assert contient_nir("2026-11-20 185057800608491")


def test_une_lettre_ailleurs_qu_en_corse_le_rompt() -> None:
    assert not contient_nir("18505A800608491")
    assert not contient_nir("1850578o0608491")
    assert not contient_nir("1850578_00608491")
