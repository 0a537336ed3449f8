"""A service with hundreds of préséries: opened, filled through `POST /traces`, brought to rest."""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import asyncpg
import httpx

from app.stockage.embarque import postgres_embarque
from bench.charge import Mesure, lire_reponse
from bench.concurrents import Forme, Temps, charger_http, verifier_compte
from bench.corps import Gabarit, gabarits
from bench.processus import ConcurrentDefaillantError
from bench.registre import EDITEUR, MODULE, PRESERIE, SERIE, Serie, appels
from bench.service import Service

_TAILLE = 1_000
_CONNEXIONS = 8
_EDITEURS = 25
Avancement = Callable[[int], None]

_ANOMALIE = {
    "operation": "consultation",
    "code": "OPT-1",
    "libelle": "Lenteur",
    "origine": "logiciel",
    "bloquante": False,
}
_MOTIF = {"ecartee": True, "motif": "Essai du matin."}
_A_ECARTER = 3


class ServiceLarge(Service):
    """The service with one large présérie, which gets half of the traces, and small ones that share the rest."""

    client: httpx.Client

    def __init__(self, preseries: int, workers: int) -> None:
        super().__init__("croissance", Forme(1, 1), workers=workers)
        # The first éditeur has several logiciels beside the large one: its bilan is a sum.
        petites = (
            Serie(f"{EDITEUR}-{rang % _EDITEURS}", f"{MODULE}-{rang % _EDITEURS}", f"logiciel-{rang}", f"serie-{rang}")
            for rang in range(1, preseries)
        )
        self._series = (SERIE, *petites)
        self.avancer: Avancement = lambda _: None

    def demarrer(self, dossier: Path) -> None:
        dossier.mkdir(parents=True, exist_ok=True)
        super().demarrer(dossier)
        self.dossier = dossier
        self.client = self._client

    def _ouvrir_preserie(self) -> None:
        """All of them; a database that was filled before is left as it is."""
        if self._client.get(f"/preseries/{self._series[-1].preserie}").is_success:
            return
        faits = set()
        for serie in self._series:
            for appel in appels(datetime.now(UTC).date(), serie):
                if appel.chemin not in faits:
                    self.demander(appel.methode, appel.chemin, json=appel.corps)
                    faits.add(appel.chemin)
            self.avancer(1)

    def demander(self, methode: str, chemin: str, **options: object) -> httpx.Response:
        reponse = self._client.request(methode, chemin, **options)  # type: ignore[arg-type]
        if not reponse.is_success:
            raise ConcurrentDefaillantError(f"{methode} {chemin}: {reponse.status_code} {reponse.text}")
        return reponse

    def particulariser(self) -> None:
        """Sets some executions aside, and declares an anomaly: lists that would be empty otherwise."""
        if not self.demander("GET", f"/executions?preserie={PRESERIE}&ecartee=true&limite=1").json()["elements"]:
            page = self.demander("GET", f"/executions?preserie={PRESERIE}&limite={_A_ECARTER}").json()
            for execution in page["elements"]:
                self.demander("PATCH", f"/executions/{execution['id']}", json=_MOTIF)
            self.demander("POST", f"/preseries/{PRESERIE}/anomalies", json=_ANOMALIE)

    def remplir(self, nombre: int) -> None:
        """Sends so many traces in arrays of 1,000 (fewer where there are fewer), half of them to the large one."""
        asyncio.run(self._remplir(nombre))

    async def _remplir(self, nombre: int) -> None:
        taille = min(_TAILLE, max(1, nombre // (2 * len(self._series))))
        modeles = self._modeles(taille)
        sans_fin = (modele.requete(numero) for numero, modele in enumerate(itertools.cycle(modeles), 1))
        requetes = itertools.islice(sans_fin, round(nombre / taille))
        await asyncio.gather(*(self._envoyer(requetes, taille) for _ in range(_CONNEXIONS)))

    def _modeles(self, taille: int) -> Sequence[Gabarit]:
        # The Cnam's key: the préséries are of several éditeurs.
        cible = replace(self.cible, cle=self._client.headers["Authorization"].removeprefix("Bearer "))
        grands = gabarits(cible, taille=taille, nombre=16, graine=self._graine())
        petits = (
            gabarits(cible, taille=taille, nombre=1, graine=self._graine(), logiciel=serie.logiciel)[0]
            for serie in self._series[1:]
        )
        return [modele for couple in zip(itertools.cycle(grands), petits, strict=False) for modele in couple]

    def _graine(self) -> int:
        return next(_GRAINES)

    async def _envoyer(self, requetes: Iterator[bytes], taille: int) -> None:
        lecture, ecriture = await asyncio.open_connection("127.0.0.1", self.cible.port)
        try:
            for requete in requetes:
                while (reponse := await _demander(lecture, ecriture, requete))[0] == HTTPStatus.SERVICE_UNAVAILABLE:  # noqa: ASYNC110
                    await asyncio.sleep(1)  # as ``Retry-After`` says: arrays of 1,000 are much at once
                if reponse[0] not in (200, 201) or f'"enregistrees":{taille},'.encode() not in reponse[1]:
                    raise ConcurrentDefaillantError(f"{reponse[0]} {reponse[1][:600]!r}")
                self.avancer(taille)
        finally:
            ecriture.close()

    def mesurer_l_ecriture(self, forme: Forme, temps: Temps) -> Mesure:
        """The rate of traces for the large présérie; what was acknowledged must be in its bilan."""
        avant = self._enregistrees()
        mesure = charger_http(self.cible, forme, temps)
        verifier_compte("in the bilan", mesure.enregistrees, self._enregistrees() - avant)
        return mesure

    def reposer(self) -> None:
        """Vacuum, statistics, checkpoint: a measure does not pay for what the load before it left to do."""
        asyncio.run(self._sql("VACUUM (ANALYZE)", "CHECKPOINT"))

    def compter(self) -> dict[str, int]:
        """Rows and bytes of the tables that the figures depend on."""
        return asyncio.run(self._compter())

    async def _sql(self, *ordres: str) -> None:
        with postgres_embarque(self.dossier / "donnees") as serveur:
            connexion = await asyncpg.connect(serveur.url())
            try:
                for ordre in ordres:
                    await connexion.execute(ordre)
            finally:
                await connexion.close()

    async def _compter(self) -> dict[str, int]:
        with postgres_embarque(self.dossier / "donnees") as serveur:
            connexion = await asyncpg.connect(serveur.url())
            try:
                return {nom: int(valeur) for ligne in await connexion.fetch(_COMPTES) for nom, valeur in ligne.items()}
            finally:
                await connexion.close()


async def _demander(lecture: asyncio.StreamReader, ecriture: asyncio.StreamWriter, requete: bytes) -> tuple[int, bytes]:
    ecriture.write(requete)
    tampon = b""
    while (reponse := lire_reponse(tampon)) is None:
        tampon += await lecture.read(65_536)
    return reponse


_GRAINES = itertools.count(secrets.randbits(48))  # none of an earlier run: its traces may still be there
_COMPTES = """
SELECT (SELECT coalesce(sum(nombre), 0) FROM compteur_trace WHERE issue = 'enregistree')::int8 AS traces,
       (SELECT count(*) FROM compteur_execution) AS cellules,
       pg_database_size(current_database()) AS octets,
       pg_total_relation_size('trace') AS octets_trace,
       pg_total_relation_size('execution') AS octets_execution
"""
