"""States of a présérie, what each means for its traces, and what must stand before a start."""

import itertools

import pytest

from app.preseries.cycle import EtatTraces, Prerequis, Statut, etat_traces, manquants_au_demarrage, resume

A, I, D = EtatTraces.ACTIVES, EtatTraces.INACTIVES, EtatTraces.DESACTIVEES  # noqa: E741

ETATS: dict[tuple[Statut, bool], EtatTraces] = {
    (Statut.PREPARATION, False): I,
    (Statut.PREPARATION, True): I,
    (Statut.EN_COURS, True): A,
    (Statut.EN_COURS, False): A,
    (Statut.VALIDEE, True): A,
    (Statut.VALIDEE, False): D,
    (Statut.CLOTUREE, True): D,
    (Statut.CLOTUREE, False): D,
    (Statut.ABANDONNEE, True): I,
    (Statut.ABANDONNEE, False): I,
}


def test_la_table_des_etats_est_complete() -> None:
    assert set(ETATS) == set(itertools.product(Statut, (True, False)))


@pytest.mark.parametrize(("cas", "attendu"), ETATS.items(), ids=str)
def test_chaque_statut_dit_ce_que_font_les_traces(cas: tuple[Statut, bool], attendu: EtatTraces) -> None:
    assert etat_traces(*cas) is attendu


@pytest.mark.parametrize(
    ("etats", "attendu"),
    [
        (set(), I),
        ({A}, A),
        ({D}, D),
        ({I}, I),
        ({A, D}, A),
        ({A, I}, A),
        ({A, D, I}, A),
        ({D, I}, I),
    ],
    ids=str,
)
def test_une_seule_reponse_pour_plusieurs_preseries(etats: set[EtatTraces], attendu: EtatTraces) -> None:
    assert resume(etats) is attendu


COMPLET = Prerequis(autorisation_cnda=True, support=True, kit_accompagnement=True, pilotes=3)


def test_rien_ne_manque_a_une_preserie_prete() -> None:
    assert manquants_au_demarrage(COMPLET) == []


@pytest.mark.parametrize(
    ("prerequis", "mot"),
    [
        (Prerequis(autorisation_cnda=False, support=True, kit_accompagnement=True, pilotes=3), "CNDA"),
        (Prerequis(autorisation_cnda=True, support=False, kit_accompagnement=True, pilotes=3), "support"),
        (Prerequis(autorisation_cnda=True, support=True, kit_accompagnement=False, pilotes=3), "kit_accompagnement"),
        (Prerequis(autorisation_cnda=True, support=True, kit_accompagnement=True, pilotes=0), "pilote"),
    ],
    ids=["cnda", "support", "kit", "pilotes"],
)
def test_chaque_manque_est_nomme(prerequis: Prerequis, mot: str) -> None:
    (manque,) = manquants_au_demarrage(prerequis)
    assert mot in manque


def test_tous_les_manques_sont_dits_a_la_fois() -> None:
    rien = Prerequis(autorisation_cnda=False, support=False, kit_accompagnement=False, pilotes=0)
    assert len(manquants_au_demarrage(rien)) == 4
