"""What prolongs a présérie and what does not, and what a validation lacks."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bilan.criteres import scor
from app.bilan.criteres_declares import prerequis, satisfaction
from app.bilan.figures import scor as matrice
from app.bilan.liens import Liens
from app.bilan.schemas import Etat
from app.etapes.regles import BILAN_APPROUVE, Termes, manquants_a_la_validation, prolongee, refus_de_prolonger

JOURS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
PRESENTS = st.builds(Termes, st.integers(1, 20), st.none() | JOURS, st.none() | JOURS)
VOULUS = st.builds(Termes, st.none() | st.integers(1, 20), st.none() | JOURS, st.none() | JOURS)


@given(presents=PRESENTS, voulus=VOULUS)
def test_une_prolongation_admise_donne_plus_et_garde_ce_qu_elle_ne_dit_pas(presents: Termes, voulus: Termes) -> None:
    raison = refus_de_prolonger(presents, voulus)
    if raison is not None:
        assert raison.endswith(".")
        return
    apres = prolongee(presents, voulus)
    assert apres != presents
    assert (apres.pilotes_max or 0) >= (presents.pilotes_max or 0)
    assert presents.fin_prevue_le is None or (apres.fin_prevue_le or date.min) >= presents.fin_prevue_le
    for dit, present, obtenu in zip(_champs(voulus), _champs(presents), _champs(apres), strict=True):
        assert obtenu == (dit if dit is not None else present)


@given(presents=PRESENTS, voulus=VOULUS)
def test_rien_n_est_refuse_sans_raison(presents: Termes, voulus: Termes) -> None:
    """An independent statement: something is more or other, and nothing is less."""
    moins = (voulus.pilotes_max or 99) < (presents.pilotes_max or 0) or (
        voulus.fin_prevue_le is not None
        and presents.fin_prevue_le is not None
        and voulus.fin_prevue_le < presents.fin_prevue_le
    )
    autre = any(dit not in (None, present) for dit, present in zip(_champs(voulus), _champs(presents), strict=True))
    assert (refus_de_prolonger(presents, voulus) is None) is (autre and not moins)


@given(presents=PRESENTS, voulus=VOULUS)
def test_ce_qui_est_deja_accorde_ne_prolonge_pas(presents: Termes, voulus: Termes) -> None:
    apres = prolongee(presents, voulus)
    assert refus_de_prolonger(apres, voulus) is not None


def test_une_validation_nomme_ce_qui_n_est_pas_atteint_et_le_bilan_approuve() -> None:
    liens = Liens("ortho-plus-lpp", None, None)
    juges = [
        scor(matrice([]), 0, liens),
        prerequis(date(2026, 11, 1), [], liens),
        satisfaction([], 0, 3, (), liens),
    ]
    assert [critere.etat for critere in juges] == [Etat.INDETERMINE, Etat.ATTEINT, Etat.INDETERMINE]
    premier, second, dernier = manquants_a_la_validation(juges, None)
    assert "critère scor" in premier
    assert "critère satisfaction" in second
    assert dernier == BILAN_APPROUVE
    *_, dernier = manquants_a_la_validation(juges, None, depasse=True)
    assert "depuis la dernière prolongation" in dernier
    *criteres, dernier = manquants_a_la_validation(juges, {"cnam": "approuve", "editeur": "approuve"})
    assert criteres == [premier, second]
    assert "n'a pas un verdict favorable" in dernier


@pytest.mark.parametrize(
    ("approbations", "mots"),
    [
        ({}, ["la Cnam", "l'éditeur"]),
        ({"cnam": "approuve"}, ["avec une clé editeur"]),
        ({"editeur": "approuve"}, ["avec une clé cnam"]),
        ({"cnam": "refuse"}, ["refusé par la Cnam"]),
        ({"cnam": "refuse", "editeur": "approuve"}, ["refusé par la Cnam"]),
        ({"cnam": "refuse", "editeur": "refuse"}, ["refusé par la Cnam et l'éditeur"]),
        ({"cnam": "approuve", "editeur": "approuve"}, []),
    ],
)
def test_une_validation_nomme_les_approbations_qui_manquent(approbations: dict[str, str], mots: list[str]) -> None:
    atteint = prerequis(date(2026, 11, 1), [], Liens("ortho-plus-lpp", None, None))
    manques = manquants_a_la_validation([atteint], approbations)
    assert len(manques) == len(mots)
    for manque, mot in zip(manques, mots, strict=True):
        assert mot in manque
        assert "POST /bilan/" in manque


def _champs(termes: Termes) -> tuple[object, object, object]:
    return termes.pilotes_max, termes.fin_prevue_le, termes.observee_depuis
