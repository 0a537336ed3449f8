"""Empties a spool: sends what waits, in order, and removes each lot once the service has answered for it.

Stopped at any moment, it sends the same bytes with the same ids again the next time: doublons, no loss.
"""

import asyncio
import json
import time

from app.poste.client import ClientPoste
from app.poste.consigne import PosteSuivi
from app.poste.envoi import Avancement
from app.poste.interruptions import EnvoiInterrompu
from app.poste.lots import Lot
from app.poste.resultat import Resultat
from app.poste.spool import Spool

PAGE = 5_000
"""Traces read at once: what one round holds in memory."""


def poste_suivi(spool: Spool) -> PosteSuivi | None:
    """Whose consigne to obey, as its first trace says; None where there is none or it does not say."""
    for trace in spool.lire(1):
        champs = json.loads(trace.corps)
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
