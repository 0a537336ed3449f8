"""Clients that never try again: whatever they meet is kept."""

import gzip
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.outils import PILOTES, PRESERIE, Corps, trace

PAUSE_S = 0.04
_LECTURES = (
    f"/bilan/preseries/{PRESERIE}",
    f"/preseries/{PRESERIE}/pilotes",
    f"/executions?preserie={PRESERIE}&limite=5",
    f"/traces/consigne?logiciel=ortho-plus&numero_am={PILOTES[0]}",
    "/sante/pret",
)


@dataclass
class Releve:
    """What all clients saw: the ids that were acknowledged, statuses, and what failed."""

    acquittees: list[str] = field(default_factory=list)
    statuts: Counter[str] = field(default_factory=Counter)
    echecs: list[str] = field(default_factory=list)

    def noter(self, quoi: str, reponse: httpx.Response) -> bool:
        self.statuts[f"{quoi} {reponse.status_code}"] += 1
        if not reponse.is_success:
            self.echecs.append(f"{quoi} {reponse.status_code} {reponse.text[:300]}")
        return reponse.is_success


@contextmanager
def clients(ouvrir: Callable[[], httpx.Client], *, postes: int = 4, lecteurs: int = 2) -> Iterator[Releve]:
    """Sends and reads all the while, over connections that are kept."""
    releve, fin = Releve(), threading.Event()
    gestes = [_poster] * postes + [_lire] * lecteurs
    fils = [
        threading.Thread(target=_repeter, args=(geste, ouvrir, releve, fin, graine))
        for graine, geste in enumerate(gestes)
    ]
    for fil in fils:
        fil.start()
    try:
        yield releve
    finally:
        fin.set()
        for fil in fils:
            fil.join(60)


Geste = Callable[[httpx.Client, Releve, random.Random], None]


def _repeter(
    geste: Geste, ouvrir: Callable[[], httpx.Client], releve: Releve, fin: threading.Event, graine: int
) -> None:
    hasard = random.Random(graine)
    with ouvrir() as client:
        while not fin.is_set():
            try:
                geste(client, releve, hasard)
            except httpx.TransportError as erreur:
                releve.echecs.append(repr(erreur))
            time.sleep(hasard.random() * 2 * PAUSE_S)


def _poster(client: httpx.Client, releve: Releve, hasard: random.Random) -> None:
    """One trace, several, or several in gzip."""
    lot: list[Corps] = [trace(numero_am=hasard.choice(PILOTES)) for _ in range(hasard.choice((1, 1, 5, 40)))]
    corps = json.dumps(lot if len(lot) > 1 else lot[0]).encode()
    entetes = {"Content-Type": "application/json"}
    if len(lot) > 5:
        corps, entetes = gzip.compress(corps), entetes | {"Content-Encoding": "gzip"}
    reponse = client.post("/traces", content=corps, headers=entetes)
    if releve.noter("POST", reponse):
        accuse = reponse.json()
        assert accuse["enregistrees"] + accuse["doublons"] == len(lot)
        releve.acquittees.extend(une["id"] for une in lot)


def _lire(client: httpx.Client, releve: Releve, hasard: random.Random) -> None:
    releve.noter("GET", client.get(hasard.choice(_LECTURES)))
