"""The key of a présérie opens under its own master key and for its own présérie only."""

import pytest
from cryptography.exceptions import InvalidTag

from app.preseries.enveloppe import TAILLE_CLE, Coffre

COFFRE = Coffre(bytes(range(32)))


def test_une_cle_s_ouvre_pour_sa_preserie() -> None:
    enveloppee = COFFRE.nouvelle_cle("ortho-plus-lpp")
    cle = COFFRE.ouvrir(enveloppee, "ortho-plus-lpp")
    assert len(cle) == TAILLE_CLE
    assert cle == Coffre(bytes(range(32))).ouvrir(enveloppee, "ortho-plus-lpp")
    assert cle not in enveloppee


def test_deux_preseries_n_ont_jamais_la_meme_cle() -> None:
    cles = {COFFRE.ouvrir(COFFRE.nouvelle_cle("ortho-plus-lpp"), "ortho-plus-lpp") for _ in range(50)}
    assert len(cles) == 50


def test_une_cle_deplacee_ne_s_ouvre_pas() -> None:
    enveloppee = COFFRE.nouvelle_cle("ortho-plus-lpp")
    for autre in ("ortho-plus", "autre-lpp", ""):
        with pytest.raises(InvalidTag):
            COFFRE.ouvrir(enveloppee, autre)


def test_une_autre_cle_maitresse_ne_l_ouvre_pas() -> None:
    with pytest.raises(InvalidTag):
        Coffre(bytes(32)).ouvrir(COFFRE.nouvelle_cle("ortho-plus-lpp"), "ortho-plus-lpp")


def test_une_enveloppe_abimee_ne_s_ouvre_pas() -> None:
    enveloppee = COFFRE.nouvelle_cle("ortho-plus-lpp")
    for rang in range(0, len(enveloppee), 7):
        abimee = bytearray(enveloppee)
        abimee[rang] ^= 1
        with pytest.raises(InvalidTag):
            COFFRE.ouvrir(bytes(abimee), "ortho-plus-lpp")
