"""``python -m tests.pannes.poste URL CARNET HORLOGE``: workstations with the reference client, in a process apart.

They send until SIGTERM, then deliver what they still hold. The carnet is written before a lot leaves and after it was
acknowledged. HORLOGE is a file that says by how many days the clock of these workstations is off.
"""

import asyncio
import json
import os
import random
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from app.poste import ClientPoste, Reglages, ServiceInjoignable, Trace
from tests.outils import PILOTES, Corps, echec, trace

POSTES = 6
_REGLAGES = Reglages(patience_s=2, delai_reponse_s=10, base_s=0.1, plafond_s=0.5)
_LOT_MAX = 20


class _Poste:
    def __init__(self, nom: str, url: str, carnet: Path, horloge: Path) -> None:
        self._nom = nom
        self._url = url
        self._carnet = carnet
        self._horloge = horloge
        self._a_reprendre: list[Corps] = []
        self._acquittee: Corps | None = None

    async def envoyer(self, arret: asyncio.Event) -> None:
        """Whoever was not answered for keeps all, and tries again."""
        async with httpx.AsyncClient(event_hooks={"response": [self._voir]}) as http:
            client = ClientPoste(self._url, os.environ["TRACES_POSTES_CLE"], reglages=_REGLAGES, http=http)
            while not arret.is_set():
                lot = self._faire()
                self._noter(emises=[une["id"] for une in lot])
                await self._livrer(client, lot)
                self._acquittee = random.choice(lot)
                await asyncio.sleep(random.uniform(0, 0.2))

    async def _livrer(self, client: ClientPoste, lot: list[Corps]) -> None:
        """One lot is one request: it is acknowledged whole."""
        reste: tuple[Trace, ...] = tuple(lot)
        reprises = 0
        while True:
            try:
                resultat = await client.envoyer(reste)
            except ServiceInjoignable as interruption:
                reste = interruption.non_acquittees
                reprises += 1 + interruption.resultat.reprises
            else:
                assert resultat.enregistrees + resultat.doublons == len(lot), resultat.rejets
                self._noter(acquittees=[une["id"] for une in lot], reprises=reprises + resultat.reprises)
                return

    def _faire(self) -> list[Corps]:
        """New executions, failed ones, their later success, and now and then a trace that was acknowledged before."""
        decalage = timedelta(days=float(self._horloge.read_text()))
        lot = []
        for _ in range(random.randint(1, _LOT_MAX)):
            base = {
                "emise_le": (datetime.now(UTC) + decalage).isoformat(),
                "numero_am": random.choice(PILOTES),
                "poste": self._nom,
            }
            sorte = random.random()
            if sorte < 0.2:
                echouee = echec(**base)
                self._a_reprendre.append(echouee)
                lot.append(echouee)
            elif sorte < 0.4 and self._a_reprendre:
                reprise = self._a_reprendre.pop()
                memes = {champ: reprise[champ] for champ in ("ordonnance", "numero_am")}
                lot.append(trace(**(base | memes)))
            elif sorte < 0.42 and self._acquittee is not None:
                lot.append(self._acquittee)
                self._acquittee = None
            else:
                lot.append(trace(**base))
        return lot

    async def _voir(self, reponse: httpx.Response) -> None:
        if reponse.status_code != 200:
            self._noter(statut=reponse.status_code, retry_after=reponse.headers.get("Retry-After"))

    def _noter(self, **dit: object) -> None:
        with self._carnet.open("a") as flux:
            flux.write(json.dumps({"poste": self._nom} | dit) + "\n")


async def _principal(url: str, carnet: Path, horloge: Path) -> None:
    arret = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, arret.set)
    async with asyncio.TaskGroup() as groupe:
        for rang in range(POSTES):
            groupe.create_task(_Poste(f"poste-{rang}", url, carnet, horloge).envoyer(arret))


if __name__ == "__main__":
    asyncio.run(_principal(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
