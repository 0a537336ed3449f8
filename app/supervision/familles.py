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
from app.preseries.cycle import Statut
from app.preseries.pilotes import EtatPilote
from app.supervision.versions import Version, versions
from app.traces.refus import Issue

ETIQUETTES = ("editeur", "module", "logiciel", "categorie_ps", "preserie")
_ETATS = {Etat.ATTEINT: 1.0, Etat.NON_ATTEINT: 0.0, Etat.INDETERMINE: math.nan}


@dataclass(frozen=True, slots=True)
class Recompte:
    """When a présérie was last recounted, and how many rows of counters differed from its traces."""

    fait_le: datetime
    differents: int


@dataclass(frozen=True, slots=True)
class Jugee:
    """A présérie: what is known of it, its bilan, its versions, and its last recount."""

    faits: Faits
    bilan: BilanLu
    versions: Sequence[Version]
    recompte: Recompte | None

    @classmethod
    def de(cls, faits: Faits, recompte: Recompte | None) -> Self:
        return cls(faits, juger(faits, modalites_aussi=False), versions(faits), recompte)


Cellules = Iterator[tuple[tuple[str, ...], float]]
"""Values of the labels of a family's own, and the figure."""


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


def _statut(jugee: Jugee, _: datetime) -> Cellules:
    for statut in Statut:
        yield (statut.value,), jugee.bilan.statut == statut


def _par_version(jugee: Jugee, _: datetime) -> Cellules:
    for version in jugee.versions:
        yield (version.nom, "true"), version.enregistrees
        yield (version.nom, "false"), version.total - version.enregistrees


def _en_recul(jugee: Jugee, _: datetime) -> Cellules:
    for version in jugee.versions:
        yield (version.nom,), version.en_recul


def _ecarts(jugee: Jugee, _: datetime) -> Cellules:
    yield (), jugee.recompte.differents if jugee.recompte is not None else math.nan


def _recompte_le(jugee: Jugee, _: datetime) -> Cellules:
    yield (), jugee.recompte.fait_le.timestamp() if jugee.recompte is not None else math.nan


FAMILLES: Mapping[str, tuple[str, tuple[str, ...], Callable[[Jugee, datetime], Cellules]]] = {
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
    "preserie_statut": ("Statut de la présérie : 1 pour le sien, 0 pour les autres.", ("statut",), _statut),
    "preserie_version_executions": (
        "Exécutions de la fenêtre des critères, par version ; au-delà des dix dernières parues, « autre ».",
        ("version", "enregistree"),
        _par_version,
    ),
    "preserie_version_en_recul": (
        "1 si la version enregistre moins que celle d'avant, au-delà du hasard ; 0 sinon.",
        ("version",),
        _en_recul,
    ),
    "preserie_recompte_ecarts": (
        "Lignes de compteurs qui différaient des traces au dernier recompte ; NaN sans recompte.",
        (),
        _ecarts,
    ),
    "preserie_recompte_timestamp_seconds": ("Instant du dernier recompte ; NaN sans recompte.", (), _recompte_le),
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
