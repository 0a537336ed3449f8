"""Group commit: takes what is waiting when the last commit ends, and acknowledges only after the commit.

It adds no delay of its own, is bounded, and never lets one trace that PostgreSQL can't take spoil its neighbours.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import asyncpg
import structlog
from opentelemetry.trace import SpanContext

from app.erreurs import BaseIndisponible, Surcharge
from app.observabilite import mesures
from app.observabilite.telemetrie import Telemetrie, noter_erreur, noter_reprise, suivie
from app.stockage.base import ERREURS_DE_BASE, Base
from app.traces import depot
from app.traces.lecture import INCONNUE
from app.traces.refus import Issue
from app.traces.tri import Admise, CleTrace, Ligne, SansSuite

_journal = structlog.get_logger(__name__)
_A_REPRENDRE = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""Refused, so that nothing was written. What may have been is not tried again here: it would count as a doublon."""
_REPRISES = 3
_IMPOSSIBLE = ("22", "23", "54", "P0")


CHAMPS_FAUTIFS = {Issue.REUTILISEE: "id"}
"""The field that a correction starts with, by outcome."""


@dataclass(slots=True)
class _Demande:
    admises: Sequence[Admise]
    refus: Sequence[SansSuite]
    reponse: asyncio.Future[list[Issue]]
    depuis: float
    origine: SpanContext | None
    """The span of its request, where it is recorded."""


class Ecrivain:
    """The writer of one worker: one connection, one statement at a time, a queue of at most ``file_max`` traces.

    ``annoncer`` is told the ids of the préséries written to, once that is committed.
    """

    def __init__(
        self,
        base: Base,
        *,
        lot_max: int,
        file_max: int,
        annoncer: Callable[[set[int]], None],
        telemetrie: Telemetrie | None = None,
    ) -> None:
        self._base = base
        self._telemetrie = telemetrie
        self._lot_max = lot_max
        self.file_max = file_max
        self._annoncer = annoncer
        self._file: deque[_Demande] = deque()
        self.en_attente = 0
        self._en_cours: _Demande | None = None
        """The oldest of those that are being written."""
        self._reveil = asyncio.Event()
        self._connexion: asyncpg.Connection | None = None
        self._arrete = False
        # Asking for the running loop costs a system call (Python 3.11).
        self._boucle = asyncio.get_running_loop()

    async def ecrire(self, admises: Sequence[Admise], refus: Sequence[SansSuite]) -> list[Issue]:
        """The outcome of each trace, once what it says is committed.

        Raises Surcharge when too much is waiting, BaseIndisponible when the commit's fate is unknown: the same
        traces may then be sent again.
        """
        if self._arrete:
            raise BaseIndisponible
        poids = max(1, len(admises))  # a demande of refusals alone waits, too
        if self.en_attente + poids > self.file_max:
            raise Surcharge
        origine = None if self._telemetrie is None else suivie()
        demande = _Demande(admises, refus, self._boucle.create_future(), time.perf_counter(), origine)
        self._file.append(demande)
        self.en_attente += poids
        self._reveil.set()
        try:
            return await demande.reponse
        finally:
            self.en_attente -= poids

    def retard(self) -> float:
        """For how many seconds the oldest demande has waited for its commit; 0 where none does."""
        plus_ancienne = self._en_cours or (self._file[0] if self._file else None)
        return 0.0 if plus_ancienne is None else time.perf_counter() - plus_ancienne.depuis

    async def tourner(self) -> None:
        """Writes until cancelled."""
        try:
            while True:
                await self._reveil.wait()
                lot = self._prendre()
                if not lot:
                    self._reveil.clear()
                    continue
                self._en_cours = lot[0]
                with self._suivre(lot):
                    await self._servir(lot)
                self._en_cours = None
        finally:
            self._arrete = True
            self._abandonner(list(self._file))
            self._fermer()

    def _prendre(self) -> list[_Demande]:
        lot: list[_Demande] = []
        traces = 0
        while self._file and (not lot or traces + len(self._file[0].admises) <= self._lot_max):
            demande = self._file.popleft()
            traces += len(demande.admises)
            lot.append(demande)
        return lot

    def _suivre(self, lot: list[_Demande]) -> AbstractContextManager[None]:
        """Records the commit of a batch where one of its requests is recorded."""
        origines = [demande.origine for demande in lot if demande.origine is not None]
        if self._telemetrie is None or not origines:
            return nullcontext()
        traces = sum(len(demande.admises) for demande in lot)
        return self._telemetrie.commit(origines, {"traces_postes.traces": traces, "traces_postes.requetes": len(lot)})

    async def _servir(self, lot: list[_Demande]) -> None:
        issues = None
        try:
            issues = await self._ecrire_lot([a for d in lot for a in d.admises], [r for d in lot for r in d.refus])
        except ERREURS_DE_BASE as erreur:
            mesures.ECHECS.inc()
            noter_erreur(erreur)
            _journal.error("ecriture_impossible", erreur=type(erreur).__name__, demandes=len(lot))
            self._fermer()
        finally:
            self._annoncer({ligne.preserie_id for ligne in _lignes(lot)})  # also where the commit's fate is unknown
            if issues is None:
                self._abandonner(lot)
        if issues is not None:
            self._acquitter(lot, issues)

    def _acquitter(self, lot: list[_Demande], issues: list[Issue]) -> None:
        debut = 0
        for demande in lot:
            fin = debut + len(demande.admises)
            if not demande.reponse.done():
                demande.reponse.set_result(issues[debut:fin])
            debut = fin

    async def _ecrire_lot(self, admises: list[Admise], refus: list[SansSuite]) -> list[Issue]:
        issues = await self._inserer_les_premieres(admises)
        sans_suite = [*refus, *_sans_suite(admises, issues)]
        if sans_suite:
            await depot.noter(await self._ouverte(), sans_suite)
        return issues

    async def _inserer_les_premieres(self, admises: list[Admise]) -> list[Issue]:
        nouvelles: dict[CleTrace, bytes] = {}
        impossibles: set[tuple[CleTrace, bytes]] = set()
        lignes = _premieres(admises, impossibles)
        while lignes:
            inserees, refusees = await self._inserer(lignes)
            if len(inserees) == len(admises):
                return [Issue.ENREGISTREE] * len(admises)
            nouvelles |= {cle: lignes[cle].empreinte for cle in inserees}
            impossibles |= {(cle, lignes[cle].empreinte) for cle in refusees}
            # A refused trace leaves its id free: another one of the same id comes next.
            lignes = _premieres([a for a in admises if a.ligne.cle in refusees], impossibles) if refusees else {}
        return await self._departager(admises, nouvelles, impossibles)

    async def _departager(
        self, admises: list[Admise], nouvelles: dict[CleTrace, bytes], impossibles: set[tuple[CleTrace, bytes]]
    ) -> list[Issue]:
        """Tells doublons from reused ids by the digest of the trace that stands."""
        retenues = dict(nouvelles)
        inconnues = {admise.ligne.cle for admise in admises} - nouvelles.keys()
        if inconnues:
            retenues |= await depot.retrouver(await self._ouverte(), inconnues)
        a_acquitter = dict(nouvelles)
        issues = []
        for admise in admises:
            cle, empreinte = admise.ligne.cle, admise.ligne.empreinte
            if (cle, empreinte) in impossibles:
                issues.append(Issue.IMPOSSIBLE)
            elif a_acquitter.get(cle) == empreinte and not admise.arretee:
                del a_acquitter[cle]
                issues.append(Issue.ENREGISTREE)
            elif retenues.get(cle) == empreinte:
                issues.append(Issue.DOUBLON)
            elif admise.arretee:
                issues.append(Issue.DESACTIVEE)
            else:
                issues.append(Issue.REUTILISEE if cle in retenues else Issue.FERMEE)
        return issues

    async def _inserer(self, lignes: Mapping[CleTrace, Ligne]) -> tuple[Set[CleTrace], Set[CleTrace]]:
        """Keys that were new, and keys of traces that PostgreSQL can't take; a poisoned batch is split."""
        try:
            nouvelles = await self._avec_reprise(lignes.values())
        except asyncpg.PostgresError as erreur:
            if not str(erreur.sqlstate).startswith(_IMPOSSIBLE):
                raise
            if len(lignes) == 1:
                _journal.error("trace_impossible", sqlstate=erreur.sqlstate)
                return set(), lignes.keys()
            toutes, milieu = list(lignes.items()), len(lignes) // 2
            gauche = await self._inserer(dict(toutes[:milieu]))
            droite = await self._inserer(dict(toutes[milieu:]))
            return gauche[0] | droite[0], gauche[1] | droite[1]
        return lignes.keys() if nouvelles is None else nouvelles, set()

    async def _avec_reprise(self, lignes: Collection[Ligne]) -> set[CleTrace] | None:
        for _ in range(_REPRISES):
            try:
                return await self._commettre(lignes)
            except _A_REPRENDRE as erreur:
                mesures.REPRISES.inc()
                noter_reprise(erreur)
                _journal.warning("ecriture_reprise", erreur=type(erreur).__name__)
                self._fermer()
        return await self._commettre(lignes)

    async def _commettre(self, lignes: Collection[Ligne]) -> set[CleTrace] | None:
        connexion = await self._ouverte()
        debut = time.perf_counter()
        nouvelles = await depot.ecrire(connexion, lignes)
        mesures.COMMIT.observe(time.perf_counter() - debut)
        mesures.LOT.observe(len(lignes))
        return nouvelles

    async def _ouverte(self) -> asyncpg.Connection:
        if self._connexion is None or self._connexion.is_closed():
            self._connexion = await self._base.connecter()
        return self._connexion

    def _fermer(self) -> None:
        """Drops the connection without a word: after an error its state is not known."""
        if self._connexion is not None:
            self._connexion.terminate()
            self._connexion = None

    def _abandonner(self, demandes: list[_Demande]) -> None:
        for demande in demandes:
            if not demande.reponse.done():
                demande.reponse.set_exception(BaseIndisponible())


def _lignes(lot: Iterable[_Demande]) -> Iterable[Ligne | SansSuite]:
    for demande in lot:
        yield from (admise.ligne for admise in demande.admises)
        yield from demande.refus


def _premieres(admises: list[Admise], impossibles: set[tuple[CleTrace, bytes]]) -> dict[CleTrace, Ligne]:
    """By key, the first trace to come that may be written."""
    lignes: dict[CleTrace, Ligne] = {}
    for admise in admises:
        ligne = admise.ligne
        cle = ligne.cle
        if not admise.arretee and not (impossibles and (cle, ligne.empreinte) in impossibles):
            lignes.setdefault(cle, ligne)
    return lignes


def _sans_suite(admises: list[Admise], issues: list[Issue]) -> Iterable[SansSuite]:
    for admise, issue in zip(admises, issues, strict=True):
        if issue not in (Issue.ENREGISTREE, Issue.FERMEE):
            ligne = admise.ligne
            champ = CHAMPS_FAUTIFS.get(issue)
            # Texts that the database could not take once would spoil the whole batch here.
            dite = INCONNUE if issue is Issue.IMPOSSIBLE else (ligne.poste, ligne.sequence, ligne.version)
            yield SansSuite(ligne.preserie_id, ligne.pilote_id, ligne.cle_id, issue.value, champ, ligne.id, *dite)
