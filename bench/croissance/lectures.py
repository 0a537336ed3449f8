"""The reads that are timed, one request at a time, and how often."""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.bilan.identifiants import CleExecution, lire_identifiant
from bench.croissance.base import ServiceLarge
from bench.registre import EDITEUR, PILOTES, PRESERIE

_ECHAUFFEMENT = 3
_REPETITIONS = 20
_REPETITIONS_MIN = 3
_CONFRONTATIONS = 60
_BUDGET_S = 20.0
_FRAICHEUR_S = 1.05
"""A scrape shows what another one read within the last second: this long after it, one reads anew."""


@dataclass(frozen=True)
class Lecture:
    libelle: str
    chemin: str
    pause_s: float = 0.0
    objectif: float | None = None
    """How many times the time at the smallest size it may take."""


@dataclass(frozen=True)
class Duree:
    """What an answer other than 2xx took is no figure: ``refus`` has its status."""

    mediane_ms: float
    min_ms: float
    max_ms: float
    repetitions: int
    refus: int | None = None


def lectures(service: ServiceLarge) -> list[Lecture]:
    bilan, executions = f"/bilan/preseries/{PRESERIE}", f"/executions?preserie={PRESERIE}&limite=100"
    return [
        Lecture("bilan", bilan, objectif=1.3),
        Lecture("bilan d'une petite", "/bilan/preseries/serie-1", objectif=1.3),
        Lecture("bilan de l'éditeur", f"/bilan/editeurs/{EDITEUR}-1"),
        Lecture("ventilation par jour", f"{bilan}/ventilation?par=jour"),
        Lecture("bilans, 100", "/bilan?limite=100"),
        Lecture("/metrics, relues", "/metrics", _FRAICHEUR_S, objectif=1.3),
        Lecture("/metrics, gardées", "/metrics"),
        Lecture("anomalies", f"/preseries/{PRESERIE}/anomalies"),
        Lecture("executions, début", executions),
        Lecture("executions, fin", f"{executions}&apres={_vers_la_fin(service)}"),
        Lecture("executions, écartées", f"{executions}&ecartee=true"),
        Lecture("executions, échouées", f"{executions}&enregistree=false"),
        Lecture("executions, un jour et un pilote", f"{executions}&jour={_un_jour(service)}&pilote={PILOTES[2]}"),
        Lecture("executions, version rare", f"{executions}&version=4.1.9"),
        Lecture("executions, version absente", f"{executions}&version=9.9.9"),
        Lecture("traces, début", f"/traces?preserie={PRESERIE}&limite=100"),
        Lecture("tentatives, échouées", f"/tentatives?preserie={PRESERIE}&enregistree=false&limite=100"),
        Lecture("postes", f"/preseries/{PRESERIE}/postes"),
        Lecture("postes d'une petite", "/preseries/serie-1/postes"),
    ]


def _vers_la_fin(service: ServiceLarge) -> str:
    """A cursor after which about a page is left: pseudonyms are spread evenly."""
    total = service.demander("GET", f"/bilan/preseries/{PRESERIE}").json()["executions"]["total"]
    derniers = service.demander("GET", f"/executions?preserie={PRESERIE}&pilote={PILOTES[-1]}&limite=1").json()
    cle = lire_identifiant(derniers["elements"][0]["id"])
    assert cle is not None
    largeur = len(cle.pseudonyme)
    place = max(0, 256**largeur - 1 - 256**largeur * 100 * len(PILOTES) // total)
    return str(CleExecution(cle.pilote_id, place.to_bytes(largeur), 1))


def _un_jour(service: ServiceLarge) -> str:
    lignes = service.demander("GET", f"/bilan/preseries/{PRESERIE}/ventilation?par=jour").json()["lignes"]
    return str(lignes[len(lignes) // 2]["cle"])


def mesurer(service: ServiceLarge, annoncer: Callable[[str], None]) -> Mapping[str, Duree]:
    mesures = {}
    for lecture in lectures(service):
        mesures[lecture.libelle] = duree = _une(service, lecture)
        annoncer(f"{lecture.libelle} : {duree.mediane_ms:.1f} ms" + (f" ({duree.refus})" if duree.refus else ""))
    return mesures


def confronter(
    petite: ServiceLarge, grande: ServiceLarge, annoncer: Callable[[str], None]
) -> Mapping[str, tuple[Duree, Duree]]:
    """The reads that have a target, in turn on a database of the smallest size and on the one at hand."""
    mesures = {}
    for lecture in (une for une in lectures(grande) if une.objectif is not None):
        durees: tuple[list[float], list[float]] = [], []
        for _ in range(_ECHAUFFEMENT + _CONFRONTATIONS):
            time.sleep(lecture.pause_s)
            for service, siennes in zip((petite, grande), durees, strict=True):
                depart = time.perf_counter()
                service.demander("GET", lecture.chemin)
                siennes.append((time.perf_counter() - depart) * 1000)
        mesures[lecture.libelle] = une, autre = _resumer(durees[0]), _resumer(durees[1])
        rapport = autre.mediane_ms / une.mediane_ms
        annoncer(f"{lecture.libelle} : {une.mediane_ms:.1f} et {autre.mediane_ms:.1f} ms, tour à tour ({rapport:.2f})")
    return mesures


def _resumer(durees: Sequence[float]) -> Duree:
    comptees = durees[_ECHAUFFEMENT:]
    return Duree(statistics.median(comptees), min(comptees), max(comptees), len(comptees))


def _une(service: ServiceLarge, lecture: Lecture) -> Duree:
    """Median of 20, after 3 that do not count; fewer where 20 would take too long."""
    durees: list[float] = []
    debut = time.perf_counter()
    for rang in range(_ECHAUFFEMENT + _REPETITIONS):
        time.sleep(lecture.pause_s)
        depart = time.perf_counter()
        reponse = service.client.get(lecture.chemin)
        duree = time.perf_counter() - depart
        if not reponse.is_success:
            return Duree(math.nan, math.nan, math.nan, 0, reponse.status_code)
        if rang >= _ECHAUFFEMENT or duree > 1:
            durees.append(duree * 1000)
        if len(durees) >= _REPETITIONS_MIN and time.perf_counter() - debut > _BUDGET_S + _REPETITIONS * lecture.pause_s:
            break
    return Duree(statistics.median(durees), min(durees), max(durees), len(durees))
