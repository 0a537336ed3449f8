"""The criteria that people decide or contest: anomalies, prerequisites, satisfaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.anomalies.regles import Occurrences, Suite, anomalies
from app.anomalies.schemas import AnomalieLue
from app.bilan import criteres_declares as criteres
from app.bilan.faits import PrerequisConnu
from app.bilan.liens import Liens
from app.bilan.schemas import Etat
from app.questionnaire.regles import Reponse

LIENS = Liens("ortho-plus-lpp", None, None)
REQUISES = ("consultation", "execution")
VUES = {"consultation": 1, "execution": 3}
LE = datetime(2026, 10, 20, tzinfo=UTC)


def _anomalie(*, bloquante: bool, statut: str | None = None, origine: str = "logiciel") -> AnomalieLue:
    """As its fold gives it: seen in a trace where the logiciel is at fault, else declared."""
    vue = Occurrences("execution", "SIG-07", "4.2.0", "389391422", bloquante, 1, LE, LE)
    declaree = Suite("execution", "SIG-07", LE, "cnam", "declaree", "Échec", origine, bloquante, None, None)
    actes = [] if origine == "logiciel" else [declaree]
    if statut is not None:
        actes.append(replace(declaree, statut=statut, version_corrective="4.2.1", motif="Banc d'essai."))
    (lue,) = anomalies([vue] if origine == "logiciel" else [], actes, {"4.2.0": LE})
    return lue


@pytest.mark.parametrize(
    ("trouvees", "succes", "etat", "avec"),
    [
        ([], VUES, Etat.ATTEINT, Etat.ATTEINT),
        ([_anomalie(bloquante=False)], VUES, Etat.ATTEINT, Etat.ATTEINT),
        ([_anomalie(bloquante=True)], VUES, Etat.NON_ATTEINT, Etat.NON_ATTEINT),
        ([_anomalie(bloquante=True)], {}, Etat.NON_ATTEINT, Etat.NON_ATTEINT),
        ([_anomalie(bloquante=True, statut="corrigee")], VUES, Etat.ATTEINT, Etat.ATTEINT),
        ([_anomalie(bloquante=True, statut="ecartee")], VUES, Etat.ATTEINT, Etat.NON_ATTEINT),
        ([_anomalie(bloquante=True, statut="ecartee")], {}, Etat.INDETERMINE, Etat.NON_ATTEINT),
        ([_anomalie(bloquante=False, statut="ecartee")], VUES, Etat.ATTEINT, Etat.ATTEINT),
        ([_anomalie(bloquante=True, statut="ouverte")], VUES, Etat.NON_ATTEINT, Etat.NON_ATTEINT),
        ([_anomalie(bloquante=True, origine="reseau")], VUES, Etat.ATTEINT, Etat.ATTEINT),
        ([], {}, Etat.INDETERMINE, Etat.INDETERMINE),
        ([], {"consultation": 9}, Etat.INDETERMINE, Etat.INDETERMINE),
        ([], {"consultation": 9, "execution": 0}, Etat.INDETERMINE, Etat.INDETERMINE),
        ([], {"modification": 9, "annulation": 9}, Etat.INDETERMINE, Etat.INDETERMINE),
    ],
)
def test_les_anomalies_avec_et_sans_ce_qui_est_ecarte(
    trouvees: list[AnomalieLue], succes: dict[str, int], etat: Etat, avec: Etat
) -> None:
    critere = criteres.anomalies(trouvees, succes, REQUISES, LIENS)
    assert (critere.etat, critere.etat_avec_ecartees) == (etat, avec)
    assert critere.operations_a_observer == [o for o in REQUISES if not succes.get(o)]
    nombres = [len(critere.bloquantes), len(critere.ecartees), *(succes.get(o, 0) for o in REQUISES)]
    assert [liste.nombre for liste in critere.listes] == nombres


def test_l_explication_nomme_ce_qui_bloque() -> None:
    assert "SIG-07" in criteres.anomalies([_anomalie(bloquante=True)], VUES, REQUISES, LIENS).explication
    assert "execution" in criteres.anomalies([], {"consultation": 1}, REQUISES, LIENS).explication


@pytest.mark.parametrize(
    ("jalon", "valides", "etat", "dit"),
    [
        (None, [], Etat.INDETERMINE, "pas encore identifiés"),
        (None, [True], Etat.INDETERMINE, "pas encore identifiés"),
        (date(2026, 11, 2), [], Etat.ATTEINT, "02/11/2026."),
        (date(2026, 11, 2), [True], Etat.ATTEINT, "le seul est validé"),
        (date(2026, 11, 2), [True, True], Etat.ATTEINT, "les 2 sont validés"),
        (date(2026, 11, 2), [True, False], Etat.INDETERMINE, "1 reste à valider : p1"),
        (date(2026, 11, 2), [False, False], Etat.INDETERMINE, "2 restent à valider : p0 et p1"),
    ],
)
def test_les_prerequis_sont_identifies_et_valides(
    jalon: date | None, valides: Sequence[bool], etat: Etat, dit: str
) -> None:
    listes = [PrerequisConnu(f"p{i}", "Un réseau", date(2026, 11, 3) if v else None) for i, v in enumerate(valides)]
    critere = criteres.prerequis(jalon, listes, LIENS)
    assert critere.etat is etat
    assert dit in critere.explication
    assert [liste.nombre for liste in critere.listes] == [sum(valides), len(valides) - sum(valides)]


def _reponse(satisfaction: int = 4, *, frein: bool = False, leve: bool = False) -> Reponse:
    return Reponse(
        id=1,
        le=LE,
        satisfaction=satisfaction,
        operations={"execution": satisfaction},
        frein_bloquant=frein,
        frein="Trop lent." if frein else None,
        commentaire=None,
        levee_le=LE if leve else None,
        motif="Corrigé." if leve else None,
    )


@pytest.mark.parametrize(
    ("reponses", "etat", "ouverts", "leves"),
    [
        ([], Etat.INDETERMINE, 0, 0),
        ([_reponse()] * 2, Etat.INDETERMINE, 0, 0),
        ([_reponse()] * 3, Etat.ATTEINT, 0, 0),
        ([_reponse(1)] * 3, Etat.ATTEINT, 0, 0),
        ([_reponse(), _reponse(), _reponse(frein=True)], Etat.NON_ATTEINT, 1, 0),
        ([_reponse(frein=True)], Etat.NON_ATTEINT, 1, 0),
        ([_reponse(), _reponse(), _reponse(frein=True, leve=True)], Etat.ATTEINT, 0, 1),
    ],
)
def test_la_satisfaction_tient_au_nombre_de_reponses_et_aux_freins(
    reponses: list[Reponse], etat: Etat, ouverts: int, leves: int
) -> None:
    critere = criteres.satisfaction(reponses, 6, 3, REQUISES, LIENS)
    assert (critere.etat, critere.freins_ouverts, critere.freins_leves) == (etat, ouverts, leves)
    assert (critere.reponses, critere.taux_reponse) == (len(reponses), len(reponses) / 6)
    assert [liste.nombre for liste in critere.listes] == [len(reponses), ouverts, leves]
    debuts = {0: "Aucun pilote n'a encore répondu", 1: "1 pilote a répondu"}
    assert critere.explication.startswith(debuts.get(len(reponses), f"{len(reponses)} pilotes ont répondu"))


def test_les_notes_sont_montrees() -> None:
    critere = criteres.satisfaction([_reponse(1), _reponse(4), _reponse(4)], 0, 3, REQUISES, LIENS)
    assert critere.taux_reponse is None
    assert (critere.satisfaction.moyenne, critere.satisfaction.repartition) == (3.0, [1, 0, 0, 2, 0])
    assert critere.operations["execution"].repartition == [1, 0, 0, 2, 0]
    assert critere.operations["consultation"].moyenne is None
