"""PURE. Of which pilotes something is expected, and where a workstation stands in the list of them all."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from app.formes import NUMERO_AM
from app.preseries.annuaire import PARIS
from app.preseries.pilotes import EtatPilote, Suivi

_NUMERO_AM = re.compile(NUMERO_AM)
_SANS_PILOTE = "-"


class ClePoste(NamedTuple):
    """What tells a workstation from the others of its présérie, and the order of the list."""

    numero_am: str | None
    poste: str | None

    def __str__(self) -> str:
        return (self.numero_am or _SANS_PILOTE) + (f"/{self.poste}" if self.poste is not None else "")

    @property
    def rang(self) -> tuple[bool, str, bool, str]:
        """What compares as the list is sorted: the workstations of unknown pilotes come last."""
        return self.numero_am is None, self.numero_am or "", self.poste is not None, self.poste or ""


AVANT_TOUT = (False, "", False, "")
"""Comes before the ``rang`` of any workstation."""


def lire_cle(curseur: str) -> ClePoste | None:
    """The workstation that a cursor names; None where it is no cursor."""
    numero_am, separateur, poste = curseur.partition("/")
    if numero_am != _SANS_PILOTE and not _NUMERO_AM.fullmatch(numero_am):
        return None
    return ClePoste(numero_am if numero_am != _SANS_PILOTE else None, poste if separateur else None)


@dataclass(frozen=True, slots=True)
class PiloteInscrit:
    """A pilote as the registry knows it."""

    id: int
    installe_le: date | None
    retire_le: date | None


@dataclass(frozen=True, slots=True)
class Attentes:
    """``installes``: the pilotes that have a workstation, heard of or not. A workstation of one of ``muets`` is silent
    where nothing came from it since ``limite``."""

    installes: Collection[int]
    muets: Collection[int]
    limite: datetime


def attentes(
    pilotes: Iterable[PiloteInscrit], attendues_depuis: datetime | None, maintenant: datetime, silence: timedelta
) -> Attentes:
    """Who is expected to send at an instant; ``attendues_depuis`` is None while the présérie takes no traces.

    A workstation that was heard of is installed, whatever the registry has forgotten to say.
    """
    installes, muets = [], []
    au_plus_tot = attendues_depuis.astimezone(PARIS).date() if attendues_depuis is not None else None
    for pilote in pilotes:
        if Suivi(pilote.installe_le, pilote.retire_le, None, None).etats(maintenant, silence):
            installes.append(pilote.id)
        suivi = Suivi(pilote.installe_le or au_plus_tot, pilote.retire_le, None, attendues_depuis)
        if EtatPilote.SILENCIEUX in suivi.etats(maintenant, silence):
            muets.append(pilote.id)
    return Attentes(installes, muets, maintenant - silence)
