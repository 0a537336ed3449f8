"""One sending: keeps several lots in flight, tries again what was lost, and stops without losing anything."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from operator import attrgetter
from typing import NoReturn

from app.poste.consigne import Consigne
from app.poste.interruptions import (
    CertificatRefuse,
    CleRefusee,
    EnvoiImpossible,
    EnvoiInterrompu,
    ServiceInjoignable,
)
from app.poste.lots import Lot
from app.poste.reglages import Reglages, Temps
from app.poste.reprise import Issue, Suite
from app.poste.resultat import DESACTIVEES, Resultat, refus_local

Avancement = Callable[[Resultat], None]
Acquittement = Callable[[Lot, Resultat], Awaitable[None]]
Tentative = Callable[[Lot], Awaitable[Issue]]

INTERRUPTIONS: dict[Suite, type[EnvoiInterrompu]] = {
    Suite.CLE_REFUSEE: CleRefusee,
    Suite.CERTIFICAT_REFUSE: CertificatRefuse,
    Suite.IMPOSSIBLE: EnvoiImpossible,
    Suite.REPRENDRE: ServiceInjoignable,
}


class Envoi:
    """The state of one sending: the lots to send first, then the source's; the sums; why it must stop."""

    def __init__(
        self,
        lots: AsyncIterator[Lot],
        tenter: Tentative,
        consigne: Consigne | None,
        reglages: Reglages,
        temps: Temps,
    ) -> None:
        self._lots = lots
        self._tenter = tenter
        self._consigne = consigne
        self._reglages = reglages
        self._temps = temps
        self._prioritaires: deque[Lot] = deque()
        self._verrou = asyncio.Lock()
        self._arret = asyncio.Event()
        self._fatale: Issue | None = None
        self._total = Resultat()

    async def mener(self, avancement: Avancement | None, acquitter: Acquittement | None = None) -> Resultat:
        debut = self._temps.horloge()
        try:
            async with asyncio.TaskGroup() as groupe:
                for _ in range(self._reglages.connexions):
                    groupe.create_task(self._servir(avancement, acquitter))
        except ExceptionGroup as erreurs:
            # The source or one of the callbacks failed: their owner expects that very exception, not a group.
            raise erreurs.exceptions[0] from None
        self._total.duree_s = self._temps.horloge() - debut
        if self._fatale:
            await self._interrompre(self._fatale)
        elif self._arret.is_set():
            self._total.restantes = sum([len(lot) async for lot in self._reste()])
        return self._total

    async def _servir(self, avancement: Avancement | None, acquitter: Acquittement | None) -> None:
        """One connection: takes lots until there are none left or the sending stops."""
        while (lot := await self._prochain()) is not None:
            du_lot = Resultat()
            issue = await self._insister(lot, du_lot)
            self._conclure(lot, issue, du_lot)
            self._total.ajouter(du_lot)
            if acquitter and du_lot.lots:
                await acquitter(lot, du_lot)
            if avancement and du_lot.lots:
                avancement(du_lot)

    async def _prochain(self) -> Lot | None:
        if self._arret.is_set():
            return None
        if self._prioritaires:
            return self._prioritaires.popleft()
        async with self._verrou:
            return await anext(self._lots, None)

    async def _insister(self, lot: Lot, du_lot: Resultat) -> Issue | None:
        """Tries until the service gives its own answer or patience ends. None: the sending is stopping."""
        debut = self._temps.horloge()
        if lot.trop_grand:
            return Issue(Suite.COUPER, "trace trop grande")
        essai = 0
        while not await self._doit_arreter():
            du_lot.reprises = essai
            issue = await self._tenter(lot)
            if issue.suite is not Suite.REPRENDRE:
                return issue
            delai = self._reglages.attentes.delai(essai, issue.attente_demandee, self._temps.hasard)
            if self._temps.horloge() - debut + delai > self._reglages.patience_s:
                return issue
            await self._attendre(delai)
            essai += 1
        return None

    def _conclure(self, lot: Lot, issue: Issue | None, du_lot: Resultat) -> None:
        if issue and issue.accuse:
            du_lot.ajouter(issue.accuse)
            if issue.accuse.traces_postes == DESACTIVEES:
                self._arreter_envoi()
                if self._consigne:
                    self._consigne.perimer()
        elif issue and issue.suite is Suite.COUPER and len(lot) > 1:
            self._prioritaires.extendleft(reversed(lot.moities()))
        elif issue and issue.suite is Suite.COUPER:
            du_lot.ajouter(refus_local(lot.traces[0]))
        else:
            self._prioritaires.appendleft(lot)
            if issue:
                self._fatale = self._fatale or issue
                self._arret.set()

    async def _doit_arreter(self) -> bool:
        if not self._arret.is_set() and self._consigne and await self._consigne.desactivees():
            self._arreter_envoi()
        return self._arret.is_set()

    def _arreter_envoi(self) -> None:
        self._total.arret = DESACTIVEES
        self._arret.set()

    async def _attendre(self, delai: float) -> None:
        """Sleeps, unless the sending stops: another connection may have been told to."""
        sommeil = asyncio.ensure_future(self._temps.dormir(delai))
        arret = asyncio.ensure_future(self._arret.wait())
        try:
            await asyncio.wait({sommeil, arret}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sommeil.cancel()
            arret.cancel()

    async def _reste(self) -> AsyncIterator[Lot]:
        """What was not acknowledged: the lots given back, then all that the source still holds."""
        while self._prioritaires:
            yield self._prioritaires.popleft()
        async for lot in self._lots:
            yield lot

    async def _interrompre(self, issue: Issue) -> NoReturn:
        traces = [trace async for lot in self._reste() for trace in lot.traces]
        # Several connections give their lots back in any order.
        traces.sort(key=attrgetter("position"))
        self._total.restantes = len(traces)
        raise INTERRUPTIONS[issue.suite](issue, self._total, traces)
