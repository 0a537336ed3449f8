"""The key of a présérie opens under its master key, or as a former one, and for its own présérie only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.preseries.enveloppe import TAILLE_CLE, Coffre, Enveloppe
from app.reglages import ReglageInvalide

CODE = "ortho-plus-lpp"
COFFRE = Coffre(bytes(range(32)))
_cles = st.binary(min_size=32, max_size=32)
_codes = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=2, max_size=63)


def nouvelle(coffre: Coffre, code: str = CODE, comme: Enveloppe | None = None) -> Enveloppe:
    return Enveloppe(coffre.nouvelle_cle(code, comme), code)


def test_une_cle_s_ouvre_pour_sa_preserie() -> None:
    enveloppe = nouvelle(COFFRE)
    cle = COFFRE.ouvrir(enveloppe)
    assert len(cle) == TAILLE_CLE
    assert cle == Coffre(bytes(range(32))).ouvrir(enveloppe)
    assert cle not in enveloppe.octets


def test_deux_preseries_n_ont_jamais_la_meme_cle() -> None:
    cles = {COFFRE.ouvrir(nouvelle(COFFRE)) for _ in range(50)}
    assert len(cles) == 50


def test_une_cle_deplacee_ne_s_ouvre_pas() -> None:
    octets = nouvelle(COFFRE).octets
    for autre in ("ortho-plus", "autre-lpp", ""):
        with pytest.raises(ReglageInvalide):
            COFFRE.ouvrir(Enveloppe(octets, autre))


def test_une_autre_cle_maitresse_ne_l_ouvre_pas_et_le_refus_dit_que_faire() -> None:
    for autre in (Coffre(bytes(32)), Coffre(bytes(32), [bytes(range(1, 33))])):
        for acte in (autre.ouvrir, autre.reenvelopper):
            with pytest.raises(ReglageInvalide, match="TRACES_POSTES_CLES_MAITRESSES_ANCIENNES"):
                acte(nouvelle(COFFRE))


def test_une_enveloppe_abimee_ne_s_ouvre_pas() -> None:
    octets = nouvelle(COFFRE).octets
    for rang in range(0, len(octets), 7):
        abimee = bytearray(octets)
        abimee[rang] ^= 1
        with pytest.raises(ReglageInvalide):
            COFFRE.ouvrir(Enveloppe(bytes(abimee), CODE))
    with pytest.raises(ReglageInvalide):
        COFFRE.ouvrir(Enveloppe(b"", CODE))


@given(st.lists(_cles, min_size=2, max_size=5, unique=True), st.data(), _codes)
def test_d_une_cle_maitresse_a_l_autre_la_cle_reste_la_meme(
    maitresses: list[bytes], tirage: st.DataObject, code: str
) -> None:
    """Whichever of the former ones wrapped it, and in whatever order they are given; then these are of no use."""
    presente, *anciennes = maitresses
    enveloppe = nouvelle(Coffre(tirage.draw(st.sampled_from(anciennes))), code)
    cle = Coffre(presente, anciennes).ouvrir(enveloppe)
    octets = Coffre(presente, tirage.draw(st.permutations(anciennes))).reenvelopper(enveloppe)
    assert octets is not None
    reenveloppee = Enveloppe(octets, code)
    assert Coffre(presente).ouvrir(reenveloppee) == cle
    assert Coffre(presente, anciennes).reenvelopper(reenveloppee) is None
    with pytest.raises(ReglageInvalide):
        Coffre(anciennes[0], anciennes[1:]).ouvrir(reenveloppee)


def test_une_nouvelle_cle_est_sous_celle_de_la_base_jusqu_au_changement() -> None:
    """So that a replica which does not know the new master key yet opens what another has just registered."""
    nouveau = Coffre(bytes(32), [bytes(range(32))])
    ancienne = nouvelle(COFFRE)
    assert len(COFFRE.ouvrir(nouvelle(nouveau, "autre-lpp", comme=ancienne))) == TAILLE_CLE
    octets = nouveau.reenvelopper(ancienne)
    assert octets is not None
    apres = nouvelle(nouveau, "autre-lpp", comme=Enveloppe(octets, CODE))
    assert Coffre(bytes(32)).ouvrir(apres) == nouveau.ouvrir(apres)
    with pytest.raises(ReglageInvalide):
        nouvelle(COFFRE, "autre-lpp", comme=apres)
