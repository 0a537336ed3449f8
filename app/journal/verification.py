"""PURE. Whether a journal is still the one that was written: every link, and the personal data beside them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.journal.chaine import DEBUT, Maillon, empreinte, empreinte_personnelle

EFFACEMENT = "effacement"
"""The action of an entry which says how many entries have lost their personal data."""
OBJET_JOURNAL = "journal"
EFFACEES = "entrees"


@dataclass(frozen=True, slots=True)
class Personnel:
    """What lies beside an entry."""

    sel: bytes
    donnees: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ligne:
    """An entry as it is stored, with its own hash and what lies beside it."""

    maillon: Maillon
    empreinte: bytes
    personnel: Personnel | None = None

    @property
    def personnel_efface(self) -> bool:
        return self.maillon.empreinte_personnelle is not None and self.personnel is None


@dataclass(frozen=True, slots=True)
class Tete:
    """The last entry of a journal: whoever notes it elsewhere can tell later that nothing before it has changed."""

    numero: int = 0
    empreinte: bytes = DEBUT

    def __str__(self) -> str:
        return f"{self.numero}:{self.empreinte.hex()}"

    @classmethod
    def lire(cls, texte: str) -> Self | None:
        """Of ``NUMERO:EMPREINTE``; None where it is not that."""
        lue = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", texte.strip())
        return cls(int(lue[1]), bytes.fromhex(lue[2])) if lue is not None else None


@dataclass(frozen=True, slots=True)
class Constat:
    """Something wrong, in French; ``numero`` is None where it is not one entry's."""

    numero: int | None
    message: str


class Verification:
    """Follows the entries in their order, keeping nothing of them but what is wrong."""

    def __init__(self, attendue: Tete | None = None) -> None:
        self._attendue = attendue
        self._derniere = Tete()
        self._effacements = 0
        self.entrees = 0
        self.effacees = 0
        self.constats: list[Constat] = []
        self._confronter(self._derniere)

    def suivre(self, ligne: Ligne) -> None:
        """The next entry as it is stored."""
        maillon = ligne.maillon
        presente = Tete(maillon.numero, ligne.empreinte)
        self.entrees += 1
        self._noter(maillon.numero, _place(self._derniere, maillon))
        if empreinte(maillon) != ligne.empreinte:
            self._noter(maillon.numero, "modifiée : son empreinte n'est pas celle de son contenu")
        self._noter(maillon.numero, _a_cote(ligne))
        self._confronter(presente)
        self.effacees += ligne.personnel_efface
        self._effacements += _effacees(maillon)
        self._derniere = presente

    def conclure(self, tete: Tete) -> None:
        """The end of the journal, and the head that is kept apart from it."""
        derniere = self._derniere
        if derniere.numero < tete.numero:
            self._noter(tete.numero, f"la fin manque : la dernière entrée est la n° {derniere.numero}")
        elif derniere.numero > tete.numero:
            self._noter(derniere.numero, f"ajoutée : le journal s'arrêtait à l'entrée n° {tete.numero}")
        elif derniere != tete:
            self._noter(tete.numero, "son empreinte n'est pas celle de la tête gardée à part")
        if self._attendue is not None:
            self._noter(self._attendue.numero, "elle avait été notée, et n'est plus au journal")
        if self.effacees != self._effacements:
            self._noter(
                None,
                f"{self.effacees} entrées n'ont plus leurs données personnelles, "
                f"les effacements notés en comptent {self._effacements}",
            )

    def _noter(self, numero: int | None, message: str | None) -> None:
        if message is not None:
            self.constats.append(Constat(numero, message))

    def _confronter(self, presente: Tete) -> None:
        """With the head noted elsewhere, once it is reached."""
        if self._attendue is None or self._attendue.numero != presente.numero:
            return
        if self._attendue != presente:
            self._noter(presente.numero, "son empreinte n'est pas celle qui avait été notée")
        self._attendue = None


def _place(derniere: Tete, maillon: Maillon) -> str | None:
    """What is wrong with where an entry stands."""
    attendu = derniere.numero + 1
    if maillon.numero > attendu:
        return f"ce qui la précède manque, depuis le n° {attendu}"
    if maillon.numero < attendu:
        return f"en double ou déplacée : elle vient après l'entrée n° {derniere.numero}"
    if maillon.precedente != derniere.empreinte:
        return "elle ne suit pas l'entrée d'avant : une entrée a été retirée, ajoutée ou déplacée"
    return None


def _a_cote(ligne: Ligne) -> str | None:
    """What is wrong with the personal data of an entry; that they were erased is not."""
    if ligne.personnel is None:
        return None
    if ligne.maillon.empreinte_personnelle is None:
        return "des données personnelles ont été ajoutées"
    if empreinte_personnelle(ligne.personnel.sel, ligne.personnel.donnees) != ligne.maillon.empreinte_personnelle:
        return "ses données personnelles ont été modifiées"
    return None


def _effacees(maillon: Maillon) -> int:
    if (maillon.action, maillon.objet) != (EFFACEMENT, OBJET_JOURNAL) or maillon.apres is None:
        return 0
    nombre = maillon.apres.get(EFFACEES)
    return nombre if isinstance(nombre, int) else 0


def fautes_lisibles(constats: list[Constat], au_plus: int) -> Iterator[str]:
    """One line each, the first so many of them."""
    for constat in constats[:au_plus]:
        yield f"n° {constat.numero} : {constat.message}." if constat.numero is not None else f"{constat.message}."
    if len(constats) > au_plus:
        yield f"… et {len(constats) - au_plus} autres."
