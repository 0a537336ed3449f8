"""The textbook endpoint as a contender: one uvicorn worker, a PostgreSQL set like the service's."""

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path

import asyncpg

from app.stockage.embarque import postgres_embarque
from bench.charge import Mesure
from bench.concurrents import Forme, Temps, charger_http, verifier_compte, verifier_durable
from bench.corps import Cible
from bench.processus import Enfant, port_libre


class Manuel:
    """The textbook endpoint of `manuel.py`, one uvicorn worker."""

    libelle = "manuel (FastAPI + ORM)"

    def __init__(self, connexions: int = 64) -> None:
        self._forme = Forme(1, connexions)
        self._pile = ExitStack()

    def demarrer(self, dossier: Path) -> None:
        self._pile = ExitStack()
        self._url = self._pile.enter_context(postgres_embarque(dossier / "donnees")).url()
        verifier_durable(dossier)
        self._cible = Cible(port=port_libre())
        enfant = Enfant(
            [
                *(sys.executable, "-m", "uvicorn", "bench.manuel:creer_application", "--factory"),
                *("--host", self._cible.hote, "--port", str(self._cible.port)),
                *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"),
            ],
            ajouts={"BENCH_DATABASE_URL": self._url.replace("postgresql:", "postgresql+asyncpg:", 1)},
            journal=dossier / "journal",
        )
        self._pile.callback(enfant.arreter)
        self.pid = enfant.pid
        enfant.attendre(self._cible.port, "/sante/pret")

    def charger(self, temps: Temps) -> Mesure:
        mesure = charger_http(self._cible, self._forme, temps)
        verifier_compte("stored", mesure.enregistrees, asyncio.run(self._lignes()))
        return mesure

    async def _lignes(self) -> int:
        connexion = await asyncpg.connect(self._url)
        try:
            return int(await connexion.fetchval("SELECT count(*) FROM traces"))
        finally:
            await connexion.close()

    def arreter(self) -> None:
        self._pile.close()
