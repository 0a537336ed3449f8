"""Préséries as last read, each kept until something of it changes: most of them stand still between two readings.

All that a présérie's figures come from changes with the registry's generation, adds to what it received, or is a new
recount; but for what is mended by hand in the database, which is seen within a minute.
"""

import asyncio
import time
from typing import TypeAlias

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.bilan.depot import Selection, lire_faits
from app.supervision.familles import Jugee, Recompte

_AGE_MAX_S = 60.0
_REPERES = text("""
SELECT p.id, r.generation,
       (SELECT coalesce(sum(c.nombre), 0)::int8 FROM compteur_trace AS c WHERE c.preserie_id = p.id) AS receptions,
       recompte.fait_le, recompte.differents
FROM preserie AS p CROSS JOIN registre AS r LEFT JOIN recompte ON recompte.preserie_id = p.id
""")


_Repere: TypeAlias = tuple[int, int, Recompte | None]


class Gardees:
    """What was read of each présérie; the generation, number of receptions and last recount under which it was."""

    def __init__(self) -> None:
        self._jugees: dict[int, tuple[_Repere, Jugee]] = {}
        self._depuis = time.monotonic()

    async def relire(self, session: AsyncSession) -> list[Jugee]:
        """All of them on the session's snapshot, in the order of their codes; only what changed is read."""
        reperes = {
            id_: (generation, receptions, Recompte(fait_le, differents) if fait_le is not None else None)
            for id_, generation, receptions, fait_le, differents in await session.execute(_REPERES)
        }
        if time.monotonic() - self._depuis > _AGE_MAX_S:
            self._jugees, self._depuis = {}, time.monotonic()
        gardees = {id_: garde for id_, garde in self._jugees.items() if garde[0] == reperes.get(id_)}
        if changees := reperes.keys() - gardees.keys():
            lues = await lire_faits(session, Selection(ids=changees), pour_les_mesures=True)
            recomptes = {id_: reperes[id_][2] for id_ in changees}
            jugees = await asyncio.to_thread(lambda: [Jugee.de(f, recomptes[f.dossier.id]) for f in lues])
            gardees |= {jugee.faits.dossier.id: (reperes[jugee.faits.dossier.id], jugee) for jugee in jugees}
        self._jugees = gardees
        return sorted((jugee for _, jugee in gardees.values()), key=lambda jugee: jugee.bilan.preserie)
