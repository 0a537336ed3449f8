"""The criteria that executions decide: état, figures, and a sentence that says why."""

import pytest

from app.bilan import criteres
from app.bilan.conformite import CONFORMITES, Conformite
from app.bilan.criteres import pourcentage
from app.bilan.figures import Scor, Taux
from app.bilan.liens import Liens
from app.bilan.schemas import Etat
from app.referentiels import Fraction

SEUIL = Fraction(numerateur=4, denominateur=5)
LIENS = Liens("ortho-plus-lpp", None, None)


def _taux(enregistrees: int, total: int) -> Taux:
    return Taux(total, enregistrees, total)


def _matrice(**cases: int) -> Scor:
    """Phase 2 as given; phase 1 all non conforme, which the criterion must not look at."""
    phase_1 = dict.fromkeys(CONFORMITES[1], 7)
    return {1: phase_1, 2: {code: cases.get(code.value, 0) for code in CONFORMITES[2]}}


def test_sans_execution_l_enregistrement_est_indetermine() -> None:
    critere = criteres.enregistrement(_taux(0, 0), {}, SEUIL, LIENS)
    assert critere.etat is Etat.INDETERMINE
    assert critere.seuil == 0.8
    assert (critere.mesure, critere.intervalle, critere.solidite, critere.executions_restantes) == (None,) * 4
    assert critere.sensible_aux_pilotes == []


@pytest.mark.parametrize(
    ("enregistrees", "total", "etat"),
    [
        (4, 5, Etat.ATTEINT),
        (8, 10, Etat.ATTEINT),
        (7, 9, Etat.NON_ATTEINT),
        (79, 99, Etat.NON_ATTEINT),
        (0, 1, Etat.NON_ATTEINT),
        (1, 1, Etat.ATTEINT),
    ],
)
def test_l_etat_suit_la_seule_regle_des_80_pour_cent(enregistrees: int, total: int, etat: Etat) -> None:
    critere = criteres.enregistrement(_taux(enregistrees, total), {}, SEUIL, LIENS)
    assert critere.etat is etat
    assert critere.mesure == enregistrees / total


def test_la_solidite_informe_sans_decider() -> None:
    fragile = criteres.enregistrement(_taux(8, 10), {}, SEUIL, LIENS)
    assert (fragile.etat, fragile.solidite) == (Etat.ATTEINT, "fragile")
    assert (fragile.executions_restantes or 0) > 0
    solide = criteres.enregistrement(_taux(371, 412), {}, SEUIL, LIENS)
    assert (solide.solidite, solide.executions_restantes) == ("solide", 0)
    manque = criteres.enregistrement(_taux(1, 412), {}, SEUIL, LIENS)
    assert (manque.etat, manque.solidite, manque.executions_restantes) == (Etat.NON_ATTEINT, "solide", 0)


def test_un_pilote_dont_le_retrait_change_l_etat_est_nomme() -> None:
    porte = {"111111111": _taux(6, 6), "222222222": _taux(2, 4)}
    assert criteres.enregistrement(_taux(8, 10), porte, SEUIL, LIENS).sensible_aux_pilotes == ["111111111"]
    tire = {"111111111": _taux(9, 10), "222222222": _taux(0, 4), "333333333": _taux(4, 5)}
    assert criteres.enregistrement(_taux(13, 19), tire, SEUIL, LIENS).sensible_aux_pilotes == ["222222222"]


def test_le_pilote_unique_ne_se_retire_pas() -> None:
    assert criteres.enregistrement(_taux(8, 10), {"111111111": _taux(8, 10)}, SEUIL, LIENS).sensible_aux_pilotes == []
    sans_execution = {"111111111": _taux(8, 10), "222222222": _taux(0, 0)}
    assert criteres.enregistrement(_taux(8, 10), sans_execution, SEUIL, LIENS).sensible_aux_pilotes == []


@pytest.mark.parametrize(
    ("cases", "etat", "mesure"),
    [
        ({}, Etat.INDETERMINE, None),
        ({"en_attente": 9}, Etat.INDETERMINE, None),
        ({"conforme": 1}, Etat.ATTEINT, 1.0),
        ({"conforme": 5, "en_attente": 9}, Etat.ATTEINT, 1.0),
        ({"conforme": 999, "double_envoi": 1}, Etat.NON_ATTEINT, 0.999),
        ({"conforme": 999, "piece_manquante": 1}, Etat.NON_ATTEINT, 0.999),
        ({"double_envoi": 1, "en_attente": 9}, Etat.NON_ATTEINT, 0.0),
    ],
    ids=str,
)
def test_le_scor_ne_tolere_aucune_non_conformite(cases: dict[str, int], etat: Etat, mesure: float | None) -> None:
    critere = criteres.scor(_matrice(**cases), 0, LIENS)
    assert (critere.etat, critere.mesure) == (etat, mesure)
    non_conformes = cases.get(Conformite.DOUBLE_ENVOI, 0) + cases.get(Conformite.PIECE_MANQUANTE, 0)
    assert critere.non_conformes == non_conformes


@pytest.mark.parametrize(
    ("cases", "etat", "seuil", "dit"),
    [
        ({"conforme": 8, "double_envoi": 2}, Etat.ATTEINT, 0.8, "non conformes sur 10 : 2 doubles envois, 0 pièce"),
        ({"conforme": 7, "double_envoi": 2, "piece_manquante": 1}, Etat.NON_ATTEINT, 0.8, "3 exécutions"),
        ({"conforme": 4}, Etat.ATTEINT, 0.5, "Les 4 exécutions"),
        ({"piece_manquante": 1}, Etat.ATTEINT, 0.0, "1 exécution"),
    ],
    ids=str,
)
def test_le_scor_tolere_ce_que_dit_le_referentiel(cases: dict[str, int], etat: Etat, seuil: float, dit: str) -> None:
    critere = criteres.scor(_matrice(**cases), 2, LIENS)
    assert (critere.etat, critere.seuil) == (etat, seuil)
    assert critere.mesure is not None
    assert (critere.mesure >= critere.seuil) is (etat is Etat.ATTEINT)
    assert dit in critere.explication
    assert critere.explication.endswith(" ; le référentiel tolère 2 non conformes.")
    assert criteres.scor(_matrice(en_attente=3), 2, LIENS).etat is Etat.INDETERMINE


def test_chaque_explication_dit_les_chiffres() -> None:
    assert "371" in criteres.enregistrement(_taux(371, 412), {}, SEUIL, LIENS).explication
    assert "80 %" in criteres.enregistrement(_taux(371, 412), {}, SEUIL, LIENS).explication
    assert "1 " in criteres.scor(_matrice(double_envoi=1), 0, LIENS).explication


@pytest.mark.parametrize(
    ("partie", "tout", "texte"),
    [
        (4, 5, "80 %"),
        (0, 7, "0 %"),
        (7, 7, "100 %"),
        (2, 3, "66,66 %"),
        (79_999, 100_000, "79,99 %"),
        (799_999_999, 10**9, "79,99 %"),
        (801, 1000, "80,10 %"),
        (8001, 10_000, "80,01 %"),
    ],
)
def test_un_pourcentage_est_coupe_et_non_arrondi(partie: int, tout: int, texte: str) -> None:
    assert pourcentage(partie, tout) == texte


def test_les_explications_s_accordent_en_nombre() -> None:
    def dire(**cases: int) -> str:
        return criteres.scor(_matrice(**cases), 0, LIENS).explication

    for enregistrees in (0, 1):
        explication = criteres.enregistrement(_taux(enregistrees, 2), {}, SEUIL, LIENS).explication
        assert explication.startswith(f"{enregistrees} exécution enregistrée sur 2, ")
    assert "La seule exécution" in dire(conforme=1)
    assert dire(double_envoi=1) == "1 exécution de phase 2 non conforme sur 1 : 1 double envoi, 0 pièce manquante."
    assert "2 exécutions de phase 2 non conformes sur 2" in dire(piece_manquante=2)


def test_ce_qui_est_mis_a_l_ecart_se_voit_a_cote() -> None:
    critere = criteres.enregistrement(_taux(8, 10), {}, SEUIL, LIENS, avec=_taux(8, 11))
    assert (critere.etat, critere.mesure) == (Etat.ATTEINT, 0.8)
    avec = critere.avec_ecartees
    assert avec is not None
    assert (avec.etat, avec.executions, avec.enregistrees) == (Etat.NON_ATTEINT, 11, 8)
    assert [liste.nombre for liste in critere.listes] == [8, 2, 1]
    tout_ecarte = criteres.enregistrement(_taux(0, 0), {}, SEUIL, LIENS, avec=_taux(0, 3)).avec_ecartees
    assert tout_ecarte is not None
    assert (tout_ecarte.etat, tout_ecarte.mesure) == (Etat.NON_ATTEINT, 0.0)
    avant = criteres.scor(_matrice(conforme=3), 0, LIENS, avec=_matrice(conforme=3, double_envoi=1))
    assert avant.etat is Etat.ATTEINT
    assert avant.avec_ecartees is not None
    assert (avant.avec_ecartees.etat, avant.avec_ecartees.non_conformes) == (Etat.NON_ATTEINT, 1)
    assert criteres.scor(_matrice(conforme=3), 0, LIENS).avec_ecartees is None
