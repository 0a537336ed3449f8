"""What is broken: a PostgreSQL that lives apart from the service, the service with two workers, and its clients."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.acces import depot
from app.acces.roles import Acces, Role
from app.stockage.base import Base
from app.stockage.embarque import PostgresEmbarque
from app.stockage.grappe import Grappe
from app.stockage.ouverture import preparer
from app.stockage.secrets_locaux import en_texte
from tests.conftest import CLE_MAITRESSE, CLE_SIGNATURE
from tests.outils import PILOTES, registre_exemple
from tests.pannes.carnet import Carnet
from tests.pannes.disque import monter
from tests.pannes.passage import Passage, passage
from tests.pannes.sonde import Sonde, sonde
from tests.processus.lancement import (
    Serveur,
    attendre,
    environnement,
    pid_de_postgres,
    port_libre,
    serveur,
    vivant,
)

_POSTGRES = {"max_connections": "50"}
_A_L_ETROIT = {"min_wal_size": "32MB", "max_wal_size": "48MB"}
_DISQUES_MIO = {"pg_wal": 112, "base": 160}
_REMISE_MAX_S = 60
_DELAIS = {"ecriture_delai_s": "3"}


@dataclass
class Terrain:
    dossier: Path
    grappe: Grappe
    reglages: Mapping[str, str]
    passage: Passage
    port: int
    horloge_des_postes: Path
    horloge_du_service: Path
    serveur: Serveur = field(init=False)
    sonde: Sonde = field(init=False)
    carnet: Carnet = field(init=False)
    cle_des_postes: str = field(init=False)
    _clients: subprocess.Popen[bytes] | None = None
    _service: ExitStack = field(default_factory=ExitStack)

    @property
    def url_du_proprietaire(self) -> str:
        return self._postgres().url()

    @property
    def url_du_service(self) -> str:
        return self._postgres().url(utilisateur="traces_postes_service")

    def _postgres(self) -> PostgresEmbarque:
        return PostgresEmbarque(self.dossier, self.grappe.socket_en_service(), self.grappe.journal)

    @property
    def postmaster(self) -> int:
        pid = pid_de_postgres(self.dossier)
        assert pid is not None
        return pid

    def lancer_service(self, ajouts: Mapping[str, str]) -> None:
        self._service = ExitStack()
        self.serveur = self._service.enter_context(
            serveur(self.dossier, self.port, reglages=self.reglages, ajouts=ajouts)
        )

    def relancer_service(self) -> None:
        """As a service manager does at once, whatever is left of the one before."""
        self._service.close()
        self.lancer_service({})

    def arreter_service(self) -> None:
        self._service.close()

    def ouvrir_un_carnet(self) -> None:
        """For clients with spools of their own."""
        self.carnet = Carnet(Path(tempfile.mkdtemp(prefix="clients-", dir=self.dossier.parent)) / "carnet.ndjson")
        self.carnet.fichier.touch()
        self._journal_des_clients.touch()

    @property
    def _journal_des_clients(self) -> Path:
        return self.carnet.fichier.with_suffix(".log")

    def lancer_clients(self) -> None:
        """On the carnet, and the spools of those before if there were any."""
        adresse = f"http://127.0.0.1:{self.passage.port}"
        arguments = (adresse, str(self.carnet.fichier), str(self.horloge_des_postes), *PILOTES)
        with self._journal_des_clients.open("ab") as sortie:
            self._clients = subprocess.Popen(
                [sys.executable, "-m", "tests.pannes.poste", *arguments],
                env=environnement(cle=self.cle_des_postes),
                stdout=sortie,
                stderr=sortie,
            )

    def tuer_les_clients(self) -> None:
        if self._clients is not None:
            self._clients.kill()
            self._clients.wait()
            self._clients = None

    def finir_les_clients(self) -> None:
        """Has the clients deliver what they hold, and end."""
        assert self._clients is not None
        self._clients.terminate()
        fin = self._clients.wait(_REMISE_MAX_S)
        self._clients = None
        assert fin == 0, "les clients ont échoué"

    def dires_des_clients(self) -> str:
        return self._journal_des_clients.read_text()[-2000:]

    def creer_cle(self, acces: Acces) -> str:
        """As ``traces-postes cle creer`` does, without the start of a process."""

        async def creer() -> str:
            base = Base(self.url_du_service, pool_taille=2, delai_s=10)
            try:
                async with base.ecriture() as session:
                    return (await depot.creer(session, acces, None))[0]
            finally:
                await base.fermer()

        return asyncio.run(creer())


@contextmanager
def terrain(
    dossier: Path, *, embarque: bool = False, a_l_etroit: bool = False, faketime: Path | None = None
) -> Iterator[Terrain]:
    """``a_l_etroit``: the database on small file systems. ``faketime``: the service under a clock that can be set."""
    donnees = dossier / "donnees"
    donnees.mkdir()
    grappe = Grappe.de(donnees, _POSTGRES | (_A_L_ETROIT if a_l_etroit else {}))
    with ExitStack() as pile:
        reglages = _DELAIS | ({} if embarque else pile.enter_context(_postgres_a_part(grappe, a_l_etroit=a_l_etroit)))
        port = port_libre()
        horloge_des_postes, horloge_du_service = dossier / "horloge-des-postes", dossier / "horloge-du-service"
        horloge_des_postes.write_text("0")
        horloge_du_service.write_text("+0d")
        pile.callback(_achever, grappe)
        lui = Terrain(
            donnees, grappe, reglages, pile.enter_context(passage(port)), port, horloge_des_postes, horloge_du_service
        )
        pile.callback(lui.arreter_service)
        lui.lancer_service({} if faketime is None else _sous_faketime(faketime, horloge_du_service))
        pile.callback(lui.tuer_les_clients)
        lui.serveur.inscrire(lui.creer_cle(Acces(0, Role.CNAM)), registre_exemple())
        lui.cle_des_postes = lui.creer_cle(Acces(0, Role.POSTE, "ortho-soft"))
        lui.sonde = pile.enter_context(sonde(port))
        yield lui


@contextmanager
def _postgres_a_part(grappe: Grappe, *, a_l_etroit: bool) -> Iterator[dict[str, str]]:
    """Gives the settings of a service that uses it."""
    grappe.initialiser()
    grappe.demarrer()
    with ExitStack() as pile:
        pile.callback(_achever, grappe)
        url = preparer(PostgresEmbarque(grappe.dossier, grappe.socket_en_service(), grappe.journal))
        if a_l_etroit:
            grappe.arreter()
            demontages = pile.enter_context(ExitStack())
            for nom, mio in _DISQUES_MIO.items():
                demontages.enter_context(monter(grappe.chemin / nom, mio))
            pile.callback(_achever, grappe)
            grappe.demarrer()
        yield {
            "database_url": url,
            "cle_maitresse": en_texte(CLE_MAITRESSE),
            "cle_signature": en_texte(CLE_SIGNATURE),
        }


def _sous_faketime(bibliotheque: Path, horloge: Path) -> dict[str, str]:
    """The wall clock alone jumps: a monotonic one does not, by definition."""
    return {
        "LD_PRELOAD": str(bibliotheque),
        "FAKETIME_TIMESTAMP_FILE": str(horloge),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


def _achever(grappe: Grappe) -> None:
    """Whatever a fault left it in, nothing of it runs on."""
    pid = pid_de_postgres(grappe.dossier)
    if pid is None or not vivant(pid):
        return
    for signe in (signal.SIGCONT, signal.SIGQUIT):
        with suppress(ProcessLookupError):
            os.kill(pid, signe)
    attendre(lambda: not vivant(pid))
