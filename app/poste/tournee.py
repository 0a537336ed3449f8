"""Empties a spool: sends what waits, in order, and removes each lot once the service has answered for it.

Stopped at any moment, it sends the same bytes with the same ids again the next time: doublons, no loss.
"""

import asyncio
import json
import time
from collections.abc import Iterator

from app.poste.client import ClientPoste
from app.poste.consigne import PosteSuivi
from app.poste.envoi import Avancement
from app.poste.interruptions import EnvoiInterrompu
from app.poste.lots import Lot, TraceEncodee
from app.poste.resultat import Resultat
from app.poste.spool import Spool

PAGE = 5_000
"""Traces read at once: what one round holds in memory."""


def poste_suivi(spool: Spool) -> PosteSuivi | None:
    """Whose consigne to obey: that of all the traces that wait. None where they do not name one and the same.

    Were it that of the oldest, one trace of a présérie that is switched off would keep back all those of another.
    """
    suivis = {_nomme(json.loads(trace.corps)) for trace in _en_attente(spool)}
    return suivis.pop() if len(suivis) == 1 else None


def _en_attente(spool: Spool) -> Iterator[TraceEncodee]:
    apres = -1
    while page := spool.lire(PAGE, apres=apres):
        yield from page
        apres = page[-1].position


def _nomme(champs: dict[str, object]) -> PosteSuivi | None:
    logiciel, numero_am = champs.get("logiciel"), champs.get("numero_am")
    # What no address can hold would fail each time.
    if isinstance(logiciel, str) and isinstance(numero_am, str) and (logiciel + numero_am).isascii():
        return PosteSuivi(logiciel, numero_am)
    return None


async def vider(client: ClientPoste, spool: Spool, *, avancement: Avancement | None = None) -> Resultat:
    """Sends until nothing waits, or the traces postes are switched off (`arret`).

    When the service cannot be used, or refuses the key, raises the client's `EnvoiInterrompu`. Whatever was
    not answered for stays in the spool, and is counted in `restantes`.
    """

    async def acquitter(lot: Lot, du_lot: Resultat) -> None:
        await asyncio.to_thread(spool.retirer, lot, du_lot)

    total = Resultat()
    debut = time.monotonic()
    try:
        while not total.arret and (page := await asyncio.to_thread(spool.lire, PAGE)):
            de_la_page = await client.envoyer(page, avancement=avancement, acquitter=acquitter)
            total.ajouter(de_la_page)
            total.arret = de_la_page.arret
    except EnvoiInterrompu as interruption:
        total.ajouter(interruption.resultat)
        total.restantes = (await asyncio.to_thread(spool.etat)).en_attente
        raise type(interruption)(interruption.issue, total) from None
    finally:
        total.duree_s = time.monotonic() - debut
    total.restantes = (await asyncio.to_thread(spool.etat)).en_attente
    return total
