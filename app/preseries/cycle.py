"""PURE. States of a présérie, and what each means for its traces (DOMAIN, « Life of a présérie »)."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Statut(StrEnum):
    """Where a présérie stands."""

    PREPARATION = "preparation"
    EN_COURS = "en_cours"
    VALIDEE = "validee"
    CLOTUREE = "cloturee"
    ABANDONNEE = "abandonnee"


class EtatTraces(StrEnum):
    """What workstations are told: send, nothing to send to, or stop for good."""

    ACTIVES = "actives"
    INACTIVES = "inactives"
    DESACTIVEES = "desactivees"


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


@dataclass(frozen=True, slots=True)
class Prerequis:
    """What must stand before a présérie starts (source, « Pré requis »)."""

    autorisation_cnda: bool
    support: bool
    kit_accompagnement: bool
    pilotes: int


def manquants_au_demarrage(prerequis: Prerequis) -> list[str]:
    """What is missing for a start, as sentences in French; empty when it may start."""
    manques = []
    if not prerequis.autorisation_cnda:
        manques.append("l'autorisation du logiciel par le CNDA (PUT /logiciels/{code}, autorisation_cnda)")
    if not prerequis.support:
        manques.append("le support, avec les modalités d'installation et de formation (jalon support)")
    if not prerequis.kit_accompagnement:
        manques.append("le kit d'accompagnement (jalon kit_accompagnement)")
    if prerequis.pilotes == 0:
        manques.append("au moins un pilote (PUT /preseries/{code}/pilotes/{numero_am})")
    return manques
