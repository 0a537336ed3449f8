"""PURE. Phase of an exécution, and whether its SCOR sending conformed (DOMAIN, « SCOR conformity »)."""

from datetime import date
from enum import StrEnum


class Conformite(StrEnum):
    """What SCOR sending was, against the phase."""

    CONFORME = "conforme"
    DOUBLE_ENVOI = "double_envoi"
    PIECE_MANQUANTE = "piece_manquante"
    EN_ATTENTE = "en_attente"


CONFORMITES = {
    1: (Conformite.CONFORME, Conformite.PIECE_MANQUANTE, Conformite.EN_ATTENTE),
    2: (Conformite.CONFORME, Conformite.DOUBLE_ENVOI, Conformite.PIECE_MANQUANTE, Conformite.EN_ATTENTE),
}
"""The conformités that each phase can have."""
NON_CONFORMES = frozenset({Conformite.DOUBLE_ENVOI, Conformite.PIECE_MANQUANTE})


def phase(phase_2_le: date | None, jour: date) -> int:
    """2 from the pilote's ``phase_2_le`` on, else 1."""
    return 2 if phase_2_le is not None and phase_2_le <= jour else 1


def conformite(phase: int, enregistree: bool, scor_succes: bool | None, scor_echec: bool | None) -> Conformite:
    """``scor_succes`` and ``scor_echec``: what its successful and its failed traces say was sent by SCOR."""
    if phase == 1:
        return _phase_1(scor_succes, scor_echec)
    if enregistree:
        return _phase_2_enregistree(scor_succes, scor_echec)
    return _envoi_attendu(scor_echec)


def _phase_1(scor_succes: bool | None, scor_echec: bool | None) -> Conformite:
    if scor_succes or scor_echec:
        return Conformite.CONFORME
    return Conformite.EN_ATTENTE if scor_succes is None and scor_echec is None else Conformite.PIECE_MANQUANTE


def _phase_2_enregistree(scor_succes: bool | None, scor_echec: bool | None) -> Conformite:
    if scor_succes is not None:
        return Conformite.DOUBLE_ENVOI if scor_succes else Conformite.CONFORME
    return Conformite.CONFORME if scor_echec else Conformite.EN_ATTENTE


def _envoi_attendu(scor: bool | None) -> Conformite:
    if scor is None:
        return Conformite.EN_ATTENTE
    return Conformite.CONFORME if scor else Conformite.PIECE_MANQUANTE
