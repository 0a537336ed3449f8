"""Use case: recount from the raw traces of one présérie or of all, each on one snapshot, beside a running service."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.preseries.service import introuvable
from app.recompte import depot
from app.recompte.ecarts import COMPAREES, Recompte
from app.stockage.base import Base

ETAPES = len(COMPAREES)
Avancement = Callable[[], None]
"""Told of each table that was compared."""


@dataclass(frozen=True, slots=True)
class ARecompter:
    id: int
    code: str


async def a_recompter(base: Base, code: str | None) -> Sequence[ARecompter]:
    """The préséries that are meant; raises Introuvable where none bears the code."""
    async with base.lecture() as session:
        trouvees = [ARecompter(preserie.id, preserie.code) for preserie in await depot.preseries(session, code)]
    if code is not None and not trouvees:
        raise introuvable()
    return trouvees


async def recompter(base: Base, preserie: ARecompter, avancement: Avancement, au_plus: int) -> Recompte | None:
    """Compares what is kept with the traces; None where these were purged: nothing is left to count from."""
    async with base.lecture() as session:
        if await depot.est_purgee(session, preserie.id):
            return None
        comparaisons = []
        for comparee in COMPAREES:
            comparaisons.append(await depot.comparer(session, preserie.id, comparee, au_plus))
            avancement()
    return Recompte(preserie.code, comparaisons)


async def noter(base: Base, preserie: ARecompter, recompte: Recompte) -> None:
    """Keeps how many rows differ, for Prometheus."""
    async with base.ecriture() as session:
        await depot.noter(session, preserie.id, recompte.differents)
