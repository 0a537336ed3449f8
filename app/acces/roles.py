"""PURE. Roles, and what a key may touch (CONTRACT, « Access »)."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.formes import CODE, NUMERO_AM


class Role(StrEnum):
    """What a key is for."""

    CNAM = "cnam"
    EDITEUR = "editeur"
    POSTE = "poste"
    LECTURE = "lecture"
    SUPERVISION = "supervision"


@dataclass(frozen=True, slots=True)
class Acces:
    """Who is calling: a key's id, its role and its bounds; a bound that is None binds nothing."""

    cle_id: int
    role: Role
    editeur: str | None = None
    numero_am: str | None = None
    preseries: frozenset[str] | None = None
    expire_le: datetime | None = None

    def expiree(self, maintenant: datetime) -> bool:
        return self.expire_le is not None and self.expire_le <= maintenant

    def voit_editeur(self, editeur: str) -> bool:
        """Whether objects of this éditeur are its business."""
        return self.editeur is None or self.editeur == editeur

    def voit_preserie(self, preserie: str, editeur: str) -> bool:
        """Whether this présérie is its business."""
        return self.voit_editeur(editeur) and (self.preseries is None or preserie in self.preseries)


def bornes_manquantes(
    role: Role, editeur: str | None, numero_am: str | None = None, preseries: Collection[str] | None = None
) -> str | None:
    """Why a key of this role can't be made with these bounds, in French; None if it can."""
    if role in (Role.EDITEUR, Role.POSTE) and editeur is None:
        return f"Une clé de rôle « {role} » est liée à un éditeur : ajoutez --editeur CODE."
    if role not in (Role.EDITEUR, Role.POSTE) and editeur is not None:
        return f"Une clé de rôle « {role} » n'est liée à aucun éditeur : retirez --editeur."
    if editeur is not None and not re.fullmatch(CODE, editeur):
        return "--editeur attend le code d'un éditeur : minuscules, chiffres et tirets, de 2 à 63 caractères."
    if numero_am is not None and not re.fullmatch(NUMERO_AM, numero_am):
        return "--numero-am attend un N° AM : un chiffre, puis un chiffre, A ou B, puis 7 chiffres."
    if role is not Role.POSTE and numero_am is not None:
        return "Seule une clé de rôle « poste » se réserve à un N° AM : retirez --numero-am."
    if role is not Role.LECTURE and preseries:
        return "Seule une clé de rôle « lecture » se limite à des préséries : retirez --preserie."
    return None


ECRIVENT_DES_TRACES: Collection[Role] = (Role.CNAM, Role.EDITEUR, Role.POSTE)
