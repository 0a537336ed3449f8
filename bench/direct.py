"""The contenders without HTTP: the bare statement, bare COPY, validation alone, on the service's own schema."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import asyncpg

from app.stockage.embarque import postgres_embarque
from app.stockage.tables import ROLE_SERVICE
from bench.charge import Mesure
from bench.concurrents import Forme, Temps, lancer, verifier_compte
from bench.service import Service

_PREPARER = f"""
CREATE TABLE copie (LIKE trace INCLUDING DEFAULTS INCLUDING INDEXES);
GRANT INSERT, SELECT ON copie TO {ROLE_SERVICE}
"""
_COMPTES = {
    "instruction": (
        "SELECT count(*) FROM trace",
        "SELECT sum(nombre)::int8 FROM compteur_trace WHERE issue = 'enregistree'",
    ),
    "copie": ("SELECT count(*) FROM copie",),
}


class Direct:
    """The service opens its présérie, and leaves its PostgreSQL to `charge_directe.py`."""

    pid = None

    def __init__(self, libelle: str, genre: str, taille: int) -> None:
        self.libelle = libelle
        self._genre = genre
        self._taille = taille
        self._pile = ExitStack()

    def demarrer(self, dossier: Path) -> None:
        self._pile = ExitStack()
        service = Service(self.libelle, Forme(1, 1))
        self._donnees = dossier / "donnees"
        try:
            service.demarrer(dossier)
            self._url = self._pile.enter_context(postgres_embarque(self._donnees)).url()
        finally:
            service.arreter()
        asyncio.run(self._executer(_PREPARER))

    def charger(self, temps: Temps) -> Mesure:
        options = {
            "--genre": self._genre,
            "--taille": self._taille,
            "--echauffement": temps.echauffement_s,
            "--duree": temps.duree_s,
        }
        ajouts = {"BENCH_DATABASE_URL": self._url, "TRACES_POSTES_DATA_DIR": str(self._donnees)}
        mesure = Mesure(**lancer("bench.charge_directe", options, ajouts, temps))
        for requete in _COMPTES.get(self._genre, ()):
            verifier_compte("in the database", mesure.enregistrees, asyncio.run(self._compter(requete)))
        return mesure

    def arreter(self) -> None:
        self._pile.close()

    async def _executer(self, requete: str) -> None:
        connexion = await asyncpg.connect(self._url)
        try:
            await connexion.execute(requete)
        finally:
            await connexion.close()

    async def _compter(self, requete: str) -> int:
        connexion = await asyncpg.connect(self._url)
        try:
            return int(await connexion.fetchval(requete))
        finally:
            await connexion.close()
