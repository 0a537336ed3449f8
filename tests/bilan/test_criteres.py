"""Each criterion: its état, its figures, and a sentence that says why."""

from datetime import UTC, date, datetime

import pytest

from app.bilan import criteres
from app.bilan.conformite import CONFORMITES, Conformite
from app.bilan.criteres import pourcentage
from app.bilan.figures import Scor, Taux
from app.bilan.schemas import AnomalieLue, Etat
from app.referentiels import Fraction

SEUIL = Fraction(numerateur=4, denominateur=5)


def _taux(enregistrees: int, total: int) -> Taux:
    return Taux(total, enregistrees, total)


def _matrice(**cases: int) -> Scor:
    """Phase 2 as given; phase 1 all non conforme, which the criterion must not look at."""
    phase_1 = dict.fromkeys(CONFORMITES[1], 7)
    return {1: phase_1, 2: {code: cases.get(code.value, 0) for code in CONFORMITES[2]}}


def _anomalie(*, bloquante: bool) -> AnomalieLue:
    instant = datetime(2026, 10, 20, tzinfo=UTC)
    return AnomalieLue.model_construct(
        operation="execution",
        code="SIG-07",
        bloquante=bloquante,
        occurrences=1,
        premiere_le=instant,
        derniere_le=instant,
    )


def test_sans_execution_l_enregistrement_est_indetermine() -> None:
    critere = criteres.enregistrement(_taux(0, 0), {}, SEUIL)
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
    critere = criteres.enregistrement(_taux(enregistrees, total), {}, SEUIL)
    assert critere.etat is etat
    assert critere.mesure == enregistrees / total


def test_la_solidite_informe_sans_decider() -> None:
    fragile = criteres.enregistrement(_taux(8, 10), {}, SEUIL)
    assert (fragile.etat, fragile.solidite) == (Etat.ATTEINT, "fragile")
    assert (fragile.executions_restantes or 0) > 0
    solide = criteres.enregistrement(_taux(371, 412), {}, SEUIL)
    assert (solide.solidite, solide.executions_restantes) == ("solide", 0)
    manque = criteres.enregistrement(_taux(1, 412), {}, SEUIL)
    assert (manque.etat, manque.solidite, manque.executions_restantes) == (Etat.NON_ATTEINT, "solide", 0)


def test_un_pilote_dont_le_retrait_change_l_etat_est_nomme() -> None:
    porte = {"111111111": _taux(6, 6), "222222222": _taux(2, 4)}
    assert criteres.enregistrement(_taux(8, 10), porte, SEUIL).sensible_aux_pilotes == ["111111111"]
    tire = {"111111111": _taux(9, 10), "222222222": _taux(0, 4), "333333333": _taux(4, 5)}
    assert criteres.enregistrement(_taux(13, 19), tire, SEUIL).sensible_aux_pilotes == ["222222222"]


def test_le_pilote_unique_ne_se_retire_pas() -> None:
    assert criteres.enregistrement(_taux(8, 10), {"111111111": _taux(8, 10)}, SEUIL).sensible_aux_pilotes == []
    sans_execution = {"111111111": _taux(8, 10), "222222222": _taux(0, 0)}
    assert criteres.enregistrement(_taux(8, 10), sans_execution, SEUIL).sensible_aux_pilotes == []


REQUISES = ("consultation", "execution")
VUES = {"consultation": 1, "execution": 3}


@pytest.mark.parametrize(
    ("anomalies", "succes", "etat"),
    [
        ([], VUES, Etat.ATTEINT),
        ([_anomalie(bloquante=False)], VUES, Etat.ATTEINT),
        ([_anomalie(bloquante=True)], VUES, Etat.NON_ATTEINT),
        ([_anomalie(bloquante=True)], {}, Etat.NON_ATTEINT),
        ([], {}, Etat.INDETERMINE),
        ([], {"consultation": 9}, Etat.INDETERMINE),
        ([], {"consultation": 9, "execution": 0}, Etat.INDETERMINE),
        ([_anomalie(bloquante=False)], {"execution": 9}, Etat.INDETERMINE),
        ([], {"modification": 9, "annulation": 9}, Etat.INDETERMINE),
    ],
)
def test_une_anomalie_bloquante_passe_avant_les_operations_a_voir(
    anomalies: list[AnomalieLue], succes: dict[str, int], etat: Etat
) -> None:
    critere = criteres.anomalies(anomalies, succes, REQUISES)
    assert critere.etat is etat
    assert critere.bloquantes == [a for a in anomalies if a.bloquante]
    assert critere.operations_a_observer == [o for o in REQUISES if not succes.get(o)]


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
    critere = criteres.scor(_matrice(**cases), 0)
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
    critere = criteres.scor(_matrice(**cases), 2)
    assert (critere.etat, critere.seuil) == (etat, seuil)
    assert critere.mesure is not None
    assert (critere.mesure >= critere.seuil) is (etat is Etat.ATTEINT)
    assert dit in critere.explication
    assert critere.explication.endswith(" ; le référentiel tolère 2 non conformes.")
    assert criteres.scor(_matrice(en_attente=3), 2).etat is Etat.INDETERMINE


def test_chaque_explication_dit_les_chiffres() -> None:
    assert "371" in criteres.enregistrement(_taux(371, 412), {}, SEUIL).explication
    assert "80 %" in criteres.enregistrement(_taux(371, 412), {}, SEUIL).explication
    assert "SIG-07" in criteres.anomalies([_anomalie(bloquante=True)], VUES, REQUISES).explication
    assert "execution" in criteres.anomalies([], {"consultation": 1}, REQUISES).explication
    assert "1 " in criteres.scor(_matrice(double_envoi=1), 0).explication


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


def test_les_prerequis_sont_identifies_par_leur_jalon() -> None:
    assert criteres.prerequis(None).etat is Etat.INDETERMINE
    atteint = criteres.prerequis(date(2026, 11, 2))
    assert atteint.etat is Etat.ATTEINT
    assert "02/11/2026" in atteint.explication


def test_les_explications_s_accordent_en_nombre() -> None:
    assert criteres.enregistrement(_taux(1, 2), {}, SEUIL).explication.startswith("1 exécution enregistrée sur 2, ")
    assert criteres.enregistrement(_taux(0, 2), {}, SEUIL).explication.startswith("0 exécution enregistrée sur 2, ")
    assert "La seule exécution" in criteres.scor(_matrice(conforme=1), 0).explication
    assert criteres.scor(_matrice(double_envoi=1), 0).explication == (
        "1 exécution de phase 2 non conforme sur 1 : 1 double envoi, 0 pièce manquante."
    )
    assert "2 exécutions de phase 2 non conformes sur 2" in criteres.scor(_matrice(piece_manquante=2), 0).explication
