"""PURE. States of a présérie, what leads from one to another, and what each means for its traces.

DOMAIN, « Life of a présérie ». ``docs/cycle.md`` shows ``TRANSITIONS``; nothing else changes a statut.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Statut(StrEnum):
    """Where a présérie stands."""

    PREPARATION = "preparation"
    EN_COURS = "en_cours"
    VALIDEE = "validee"
    CLOTUREE = "cloturee"
    ABANDONNEE = "abandonnee"


TERMINES = (Statut.CLOTUREE, Statut.ABANDONNEE)
EN_USAGE = (Statut.EN_COURS, Statut.VALIDEE)
"""Where pilotes use their logiciel: they can be asked, and a bilan sealed."""


class EtatTraces(StrEnum):
    """What workstations are told: send, nothing to send to, or stop for good."""

    ACTIVES = "actives"
    INACTIVES = "inactives"
    DESACTIVEES = "desactivees"


class Etape(NamedTuple):
    """A statut, and whether its traces are on: a node of the drawing."""

    statut: Statut
    traces_actives: bool

    @property
    def terminee(self) -> bool:
        return self.statut in TERMINES


PREPARATION = Etape(Statut.PREPARATION, traces_actives=False)
EN_COURS = Etape(Statut.EN_COURS, traces_actives=True)
VALIDEE = Etape(Statut.VALIDEE, traces_actives=True)
TRACES_COUPEES = Etape(Statut.VALIDEE, traces_actives=False)
CLOTUREE = Etape(Statut.CLOTUREE, traces_actives=False)
ABANDONNEE = Etape(Statut.ABANDONNEE, traces_actives=False)


def etape(statut: Statut, traces_actives: bool) -> Etape:
    """Where a row stands; only of a validated présérie can traces be either on or off."""
    return Etape(statut, statut is Statut.EN_COURS or (statut is Statut.VALIDEE and traces_actives))


class Action(StrEnum):
    """What people do to a présérie."""

    DEMARRAGE = "demarrage"
    PROLONGATION = "prolongation"
    VALIDATION = "validation"
    ABANDON = "abandon"
    DESACTIVATION = "desactivation"
    REACTIVATION = "reactivation"
    CLOTURE = "cloture"


TRANSITIONS: Mapping[tuple[Etape, Action], Etape] = MappingProxyType(
    {
        (PREPARATION, Action.DEMARRAGE): EN_COURS,
        (PREPARATION, Action.ABANDON): ABANDONNEE,
        (EN_COURS, Action.PROLONGATION): EN_COURS,
        (EN_COURS, Action.ABANDON): ABANDONNEE,
        (EN_COURS, Action.VALIDATION): VALIDEE,
        (VALIDEE, Action.DESACTIVATION): TRACES_COUPEES,
        (TRACES_COUPEES, Action.REACTIVATION): VALIDEE,
        (TRACES_COUPEES, Action.CLOTURE): CLOTUREE,
    }
)
_ACQUIS: Mapping[Action, Collection[Etape]] = MappingProxyType(
    {
        Action.DEMARRAGE: (EN_COURS,),
        Action.DESACTIVATION: (TRACES_COUPEES, CLOTUREE),
        Action.REACTIVATION: (EN_COURS, VALIDEE),
        Action.CLOTURE: (CLOTUREE,),
    }
)
_NOMS: Mapping[Etape, str] = MappingProxyType(
    {
        PREPARATION: "en préparation",
        EN_COURS: "en cours",
        VALIDEE: "validée, ses traces actives",
        TRACES_COUPEES: "validée, ses traces désactivées",
        CLOTUREE: "clôturée",
        ABANDONNEE: "abandonnée",
    }
)


def acquise(presente: Etape, action: Action) -> bool:
    """Whether what the action would bring about is already so: done twice, it changes nothing."""
    return presente in _ACQUIS.get(action, ())


def admises(presente: Etape) -> list[Action]:
    """The actions that lead on from here."""
    return [action for (depart, action) in TRANSITIONS if depart == presente]


def refus(presente: Etape, action: Action) -> str | None:
    """Why an action is not for this state, in French; None where it leads on from it."""
    if (presente, action) in TRANSITIONS:
        return None
    possibles = ", ".join(admises(presente)) or "rien d'autre"
    return f"Cette présérie est {_NOMS[presente]} : elle n'admet pas « {action} ». Elle admet : {possibles}."


def etat_traces(statut: Statut, traces_actives: bool) -> EtatTraces:
    """Open préséries take traces; once validated, switching off is told apart from never having been on."""
    if statut is Statut.EN_COURS or (statut is Statut.VALIDEE and traces_actives):
        return EtatTraces.ACTIVES
    if statut in (Statut.VALIDEE, Statut.CLOTUREE):
        return EtatTraces.DESACTIVEES
    return EtatTraces.INACTIVES


def resume(etats: Collection[EtatTraces]) -> EtatTraces:
    """One answer for several préséries: ``actives`` if any is open, ``desactivees`` if all are off."""
    if EtatTraces.ACTIVES in etats:
        return EtatTraces.ACTIVES
    if etats and all(etat is EtatTraces.DESACTIVEES for etat in etats):
        return EtatTraces.DESACTIVEES
    return EtatTraces.INACTIVES
