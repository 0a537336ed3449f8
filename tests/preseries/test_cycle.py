"""States of a présérie, what leads from one to the next, and what each means for its traces."""

import itertools

import pytest

from app.etapes.dessin import dessiner, redessiner
from app.preseries import cycle
from app.preseries.cycle import (
    TRANSITIONS,
    Action,
    Etape,
    EtatTraces,
    Statut,
    acquise,
    admises,
    etape,
    etat_traces,
    refus,
    resume,
)
from tests.test_documents import DOCS

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


def test_le_dessin_de_la_documentation_est_celui_du_code() -> None:
    page = (DOCS / "cycle.md").read_text("utf-8")
    assert f"```mermaid\n{dessiner()}```" in page, "Lancez « make dessin »."
    assert redessiner(page) == page
    assert redessiner(page.replace("POST cloture", "autre chose")) == page


def test_chaque_etape_est_atteinte_et_les_fins_sont_sans_suite() -> None:
    atteintes = {cycle.PREPARATION}
    while suivantes := {arrivee for (depart, _), arrivee in TRANSITIONS.items() if depart in atteintes} - atteintes:
        atteintes |= suivantes
    assert atteintes == {etape(*cas) for cas in ETATS}
    assert {depart for depart, _ in TRANSITIONS}.isdisjoint(une for une in atteintes if une.terminee)


@pytest.mark.parametrize("presente", sorted({etape(*cas) for cas in ETATS}), ids=str)
@pytest.mark.parametrize("action", Action)
def test_une_action_mene_ailleurs_ou_est_refusee_avec_ce_qui_est_admis(presente: Etape, action: Action) -> None:
    raison = refus(presente, action)
    if (presente, action) in TRANSITIONS:
        assert raison is None
        assert action in admises(presente)
    else:
        assert raison is not None
        assert raison.endswith(".")
        assert all(admise in raison for admise in admises(presente))


@pytest.mark.parametrize("action", Action)
def test_une_action_faite_est_acquise_la_ou_elle_mene(action: Action) -> None:
    """A step done twice changes nothing; a decision is recognised by its content instead."""
    arrivees = {arrivee for (_, une), arrivee in TRANSITIONS.items() if une is action}
    decision = action in (Action.PROLONGATION, Action.VALIDATION, Action.ABANDON)
    assert all(acquise(arrivee, action) is not decision for arrivee in arrivees)
    assert not any(acquise(depart, action) for depart, une in TRANSITIONS if une is action)


def test_les_traces_d_une_etape_ne_sont_actives_qu_ouverte() -> None:
    for statut, actives in ETATS:
        une = etape(statut, actives)
        assert (etat_traces(*une) is A) is une.traces_actives
