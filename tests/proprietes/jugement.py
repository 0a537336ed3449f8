"""The oracle's criteria 1 to 3, from DOMAIN.md alone: Wilson in 40-digit decimals, what remains by brute force."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

SEUIL = Fraction(4, 5)
REQUISES = ("consultation", "execution")
_Z = Decimal("1.959963984540054")


def wilson(reussies: int, total: int) -> tuple[Decimal, Decimal]:
    """The 95 % interval of a rate, without continuity correction."""
    with localcontext() as contexte:
        contexte.prec = 40
        n, p = Decimal(total), Decimal(reussies) / Decimal(total)
        demi = _Z * (p * (1 - p) / n + _Z**2 / (4 * n**2)).sqrt()
        centre = p + _Z**2 / (2 * n)
        facteur = 1 + _Z**2 / n
        return (centre - demi) / facteur, (centre + demi) / facteur


def enregistrement(executions: Sequence[tuple[str, bool]]) -> dict[str, Any]:
    """Criterion 1 over (pilote, registered) of each execution."""
    total, reussies = len(executions), sum(enregistree for _, enregistree in executions)
    if total == 0:
        return {
            "etat": "indetermine",
            "mesure": None,
            "intervalle": None,
            "solidite": None,
            "executions_restantes": None,
            "sensible_aux_pilotes": [],
        }
    bas, haut = wilson(reussies, total)
    solide = _atteint_par(bas) or not _atteint_par(haut)
    return {
        "etat": _etat(reussies, total),
        "mesure": reussies / total,
        "intervalle": [float(bas), float(haut)],
        "solidite": "solide" if solide else "fragile",
        "executions_restantes": 0 if solide else _restantes(reussies, total),
        "sensible_aux_pilotes": _sensibles(executions, reussies, total),
    }


def _etat(reussies: int, total: int) -> str:
    return "atteint" if Fraction(reussies, total) >= SEUIL else "non_atteint"


def _atteint_par(borne: Decimal) -> bool:
    return borne >= Decimal(SEUIL.numerator) / Decimal(SEUIL.denominator)


def _restantes(reussies: int, total: int) -> int:
    restantes = 0
    while not _atteint_par(wilson(reussies + restantes, total + restantes)[0]):
        restantes += 1
    return restantes


def _sensibles(executions: Sequence[tuple[str, bool]], reussies: int, total: int) -> list[str]:
    nombre = Counter(pilote for pilote, _ in executions)
    siennes = Counter(pilote for pilote, enregistree in executions if enregistree)
    return sorted(
        pilote
        for pilote in nombre
        if total > nombre[pilote]
        and _etat(reussies - siennes[pilote], total - nombre[pilote]) != _etat(reussies, total)
    )


def anomalies(traces: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Criterion 2: its état, and the blocking anomalies with their occurrences."""
    bloquantes: set[tuple[str, str]] = set()
    occurrences: Counter[tuple[str, str]] = Counter()
    for trace in traces:
        erreur = trace.get("erreur")
        if erreur is not None and erreur["origine"] == "logiciel":
            cle = (trace["operation"], erreur["code"])
            occurrences[cle] += 1
            if erreur["bloquante"]:
                bloquantes.add(cle)
    reussies = {trace["operation"] for trace in traces if trace["resultat"] == "succes"}
    etat = "atteint" if reussies.issuperset(REQUISES) else "indetermine"
    return {
        "etat": "non_atteint" if bloquantes else etat,
        "bloquantes": {cle: occurrences[cle] for cle in bloquantes},
    }


def scor(conformites_de_phase_2: Sequence[str]) -> str:
    """The état of criterion 3."""
    if {"double_envoi", "piece_manquante"} & set(conformites_de_phase_2):
        return "non_atteint"
    return "atteint" if "conforme" in conformites_de_phase_2 else "indetermine"
