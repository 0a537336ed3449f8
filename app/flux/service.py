"""Use case: bilans followed live. Each worker works out one bilan per change and présérie, however many read it.

No reader has a queue: whoever is late is shown the latest bilan, and nothing of those in between.
"""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context

import structlog

from app.acces.roles import Acces
from app.acces.service import Portier
from app.bilan.depot import Selection, lire_faits
from app.bilan.jugement import juger
from app.erreurs import Surcharge
from app.flux.evenements import Evenement, rediger
from app.observabilite import mesures
from app.stockage.base import ERREURS_DE_BASE, Base
from app.stockage.generation import Generation

FLUX_MAX = 200
"""Streams of one worker."""
TROP_DE_FLUX = "Trop de flux sont ouverts : lisez le bilan lui-même, et redemandez le flux dans un instant."
_PERIODE_S = 0.4
"""Between two readings of one bilan, however much is written."""
_RELECTURE_S = 60.0
"""What the clock alone changes, and what nobody was left to tell, is seen within a minute."""
_LECTURES_MAX = 2
"""At once: many préséries that are followed must leave connections to the others."""
_CLE_S = 2.0
_journal = structlog.get_logger(__name__)


class Suivie:
    """One présérie that somebody follows, and its latest bilan."""

    tache: asyncio.Task[None]
    """Reads it; its end, which only a defect brings about, is that of the streams."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.lecteurs = 0
        self.evenement: Evenement | None = None
        self.a_relire = asyncio.Event()
        self._relue = asyncio.Event()

    def publier(self, evenement: Evenement) -> None:
        self.evenement = evenement
        self._relue.set()
        self._relue = asyncio.Event()

    async def attendre(self, delai_s: float) -> None:
        """Until it has been read again, or for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(delai_s):
                await self._relue.wait()


class Diffusion:
    """The streams of one worker."""

    def __init__(self, base: Base, generation: Generation, portier: Portier, flux_max: int = FLUX_MAX) -> None:
        self._base = base
        self._generation = generation
        self._portier = portier
        self._flux_max = flux_max
        self._suivies: dict[int, Suivie] = {}
        self._lectures = asyncio.Semaphore(_LECTURES_MAX)
        self._une_cle = asyncio.Lock()
        self.ouverts = 0

    def entendre(self, preseries: Collection[int] | None) -> None:
        """These préséries changed; None: any may have."""
        for numero in self._suivies if preseries is None else self._suivies.keys() & set(preseries):
            self._suivies[numero].a_relire.set()

    async def reconnaitre(self, autorisation: str | None) -> Acces:
        """As the Portier does; one after the other, so that many streams of one key ask for it once.

        Raises TimeoutError where the database does not say in time.
        """
        async with asyncio.timeout(_CLE_S), self._une_cle:
            return await self._portier.reconnaitre(autorisation)

    @contextmanager
    def ouvrir(self, preserie_id: int, code: str) -> Iterator[Suivie]:
        """Follows a présérie for as long as the block lasts; raises Surcharge where too many do."""
        if self.ouverts >= self._flux_max:
            raise Surcharge(TROP_DE_FLUX)
        if preserie_id not in self._suivies:
            nouvelle = self._suivies[preserie_id] = Suivie(code)
            nouvelle.tache = asyncio.create_task(self._tenir(nouvelle), context=Context())  # no reader's own
        suivie = self._suivies[preserie_id]
        suivie.lecteurs += 1
        self._compter(1)
        try:
            yield suivie
        finally:
            suivie.lecteurs -= 1
            self._compter(-1)
            if not suivie.lecteurs:
                suivie.tache.cancel()
                del self._suivies[preserie_id]

    def _compter(self, de: int) -> None:
        self.ouverts += de
        mesures.FLUX.set(self.ouverts)

    async def _tenir(self, suivie: Suivie) -> None:
        """Reads a bilan whenever it may have changed, until cancelled."""
        lisible = True
        while True:
            suivie.a_relire.clear()
            try:
                await self._generation.confirmer()  # or a key that was revoked just now would still be known
                suivie.publier(await self._lire(suivie.code))
                lisible = True
            except ERREURS_DE_BASE as erreur:
                if lisible:
                    _journal.warning("flux_illisible", erreur=type(erreur).__name__)
                lisible = False
                suivie.a_relire.set()
            await asyncio.sleep(_PERIODE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(_RELECTURE_S):
                    await suivie.a_relire.wait()

    async def _lire(self, code: str) -> Evenement:
        async with self._lectures, self._base.lecture() as session:
            (faits,) = await lire_faits(session, Selection(preserie=code))
        return rediger(juger(faits))
