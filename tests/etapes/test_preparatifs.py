"""What must stand before a présérie starts, and before it is closed."""

import pytest

from app.etapes.preparatifs import Preparatifs, manquants_a_la_cloture, manquants_au_demarrage

ENTREE = ("support", "kit_accompagnement")
FIN = ("reunion_deploiement", "autorisation_generalisation")


def test_rien_ne_manque_a_une_preserie_prete() -> None:
    assert manquants_au_demarrage(Preparatifs(True, (*ENTREE, "information_cpam"), 3), ENTREE) == []


@pytest.mark.parametrize(
    ("presents", "mot"),
    [
        (Preparatifs(False, ENTREE, 3), "CNDA"),
        (Preparatifs(True, ("kit_accompagnement",), 3), "support"),
        (Preparatifs(True, ("support",), 3), "kit_accompagnement"),
        (Preparatifs(True, ENTREE, 0), "pilote"),
    ],
    ids=["cnda", "support", "kit", "pilotes"],
)
def test_chaque_manque_au_demarrage_est_nomme(presents: Preparatifs, mot: str) -> None:
    (manque,) = manquants_au_demarrage(presents, ENTREE)
    assert mot in manque


def test_tous_les_manques_sont_dits_a_la_fois() -> None:
    assert len(manquants_au_demarrage(Preparatifs(False, (), 0), ENTREE)) == 4


def test_le_referentiel_dit_quels_jalons_il_faut() -> None:
    assert manquants_au_demarrage(Preparatifs(True, (), 1), ()) == []
    (manque,) = manquants_au_demarrage(Preparatifs(True, ENTREE, 1), (*ENTREE, "audit"))
    assert "audit" in manque


def test_une_cloture_suit_la_reunion_la_desactivation_et_l_autorisation() -> None:
    assert manquants_a_la_cloture(True, FIN) == []
    assert len(manquants_a_la_cloture(False, ())) == 3
    for manquant in FIN:
        (manque,) = manquants_a_la_cloture(True, [jalon for jalon in FIN if jalon != manquant])
        assert manquant in manque
    (manque,) = manquants_a_la_cloture(False, FIN)
    assert "traces-postes" in manque
