"""An oracle of the service, written from DOMAIN.md and CONTRACT.md alone, as plainly as can be.

It keeps every reception, and works everything out again from the traces themselves whenever it is asked.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.proprietes import jugement, regles

PARIS = ZoneInfo("Europe/Paris")
Corps = dict[str, Any]
Rejets = list[tuple[int, str]]
AXES = ("pilote", "version", "type_prescription", "jour")


@dataclass
class Preserie:
    """A présérie: whether it is open, and the ``phase_2_le`` of each of its pilotes."""

    code: str
    logiciel: str
    ouverte: bool = False
    pilotes: dict[str, date | None] = field(default_factory=dict)
    observee_depuis: date | None = None


@dataclass
class Registre:
    """Logiciels with their éditeur, and the préséries."""

    editeurs: dict[str, str] = field(default_factory=dict)
    preseries: dict[str, Preserie] = field(default_factory=dict)

    @classmethod
    def de(cls, appels: Iterable[tuple[str, str, Corps]]) -> Self:
        """The registry that a sequence of PUT and POST makes."""
        registre = cls()
        for methode, chemin, corps in appels:
            registre.appliquer(methode, chemin, corps)
        return registre

    def appliquer(self, methode: str, chemin: str, corps: Corps) -> None:
        if lu := re.fullmatch("/logiciels/([^/]+)", chemin):
            self.editeurs[lu[1]] = corps["editeur"]
        elif lu := re.fullmatch("/preseries/([^/]+)", chemin):
            self.preseries[lu[1]] = Preserie(lu[1], corps["logiciel"])
        elif lu := re.fullmatch("/preseries/([^/]+)/pilotes/([^/]+)", chemin):
            phase_2_le = corps.get("phase_2_le")
            self.preseries[lu[1]].pilotes[lu[2]] = date.fromisoformat(phase_2_le) if phase_2_le else None
        elif (lu := re.fullmatch("/preseries/([^/]+)/demarrage", chemin)) and methode == "POST":
            self.preseries[lu[1]].ouverte = True

    def du_pilote(self, logiciel: object, numero_am: object) -> Preserie | None:
        """The présérie of a pilote of this logiciel; an open one before one that is not."""
        siennes = [p for p in self.preseries.values() if p.logiciel == logiciel and numero_am in p.pilotes]
        return max(siennes, key=lambda p: p.ouverte, default=None)

    def a_qui_compter_un_refus(self, recue: object) -> Preserie | None:
        if not isinstance(recue, dict):
            return None
        logiciel, numero_am = recue.get("logiciel"), recue.get("numero_am")
        if isinstance(numero_am, str) and (sienne := self.du_pilote(logiciel, numero_am)) is not None:
            return sienne
        ouvertes = [p for p in self.preseries.values() if p.logiciel == logiciel and p.ouverte]
        return ouvertes[0] if len(ouvertes) == 1 else None


@dataclass(frozen=True)
class Execution:
    """An execution, folded from all of its traces."""

    pilote: str
    ordonnance: str
    numero_execution: int
    enregistree: bool
    scor_succes: bool | None
    scor_echec: bool | None
    version: str
    type_prescription: str
    premiere_le: datetime
    derniere_le: datetime
    tentatives: int
    jour: date
    phase: int

    @property
    def conformite(self) -> str:
        if self.phase == 1:
            return self._phase_1()
        if not self.enregistree:
            return {True: "conforme", False: "piece_manquante", None: "en_attente"}[self.scor_echec]
        if self.scor_succes is not None:
            return "double_envoi" if self.scor_succes else "conforme"
        return "conforme" if self.scor_echec is True else "en_attente"

    def _phase_1(self) -> str:
        drapeaux = (self.scor_succes, self.scor_echec)
        if True in drapeaux:
            return "conforme"
        return "piece_manquante" if False in drapeaux else "en_attente"


def _drapeau(traces: Iterable[Corps]) -> bool | None:
    dits = [t["scor_envoye"] for t in traces if "scor_envoye" in t]
    return any(dits) if dits else None


class Oracle:
    """Receives what the service receives, and says what it must say."""

    def __init__(self, registre: Registre) -> None:
        self.registre = registre
        self._traces: defaultdict[str, dict[UUID, Corps]] = defaultdict(dict)
        self._doublons: Counter[str] = Counter()
        self._rejetees: Counter[str] = Counter()

    def recevoir(self, recues: Sequence[object], editeur: str | None = None) -> Corps:
        """The sums and the rejets (index, code) of one array; ``editeur`` is the bound of the sender's key."""
        issues = [self._recevoir_une(recue, editeur) for recue in recues]
        rejets: Rejets = [(i, issue) for i, issue in enumerate(issues) if issue not in ("enregistree", "doublon")]
        return {
            "recues": len(issues),
            "enregistrees": issues.count("enregistree"),
            "doublons": issues.count("doublon"),
            "rejetees": len(rejets),
            "rejets": rejets,
        }

    def _recevoir_une(self, recue: object, editeur: str | None) -> str:
        lue = regles.lire(recue)
        if (refus := self._refus(recue, lue, editeur)) is None:
            assert lue is not None
            preserie = self.registre.du_pilote(lue["logiciel"], lue["numero_am"])
            assert preserie is not None
            premiere = self._traces[preserie.code].setdefault(lue["id"], lue)
            if premiere is lue:
                return "enregistree"
            if premiere == lue:
                self._doublons[preserie.code] += 1
                return "doublon"
            refus = "identifiant-reutilise"
        if (comptee := self.registre.a_qui_compter_un_refus(recue)) is not None:
            self._rejetees[comptee.code] += 1
        return refus

    def _refus(self, recue: object, lue: Corps | None, editeur: str | None) -> str | None:
        if isinstance(recue, dict) and recue.get("type_prescription") in regles.HORS_PERIMETRE:
            return "hors-perimetre"
        if lue is None:
            return "trace-invalide"
        if regles.porte_un_nir(lue):
            return "donnee-personnelle"
        sien = self.registre.editeurs.get(lue["logiciel"])
        if sien is None:
            return "logiciel-inconnu"
        if editeur not in (None, sien):
            return "logiciel-interdit"
        preserie = self.registre.du_pilote(lue["logiciel"], lue["numero_am"])
        if preserie is None:
            return "pilote-inconnu"
        return None if preserie.ouverte else "preserie-non-ouverte"

    def traces(self, code: str) -> list[Corps]:
        """The distinct traces that were accepted."""
        return list(self._traces[code].values())

    def executions(self, code: str, *, fenetre: bool = True) -> list[Execution]:
        """Those of the criteria's window, or of the whole présérie."""
        groupes: defaultdict[tuple[str, str, int], list[Corps]] = defaultdict(list)
        for t in self.traces(code):
            if t["operation"] == "execution":
                groupes[t["numero_am"], t["ordonnance"], t["numero_execution"]].append(t)
        preserie = self.registre.preseries[code]
        pliees = [_plier(cle, groupe, preserie.pilotes[cle[0]]) for cle, groupe in groupes.items()]
        depuis = preserie.observee_depuis if fenetre else None
        return [e for e in pliees if depuis is None or e.jour >= depuis]

    def bilan(self, code: str) -> Corps:
        """The figures of a bilan, and of its first three criteria."""
        executions, traces = self.executions(code), self.traces(code)
        emises = [t["emise_le"] for t in traces if t["operation"] == "execution"]
        return {
            "traces": {
                "enregistrees": len(traces),
                "doublons": self._doublons[code],
                "rejetees": self._rejetees[code],
            },
            "debut_le": min(emises, default=None),
            "executions": _sommes(executions),
            "scor": _matrice(executions),
            "enregistrement": jugement.enregistrement([(e.pilote, e.enregistree) for e in executions]),
            "anomalies": jugement.anomalies(traces),
            "scor_etat": jugement.scor([e.conformite for e in executions if e.phase == 2]),
        }

    def ventilation(self, code: str, axe: str) -> dict[str, dict[str, int]]:
        """By the values of an axis: executions, of which registered, and their traces."""
        lignes: defaultdict[str, list[Execution]] = defaultdict(list)
        for execution in self.executions(code):
            lignes[str(getattr(execution, axe))].append(execution)
        return {
            cle: {
                "executions": len(siennes),
                "enregistrees": sum(e.enregistree for e in siennes),
                "tentatives": sum(e.tentatives for e in siennes),
            }
            for cle, siennes in lignes.items()
        }


def _plier(cle: tuple[str, str, int], traces: list[Corps], phase_2_le: date | None) -> Execution:
    premiere = min(traces, key=lambda t: (t["emise_le"], t["id"].int))
    jour = premiere["emise_le"].astimezone(PARIS).date()
    return Execution(
        *cle,
        enregistree=any(t["resultat"] == "succes" for t in traces),
        scor_succes=_drapeau(t for t in traces if t["resultat"] == "succes"),
        scor_echec=_drapeau(t for t in traces if t["resultat"] == "echec"),
        version=premiere["version"],
        type_prescription=premiere["type_prescription"],
        premiere_le=premiere["emise_le"],
        derniere_le=max(t["emise_le"] for t in traces),
        tentatives=len(traces),
        jour=jour,
        phase=2 if phase_2_le is not None and phase_2_le <= jour else 1,
    )


def _sommes(executions: Sequence[Execution]) -> Corps:
    return {
        "total": len(executions),
        "enregistrees": sum(e.enregistree for e in executions),
        "tentatives": sum(e.tentatives for e in executions),
    }


def _matrice(executions: Sequence[Execution]) -> Corps:
    cases = Counter((e.phase, e.conformite) for e in executions)
    communs = ("conforme", "piece_manquante", "en_attente")
    return {
        "phase_1": {code: cases[1, code] for code in communs},
        "phase_2": {code: cases[2, code] for code in (*communs, "double_envoi")},
    }
