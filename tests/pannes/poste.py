"""``python -m tests.pannes.poste URL CARNET HORLOGE N°AM…``: workstations with the reference client, a process apart.

Each keeps what it does in a spool and sends it meanwhile; after SIGTERM it delivers what it still holds. The carnet is
written before a trace goes to the spool, and after; spools and carnet are there again for who takes over from one that
was killed. HORLOGE is a file that says by how many days the clock of these workstations is off.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from app.poste import ClientPoste, Reglages, ServiceInjoignable, Spool, vider

POSTES = 6
SPOOL_MAX = int(os.environ.get("PANNES_SPOOL_MAX", "300"))
"""Traces; 300 are about three seconds of work."""
_REGLAGES = Reglages(taille_lot=50, patience_s=2, delai_reponse_s=10, base_s=0.1, plafond_s=0.5)
_LOT_MAX = 20
_PAUSE_S = 0.05
_ERREUR = {"code": "TLS-0042", "origine": "teleservice"}


class _Poste:
    def __init__(self, nom: str, url: str, carnet: Path, horloge: Path, pilotes: list[str]) -> None:
        self._nom = nom
        self._url = url
        self._carnet = carnet
        self._horloge = horloge
        self._pilotes = pilotes
        self._spool = Spool(carnet.with_name(f"{nom}.spool"), traces_max=SPOOL_MAX)
        self._gardees: dict[int, str] = {}
        self._a_reprendre: list[dict[str, Any]] = []

    async def travailler(self, arret: asyncio.Event) -> None:
        self._gardees = {une.position: json.loads(une.corps)["id"] for une in self._spool.lire(SPOOL_MAX)}
        production = asyncio.create_task(self._produire(arret))
        async with httpx.AsyncClient(event_hooks={"response": [self._voir]}) as http:
            client = ClientPoste(self._url, os.environ["TRACES_POSTES_CLE"], reglages=_REGLAGES, http=http)
            while not production.done() or self._gardees:
                await self._envoyer(client)
                await asyncio.sleep(_PAUSE_S)
        await production
        assert self._spool.etat().rejetees == 0, self._spool.refus()

    async def _produire(self, arret: asyncio.Event) -> None:
        while not arret.is_set():
            lot = self._faire()
            self._noter(emises=[une["id"] for une in lot])
            rangees = await asyncio.to_thread(self._spool.deposer_tout, lot)
            gardees = {rang: une["id"] for rang, une in zip(rangees, lot, strict=True) if rang is not None}
            perdues = [une["id"] for rang, une in zip(rangees, lot, strict=True) if rang is None]
            self._gardees |= gardees
            self._noter(gardees=list(gardees.values()), perdues=perdues)
            await asyncio.sleep(random.uniform(0, 0.25))

    async def _envoyer(self, client: ClientPoste) -> None:
        """What left the spool was answered for."""
        connues = list(self._gardees)
        try:
            reprises = (await vider(client, self._spool)).reprises
        except ServiceInjoignable as interruption:
            reprises = 1 + interruption.resultat.reprises
        attendent = {une.position for une in self._spool.lire(SPOOL_MAX)}
        acquittees = [self._gardees.pop(rang) for rang in connues if rang not in attendent]
        if acquittees or reprises:
            self._noter(acquittees=acquittees, reprises=reprises)

    def _faire(self) -> list[dict[str, Any]]:
        """New executions, failed ones, and their later success."""
        emise_le = datetime.now(UTC) + timedelta(days=float(self._horloge.read_text()))
        lot = []
        for _ in range(random.randint(1, _LOT_MAX)):
            trace: dict[str, Any] = {
                "id": str(uuid4()),
                "emise_le": emise_le.isoformat(),
                "numero_am": random.choice(self._pilotes),
                "poste": self._nom,
                "logiciel": "ortho-plus",
                "version": "4.2.1",
                "operation": "execution",
                "ordonnance": f"ORD{random.getrandbits(40)}",
                "type_prescription": "dispositifs_medicaux",
                "resultat": "succes",
                "scor_envoye": random.choice((True, False, None)),
            }
            sorte = random.random()
            if sorte < 0.2:
                trace |= {"resultat": "echec", "erreur": _ERREUR}
                self._a_reprendre.append(trace)
            elif sorte < 0.4 and self._a_reprendre:
                echouee = self._a_reprendre.pop()
                trace |= {champ: echouee[champ] for champ in ("ordonnance", "numero_am")}
            lot.append(trace)
        return lot

    async def _voir(self, reponse: httpx.Response) -> None:
        if reponse.status_code == 200 and reponse.request.method == "POST":
            self._noter(repondu=time.monotonic())
        elif reponse.status_code != 200:
            self._noter(statut=reponse.status_code, retry_after=reponse.headers.get("Retry-After"))

    def _noter(self, **dit: object) -> None:
        with self._carnet.open("a") as flux:
            flux.write(json.dumps({"poste": self._nom} | dit) + "\n")


async def _principal(url: str, carnet: Path, horloge: Path, *pilotes: str) -> None:
    with carnet.open("a") as flux:
        flux.write("\n")  # whoever was killed may have left half a line
    arret = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, arret.set)
    async with asyncio.TaskGroup() as groupe:
        for rang in range(POSTES):
            groupe.create_task(_Poste(f"poste-{rang}", url, carnet, horloge, list(pilotes)).travailler(arret))


if __name__ == "__main__":
    asyncio.run(_principal(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:]))
