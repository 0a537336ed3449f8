"""PURE. What each criterion still lacks, who can bring it about, and by when (the présérie's planned end)."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from app.bilan.schemas import (
    AFaire,
    Critere,
    CritereAnomalies,
    CritereEnregistrement,
    CriterePrerequis,
    CritereSatisfaction,
    CritereScor,
    Etat,
)
from app.bilan.statistiques import manquent
from app.francais import accorder, enumerer
from app.referentiels import Fraction

Qui = Literal["cnam", "editeur", "pilotes"]
Tache = tuple[str, list[Qui]]
_PHASE_2 = "Passer des pilotes en phase 2, et y exécuter des ordonnances dont le poste dit si elles partent par SCOR."


def a_faire(
    criteres: Iterable[Critere], executions: tuple[int, int], seuil: Fraction, fin: date | None
) -> list[AFaire]:
    """For each criterion that is not met; ``executions``: those registered, and all."""
    return [
        AFaire(critere=critere.code, quoi=quoi, qui=qui, avant_le=fin)
        for critere in criteres
        if critere.etat is not Etat.ATTEINT
        for quoi, qui in _taches(critere, executions, seuil)
    ]


def _taches(critere: Critere, executions: tuple[int, int], seuil: Fraction) -> list[Tache]:
    match critere:
        case CritereEnregistrement():
            return [_enregistrement(executions, seuil)]
        case CritereAnomalies():
            return _anomalies(critere)
        case CritereScor():
            return [_scor(critere)]
        case CriterePrerequis():
            return _prerequis(critere)
        case CritereSatisfaction():
            return _satisfaction(critere)
    raise ValueError(critere.code)


def _enregistrement(executions: tuple[int, int], seuil: Fraction) -> Tache:
    reussies, total = executions
    if not total:
        return "Exécuter des ordonnances numériques : aucune exécution n'est encore reçue.", ["pilotes"]
    nombre = manquent(reussies, total, seuil)
    executions_dites = accorder(nombre, "exécution enregistrée", "exécutions enregistrées")
    quoi = f"Corriger ce qui empêche l'enregistrement : il faut {executions_dites} d'affilée pour atteindre le seuil."
    return quoi, ["editeur", "pilotes"]


def _anomalies(critere: CritereAnomalies) -> list[Tache]:
    taches: list[Tache] = [
        (
            f"Corriger l'anomalie {a.code} ({a.operation}) et déclarer en quelle version ; la Cnam peut l'écarter.",
            ["editeur", "cnam"],
        )
        for a in critere.bloquantes
    ]
    if critere.operations_a_observer:
        operations = enumerer(critere.operations_a_observer)
        taches.append((f"Réussir au moins une fois chaque opération requise : {operations}.", ["pilotes"]))
    return taches


def _scor(critere: CritereScor) -> Tache:
    if critere.etat is Etat.INDETERMINE:
        return _PHASE_2, ["cnam", "pilotes"]
    return (
        "Corriger l'envoi par SCOR en phase 2 ; une prolongation peut ouvrir une nouvelle fenêtre d'observation.",
        ["editeur", "cnam"],
    )


def _prerequis(critere: CriterePrerequis) -> list[Tache]:
    taches: list[Tache] = []
    if critere.identifies_le is None:
        taches.append(
            ("Achever la liste des prérequis, puis dater le jalon prerequis_identifies.", ["editeur", "cnam"])
        )
    taches += [
        (f"Valider le prérequis {p.code}.", ["editeur", "cnam"]) for p in critere.prerequis if p.valide_le is None
    ]
    return taches


def _satisfaction(critere: CritereSatisfaction) -> list[Tache]:
    taches: list[Tache] = []
    if critere.freins_ouverts:
        nombre = accorder(critere.freins_ouverts, "frein bloquant", "freins bloquants")
        taches.append((f"Lever {nombre} : y remédier, puis le constater avec un motif.", ["editeur", "cnam"]))
    if (manque := critere.reponses_min - critere.reponses) > 0:
        if critere.invites < critere.reponses_min:
            taches.append(("Inviter les pilotes à répondre au questionnaire.", ["editeur", "cnam"]))
        taches.append(
            (f"Répondre au questionnaire : il manque {accorder(manque, 'réponse', 'réponses')}.", ["pilotes"])
        )
    return taches
