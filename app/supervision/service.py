"""Use case: one scrape. It never fails, and never waits over a second, whatever becomes of the database."""

import asyncio
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app.observabilite import mesures
from app.observabilite.partage import mesures_du_service
from app.observabilite.telemetrie import etape
from app.stockage.dependances import Places
from app.stockage.lectures import age_de
from app.stockage.reserves import Reserves
from app.supervision.familles import familles
from app.supervision.gardees import Gardees
from app.supervision.lecture import ATTENTE_S, Lecture, Lue
from app.traces.ecriture import Ecrivain

_PERIODE_S = 0.5
_FIN = b"# EOF\n"
_MEDIA_CONNU = re.compile(
    r"(application/openmetrics-text|text/plain)"
    r"(;(version=(0\.0\.[14]|1\.0\.0)|escaping=(allow-utf-8|underscores|dots|values)|charset=utf-8|q=[0-9.]+))*"
)


class Supervision:
    """The gauges of this worker, and the answer to a scrape."""

    def __init__(self, reserves: Reserves, ecrivain: Ecrivain, relectures: Places) -> None:
        self._reserves = reserves
        self._ecrivain = ecrivain
        self._relectures = relectures
        self._gardees = Gardees()
        self.lecture = Lecture(self._lire)

    async def tourner(self) -> None:
        """Keeps this worker's gauges up to date for scrapes that another one answers, until cancelled."""
        try:
            while True:
                self._relever()
                await asyncio.sleep(_PERIODE_S)
        finally:
            await self.lecture.fermer()

    async def exposer(self, accept: str, limite: float) -> tuple[bytes, str]:
        """The text of a scrape and its media type; waits for the database until ``limite`` of the loop's clock."""
        lue = await self.lecture.demander(min(ATTENTE_S, limite - asyncio.get_running_loop().time()))
        self._relever()
        return await asyncio.to_thread(_rediger, accept, lue)

    def _relever(self) -> None:
        mesures.ATTENTE.set(self._ecrivain.en_attente)
        mesures.ATTENTE_MAX.set(self._ecrivain.file_max)
        for nom, reserve in self._reserves.par_nom.items():
            mesures.CONNEXIONS.labels(nom).set(reserve.connexions_prises)
            mesures.CONNEXIONS_MAX.labels(nom).set(reserve.pool_taille)
        mesures.RELECTURES_ATTENTE.set(self._relectures.en_attente)
        mesures.OUVRIERS.set(1)

    async def _lire(self) -> "tuple[_Tirage, float]":
        with etape("lecture pour les mesures"):
            async with self._reserves.lectures.lecture() as session:
                jugees = await self._gardees.relire(session)
                age_s = age_de(session)
            tirage = _Tirage(await asyncio.to_thread(familles, jugees, datetime.now(UTC)), age_s)
        return tirage, age_s or 0.0


class _Reunion(Collector):
    """Families as what an encoder takes."""

    def __init__(self, familles: Iterable[Metric]) -> None:
        self._familles = familles

    def collect(self) -> Iterable[Metric]:
        return self._familles


Encodeur: TypeAlias = Callable[[Collector], bytes]


@dataclass(frozen=True, slots=True)
class _Tirage:
    """What one reading gave, and its text: with many préséries writing it out takes longer than reading it."""

    familles: Sequence[Metric]
    age_secondaire_s: float | None
    _textes: dict[str, bytes] = field(default_factory=dict)

    def texte(self, encoder: Encodeur, media: str) -> bytes:
        if media not in self._textes:
            self._textes[media] = encoder(_Reunion(self.familles)).removesuffix(_FIN)
        return self._textes[media]


def _rediger(accept: str, lue: Lue[_Tirage]) -> tuple[bytes, str]:
    encoder, media = negocier(accept)
    metier = lue.valeur.texte(encoder, media) if lue.valeur is not None else b""
    return metier + encoder(_Reunion([*_etat_de_la_lecture(lue), *mesures_du_service().collect()])), media


def negocier(accept: str) -> tuple[Encodeur, str]:
    """The library's own negotiation, of the media types that it knows: it fails on versions that are no numbers."""
    connus = [media for media in accept.lower().replace(" ", "").split(",") if _MEDIA_CONNU.fullmatch(media)]
    return choose_encoder(",".join(connus))


def _etat_de_la_lecture(lue: Lue[_Tirage]) -> list[Metric]:
    secondaire_s = lue.valeur.age_secondaire_s if lue.valeur is not None else None
    return [
        GaugeMetricFamily(
            "traces_postes_lecture_metier_reussie",
            "1 si les mesures des préséries sont là, lues depuis 5 s au plus ; 0 si la base n'a pas répondu à temps.",
            value=float(lue.valeur is not None),
        ),
        GaugeMetricFamily(
            "traces_postes_lecture_metier_age_seconds",
            "Âge de la dernière lecture des préséries ; au-delà de 5 s, elles ne sont plus montrées.",
            value=lue.age_s,
        ),
        GaugeMetricFamily(
            "traces_postes_lecture_secondaire_age_seconds",
            "Âge de ce que la base secondaire montrait à cette lecture ; NaN quand la principale a été lue.",
            value=math.nan if secondaire_s is None else secondaire_s,
        ),
    ]
