"""Technical metrics: every instrument of the service, and the cells that the hot path adds to.

Figures of the domain are not here: they are read from the database (``app.supervision``).
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from importlib.metadata import version
from typing import TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.stockage.lectures import Repli

# The shared registry of several workers has none: both must expose the same families.
prometheus_client.disable_created_metrics()
REGISTRE = CollectorRegistry()
AUCUNE_ROUTE = "aucune"
METHODES = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_AUTRE_METHODE = "autre"
_DUREES_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_COMMITS_S = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LOTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)

_requetes = Histogram(
    "traces_postes_requete_duree_seconds",
    "Durée des requêtes HTTP, par méthode, gabarit de route et statut.",
    ["methode", "route", "statut"],
    buckets=_DUREES_S,
    registry=REGISTRE,
)
_traces = Counter(
    "traces_postes_traces",
    "Traces postes reçues et acquittées, par issue : enregistrée, doublon, ou le code du refus.",
    ["issue"],
    registry=REGISTRE,
)
_problemes = Counter(
    "traces_postes_problemes", "Réponses de type problem+json, par code de problème.", ["code"], registry=REGISTRE
)
LOT = Histogram(
    "traces_postes_ecriture_lot_traces",
    "Traces par commit de l'écriture groupée.",
    buckets=_LOTS,
    registry=REGISTRE,
)
COMMIT = Histogram(
    "traces_postes_ecriture_duree_seconds",
    "Durée d'un commit de traces, de l'envoi de l'instruction à sa confirmation.",
    buckets=_COMMITS_S,
    registry=REGISTRE,
)
REPRISES = Counter(
    "traces_postes_ecriture_reprises", "Commits de traces recommencés après un conflit.", registry=REGISTRE
)
ECHECS = Counter(
    "traces_postes_ecriture_echecs",
    "Lots de traces abandonnés faute de base : leurs requêtes reçoivent un 503.",
    registry=REGISTRE,
)
_replis = Counter(
    "traces_postes_lecture_secondaire_replis",
    "Lectures faites sur la base principale, faute de la secondaire : absente, en retard, ou promue.",
    ["motif"],
    registry=REGISTRE,
)
_REPLIS = {motif: _replis.labels(motif.value).inc for motif in Repli}
FLUX_ROMPUS = Counter(
    "traces_postes_flux_rompus", "Flux de bilans rompus parce que leur lecteur ne lisait plus.", registry=REGISTRE
)
_coupees = Counter(
    "traces_postes_connexions_coupees",
    "Connexions coupées : requête trop lente à venir (envoi), réponse non lue (lecture), connexions trop nombreuses "
    "(nombre).",
    ["motif"],
    registry=REGISTRE,
)
COUPEES = {motif: _coupees.labels(motif).inc for motif in ("envoi", "lecture", "nombre")}


def _jauge(nom: str, aide: str, etiquettes: Sequence[str] = ()) -> Gauge:
    """A gauge of one worker; several add up for as long as they live."""
    return Gauge(nom, aide, etiquettes, registry=REGISTRE, multiprocess_mode="livesum")


ATTENTE = _jauge("traces_postes_ecriture_attente_traces", "Traces qui attendent leur commit.")
ATTENTE_MAX = _jauge(
    "traces_postes_ecriture_attente_max_traces", "Traces qui peuvent attendre leur commit ; au-delà, 503."
)
RETARD = Gauge(
    "traces_postes_ecriture_retard_seconds",
    "Depuis combien de temps les plus anciennes traces attendent leur commit, dans l'ouvrier le plus en retard.",
    registry=REGISTRE,
    multiprocess_mode="livemax",
)
RECEPTIONS = _jauge("traces_postes_receptions_bytes", "Poids des envois de traces reçus et pas encore répondus.")
RECEPTIONS_MAX = _jauge(
    "traces_postes_receptions_max_bytes",
    "Poids admis à présent, selon le temps que prennent les réponses ; au-delà, 503.",
)
CONNEXIONS_OUVERTES = _jauge("traces_postes_connexions_ouvertes", "Connexions de clients ouvertes.")
CONNEXIONS_OUVERTES_MAX = _jauge("traces_postes_connexions_ouvertes_max", "Connexions de clients possibles.")
CONNEXIONS = _jauge(
    "traces_postes_base_connexions_prises", "Connexions en cours d'usage, par réserve de connexions.", ["reserve"]
)
CONNEXIONS_MAX = _jauge("traces_postes_base_connexions_max", "Connexions que la réserve peut ouvrir.", ["reserve"])
RELECTURES_ATTENTE = _jauge(
    "traces_postes_relectures_attente", "Requêtes qui attendent leur tour pour relire toutes les traces."
)
FLUX = _jauge("traces_postes_flux_ouverts", "Flux de bilans ouverts.")
OUVRIERS = _jauge("traces_postes_ouvriers", "Processus qui servent.")
INFO = Gauge("traces_postes_info", "Version du service.", ["version"], registry=REGISTRE, multiprocess_mode="livemax")

C = TypeVar("C", bound=Hashable)


class _Cellules(dict[C, Callable[[float], None]]):
    """What to call for each cell of a family; made once, since finding a child by its labels costs more than it."""

    def __init__(self, trouver: Callable[[C], Callable[[float], None]]) -> None:
        super().__init__()
        self._trouver = trouver

    def __missing__(self, cle: C) -> Callable[[float], None]:
        cellule = self[cle] = self._trouver(cle)
        return cellule


TRACES: _Cellules[str] = _Cellules(lambda issue: _traces.labels(issue).inc)
PROBLEMES: _Cellules[str] = _Cellules(lambda code: _problemes.labels(code).inc)
_DUREES: _Cellules[tuple[str, str, int]] = _Cellules(lambda cle: _requetes.labels(*cle).observe)


def mesurer_requete(methode: str, route: str, statut: int, duree_s: float) -> None:
    """``route`` is a template, or empty where the path has none: labels are bounded, whatever callers send."""
    cellule = _DUREES.get((methode, route, statut))
    if cellule is None:
        cellule = _DUREES[methode if methode in METHODES else _AUTRE_METHODE, route or AUCUNE_ROUTE, statut]
    cellule(duree_s)


def replier(motif: Repli) -> None:
    """The primary was read instead of the standby."""
    _REPLIS[motif](1)


def prevoir(routes: Iterable[tuple[str, str, int]], issues: Iterable[str], codes: Iterable[str]) -> None:
    """Makes the cells that are known beforehand: they stand at 0 from the start, in every worker."""
    for route in routes:
        _DUREES[route]
    for issue in issues:
        TRACES[issue]
    for code in codes:
        PROBLEMES[code]
    INFO.labels(version("traces-postes")).set(1)
