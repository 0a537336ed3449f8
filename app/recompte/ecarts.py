"""PURE. What a recount found: which rows differ between what is kept and what the raw traces say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.bilan.identifiants import CleExecution

TENU, RECOMPTE = "tenu", "recompté"
Ligne = tuple[str, Mapping[str, Any]]
"""On which side a row stands alone, and the row."""


@dataclass(frozen=True, slots=True)
class Comparee:
    """A table of counters, and what tells its rows apart."""

    table: str
    cle: tuple[str, ...]
    valeurs: tuple[str, ...]


COMPAREES = (
    Comparee(
        "execution",
        ("pilote_id", "pseudonyme", "numero_execution"),
        (
            *("premiere_le", "premiere_id", "jour", "version", "type_prescription", "enregistree", "scor_succes"),
            *("scor_echec", "derniere_le", "tentatives"),
        ),
    ),
    Comparee(
        "compteur_execution",
        ("pilote_id", "jour", "version", "type_prescription", "enregistree", "scor_succes", "scor_echec"),
        ("executions", "tentatives"),
    ),
    Comparee("compteur_operation", ("operation", "version"), ("succes", "echecs", "premiere_le", "derniere_le")),
    Comparee("compteur_trace", ("pilote_id", "issue"), ("nombre", "derniere_le")),
    Comparee(
        "anomalie",
        ("operation", "code", "version", "pilote_id"),
        ("bloquante", "occurrences", "premiere_le", "derniere_le"),
    ),
)


@dataclass(frozen=True, slots=True)
class Ecart:
    """One row that differs; None on the side that lacks it."""

    comparee: Comparee
    cle: tuple[Any, ...]
    tenue: Mapping[str, Any] | None
    recomptee: Mapping[str, Any] | None

    def __str__(self) -> str:
        return f"{self.comparee.table}, {self._objet()} : {self._difference()}"

    def _objet(self) -> str:
        """Never an N° AM: a pilote goes by the id that the registry keeps it under."""
        if self.comparee.table == "execution":
            return f"exécution {CleExecution(*self.cle)}"
        return ", ".join(f"{nom} {_dit(valeur)}" for nom, valeur in zip(self.comparee.cle, self.cle, strict=True))

    def _difference(self) -> str:
        if self.tenue is None:
            return "manque, alors que les traces la donnent"
        if self.recomptee is None:
            return "tenue, alors qu'aucune trace ne la donne"
        return ", ".join(
            f"{nom} {TENU} {_dit(self.tenue[nom])}, {RECOMPTE} {_dit(self.recomptee[nom])}"
            for nom in self.comparee.valeurs
            if self.tenue[nom] != self.recomptee[nom]
        )


@dataclass(frozen=True, slots=True)
class Comparaison:
    """Of one table: the rows kept and recounted, how many differ, and the first of them."""

    comparee: Comparee
    tenues: int
    recomptees: int
    differents: int
    ecarts: Sequence[Ecart]


@dataclass(frozen=True, slots=True)
class Recompte:
    """Of one présérie."""

    preserie: str
    comparaisons: Sequence[Comparaison]

    @property
    def differents(self) -> int:
        return sum(comparaison.differents for comparaison in self.comparaisons)


def apparier(comparee: Comparee, lignes: Iterable[Ligne]) -> list[Ecart]:
    """Rows that stand alone on either side, by what they are about."""
    par_cle: dict[tuple[Any, ...], dict[str, Mapping[str, Any]]] = {}
    for cote, ligne in lignes:
        par_cle.setdefault(tuple(ligne[nom] for nom in comparee.cle), {})[cote] = ligne
    return [Ecart(comparee, cle, cotes.get(TENU), cotes.get(RECOMPTE)) for cle, cotes in par_cle.items()]


def lignes_lisibles(recomptes: Iterable[Recompte], au_plus: int) -> Iterator[str]:
    """One line for each row that differs, then how many are left out."""
    recomptes = list(recomptes)
    nommees = [
        f"{recompte.preserie} : {ecart}"
        for recompte in recomptes
        for comparaison in recompte.comparaisons
        for ecart in comparaison.ecarts
    ][:au_plus]
    yield from nommees
    reste = sum(recompte.differents for recompte in recomptes) - len(nommees)
    if reste:
        yield f"… et {reste} de plus."


def _dit(valeur: Any) -> str:
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    return "inconnu" if valeur is None else str(valeur)
