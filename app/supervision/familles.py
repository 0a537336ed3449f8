"""PURE. The business metrics of Prometheus: the figures of every bilan as gauges, every cell present, also at 0."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from prometheus_client.core import GaugeMetricFamily

from app.anomalies.regles import INTRINSEQUE
from app.anomalies.schemas import StatutAnomalie
from app.bilan.conformite import CONFORMITES
from app.bilan.faits import Faits
from app.bilan.jugement import compter, juger
from app.bilan.schemas import BilanLu, Etat
from app.preseries.pilotes import EtatPilote
from app.traces.refus import Issue

ETIQUETTES = ("editeur", "module", "logiciel", "categorie_ps", "preserie")
_ETATS = {Etat.ATTEINT: 1.0, Etat.NON_ATTEINT: 0.0, Etat.INDETERMINE: math.nan}


@dataclass(frozen=True, slots=True)
class Jugee:
    """A présérie: what is known of it, and its bilan."""

    faits: Faits
    bilan: BilanLu

    @classmethod
    def de(cls, faits: Faits) -> Self:
        return cls(faits, juger(faits, modalites_aussi=False))


Cellules = Iterator[tuple[tuple[str, ...], float]]
"""Values of the labels of a family's own, and the figure."""


def _ouverte(jugee: Jugee, _: datetime) -> Cellules:
    yield (), jugee.faits.dossier.attend_des_traces


def _executions(jugee: Jugee, _: datetime) -> Cellules:
    executions = jugee.bilan.executions
    yield ("true",), executions.enregistrees
    yield ("false",), executions.total - executions.enregistrees


def _scor(jugee: Jugee, _: datetime) -> Cellules:
    for phase, conformites in CONFORMITES.items():
        cases = getattr(jugee.bilan.scor, f"phase_{phase}")
        for conformite in conformites:
            yield (str(phase), conformite.value), getattr(cases, conformite.value)


def _taux(jugee: Jugee, _: datetime) -> Cellules:
    executions = jugee.bilan.executions
    yield (), executions.enregistrees / executions.total if executions.total else math.nan


def _criteres(jugee: Jugee, _: datetime) -> Cellules:
    for critere in jugee.bilan.criteres:
        yield (critere.code,), _ETATS[critere.etat]


def _traces(jugee: Jugee, _: datetime) -> Cellules:
    traces = jugee.bilan.traces
    yield ("enregistree",), traces.enregistrees
    yield ("doublon",), traces.doublons
    yield ("rejetee",), traces.rejetees


def _anomalies(jugee: Jugee, _: datetime) -> Cellules:
    ouvertes = Counter(
        (anomalie.operation, anomalie.bloquante)
        for anomalie in jugee.faits.anomalies
        if anomalie.statut is StatutAnomalie.OUVERTE and anomalie.origine == INTRINSEQUE
    )
    for operation in jugee.faits.dossier.referentiel.operations.toutes:
        for bloquante in (True, False):
            yield (operation, str(bloquante).lower()), ouvertes[operation, bloquante]


def _pilotes(jugee: Jugee, maintenant: datetime) -> Cellules:
    etats = Counter(etat for p in jugee.faits.pilotes for etat in jugee.faits.etats(p, maintenant))
    for etat in EtatPilote:
        yield (etat.value,), etats[etat]


def _derniere_reception(jugee: Jugee, _: datetime) -> Cellules:
    derniere = jugee.bilan.traces.derniere_le
    yield (), derniere.timestamp() if derniere is not None else math.nan


def _apres_desactivation(jugee: Jugee, _: datetime) -> Cellules:
    yield (), compter(jugee.faits.receptions)[Issue.DESACTIVEE]


FAMILLES: Mapping[str, tuple[str, tuple[str, ...], Callable[[Jugee, datetime], Cellules]]] = {
    "preserie_ouverte": ("1 tant que la présérie attend des traces de ses postes, 0 sinon.", (), _ouverte),
    "preserie_executions": (
        "Exécutions de la fenêtre des critères, enregistrées ou non dans la base de l'Assurance Maladie.",
        ("enregistree",),
        _executions,
    ),
    "preserie_scor_executions": (
        "Exécutions de la fenêtre des critères, par phase et conformité de l'envoi SCOR.",
        ("phase", "conformite"),
        _scor,
    ),
    "preserie_taux_enregistrement": ("Exécutions enregistrées sur exécutions ; NaN sans exécution.", (), _taux),
    "preserie_critere_etat": (
        "Critère : 1 atteint, 0 non atteint, NaN indéterminé.",
        ("critere",),
        _criteres,
    ),
    "preserie_traces": ("Traces reçues, par issue.", ("issue",), _traces),
    "preserie_anomalies_ouvertes": (
        "Anomalies intrinsèques ouvertes, par opération, bloquantes ou non.",
        ("operation", "bloquante"),
        _anomalies,
    ),
    "preserie_pilotes": (
        "Pilotes installés, et parmi eux ceux dont plus rien n'arrive, tant que la présérie attend des traces.",
        ("etat",),
        _pilotes,
    ),
    "preserie_derniere_reception_timestamp_seconds": (
        "Instant de la dernière réception pour la présérie ; NaN sans réception.",
        (),
        _derniere_reception,
    ),
    "preserie_traces_apres_desactivation": (
        "Traces refusées parce que les traces postes de la présérie sont désactivées.",
        (),
        _apres_desactivation,
    ),
}


def familles(jugees: Sequence[Jugee], maintenant: datetime) -> list[GaugeMetricFamily]:
    """The gauges of these préséries at an instant."""
    return [_famille(nom, jugees, maintenant) for nom in FAMILLES]


def _famille(nom: str, jugees: Sequence[Jugee], maintenant: datetime) -> GaugeMetricFamily:
    aide, siennes, lire = FAMILLES[nom]
    famille = GaugeMetricFamily(nom, aide, labels=[*ETIQUETTES, *siennes])
    for jugee in jugees:
        communes = [getattr(jugee.bilan, etiquette) for etiquette in ETIQUETTES]
        for valeurs, chiffre in lire(jugee, maintenant):
            famille.add_metric([*communes, *valeurs], chiffre)
    return famille
