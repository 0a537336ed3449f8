"""Our service as a contender, through its public contract alone: two commands, the registry, the bilan."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.cadence import Latences
from bench.charge import Mesure
from bench.concurrents import Forme, Temps, charger_http, lancer, verifier_compte, verifier_durable
from bench.corps import Cible
from bench.processus import (
    BIN,
    ConcurrentDefaillantError,
    Enfant,
    arreter_postgresql_oublie,
    executer,
    port_libre,
)
from bench.registre import EDITEUR, PRESERIE, appels

_COMMANDE: str | Path = BIN / "traces-postes"


class Service:
    """The service with an embedded PostgreSQL of its own."""

    def __init__(self, libelle: str, forme: Forme, *, workers: int = 1) -> None:
        self.libelle = libelle
        self._forme = forme
        self._workers = workers
        self._pile = ExitStack()

    def demarrer(self, dossier: Path) -> None:
        self._pile = ExitStack()
        self._pile.callback(arreter_postgresql_oublie, dossier)
        port = port_libre()
        self._reglages = {"TRACES_POSTES_DATA_DIR": str(dossier / "donnees")}
        enfant = Enfant(
            [_COMMANDE, "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(self._workers)],
            ajouts=self._reglages,
            journal=dossier / "journal",
        )
        self._pile.callback(enfant.arreter)
        self.pid = enfant.pid
        enfant.attendre(port, "/sante/pret")
        verifier_durable(dossier)
        cnam = {"Authorization": f"Bearer {self._cle('cnam')}"}
        self._client = self._pile.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=cnam, timeout=30, trust_env=False)
        )
        self._ouvrir_preserie()
        self.cible = Cible(port=port, cle=self._cle("poste", "--editeur", EDITEUR))

    def charger(self, temps: Temps) -> Mesure:
        avant = self._enregistrees()
        mesure = charger_http(self.cible, self._forme, temps)
        verifier_compte("in the bilan", mesure.enregistrees, self._enregistrees() - avant)
        return mesure

    def cadencer(self, debit: float, temps: Temps) -> Latences:
        """Send single traces at a constant rate."""
        avant = self._enregistrees()
        options = {
            "--port": self.cible.port,
            "--debit": debit,
            "--echauffement": temps.echauffement_s,
            "--duree": temps.duree_s,
        }
        latences = Latences(**lancer("bench.cadence", options, {"BENCH_CLE": str(self.cible.cle)}, temps))
        if latences.premier_refus:
            raise ConcurrentDefaillantError(f"a refusal at {debit:.0f}/s: {latences.premier_refus}")
        verifier_compte("acknowledged", latences.envoyees, latences.enregistrees)
        verifier_compte("in the bilan", latences.enregistrees, self._enregistrees() - avant)
        return latences

    def arreter(self) -> None:
        self._pile.close()

    def _cle(self, role: str, *options: str) -> str:
        commande = (_COMMANDE, "cle", "creer", "--role", role, *options)
        return executer(commande, ajouts=self._reglages, delai_s=60).split()[-1]

    def _ouvrir_preserie(self) -> None:
        for appel in appels(datetime.now(UTC).date()):
            reponse = self._client.request(appel.methode, appel.chemin, json=appel.corps)
            if not reponse.is_success:
                raise ConcurrentDefaillantError(f"{appel.methode} {appel.chemin}: {reponse.status_code} {reponse.text}")

    def _enregistrees(self) -> int:
        reponse = self._client.get(f"/bilan/preseries/{PRESERIE}")
        if not reponse.is_success:
            raise ConcurrentDefaillantError(f"bilan: {reponse.status_code} {reponse.text}")
        return int(reponse.json()["traces"]["enregistrees"])
