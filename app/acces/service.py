"""Use case: who is calling? From memory while that may be trusted; a key is refused by the database alone."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from app.acces import depot
from app.acces.roles import Acces
from app.erreurs import BaseIndisponible, CleAbsente, CleRefusee
from app.stockage.base import ERREURS_DE_BASE, Base
from app.stockage.generation import Generation, Memoire

_SCHEMA = "bearer "
_LONGUEUR_MAX = 200
_PATIENCE_S = 0.5


class Portier:
    """Recognises keys."""

    def __init__(self, base: Base, generation: Generation) -> None:
        self._base = base
        self._memoire: Memoire[bytes, Acces] = Memoire(generation)
        self._derniers: dict[bytes, Acces] = {}
        self._en_cours: dict[bytes, asyncio.Task[Acces]] = {}

    async def reconnaitre(self, autorisation: str | None) -> Acces:
        """The access given by an ``Authorization`` header; raises CleAbsente or CleRefusee (401)."""
        empreinte = _empreinte(autorisation)
        return self._connu(empreinte) or await self._demander_ensemble(empreinte)

    async def reconnaitre_sans_attendre(self, autorisation: str | None) -> Acces:
        """As ``reconnaitre``, but where the database does not say, a key is what it last was. For GET /metrics alone.

        Metrics are needed most while the database is away, and hold nothing personal: a key that was revoked just
        before may read them until it is back. Raises BaseIndisponible for a key that this worker never saw.
        """
        empreinte = _empreinte(autorisation)
        if (connu := self._connu(empreinte)) is not None:
            return connu
        tache = self._en_cours.get(empreinte) or self._lancer(empreinte)
        await asyncio.wait([tache], timeout=_PATIENCE_S)
        if tache.done() and not isinstance(tache.exception(), ERREURS_DE_BASE):
            return tache.result()
        dernier = self._derniers.get(empreinte)
        if dernier is None or dernier.expiree(datetime.now(UTC)):
            raise BaseIndisponible
        return dernier

    def _connu(self, empreinte: bytes) -> Acces | None:
        acces = self._memoire.lire(empreinte)
        return acces if acces is not None and not acces.expiree(datetime.now(UTC)) else None

    async def _demander_ensemble(self, empreinte: bytes) -> Acces:
        """Many who ask at once share one look: where memory lapses under load, each with its own would be the end.

        The look that was under way began before this question: its no is asked again.
        """
        en_cours = self._en_cours.get(empreinte)
        if en_cours is not None:
            with suppress(CleRefusee):
                return await asyncio.shield(en_cours)
        return await asyncio.shield(self._en_cours.get(empreinte) or self._lancer(empreinte))

    def _lancer(self, empreinte: bytes) -> asyncio.Task[Acces]:
        tache = self._en_cours[empreinte] = asyncio.create_task(self._demander(empreinte))
        tache.add_done_callback(lambda finie: self._finir(empreinte, finie))
        return tache

    async def _demander(self, empreinte: bytes) -> Acces:
        lu_sous = self._memoire.etat
        async with self._base.lecture() as session:
            acces = await depot.trouver(session, empreinte)
        if acces is None:
            self._derniers.pop(empreinte, None)
            raise CleRefusee
        self._memoire.garder(empreinte, acces, lu_sous)
        self._derniers[empreinte] = acces
        return acces

    def _finir(self, empreinte: bytes, tache: asyncio.Task[Acces]) -> None:
        """Nobody may be left to hear of its error."""
        del self._en_cours[empreinte]
        if not tache.cancelled():
            tache.exception()


def _empreinte(autorisation: str | None) -> bytes:
    if autorisation is None or not autorisation[: len(_SCHEMA)].lower() == _SCHEMA:
        raise CleAbsente
    cle = autorisation[len(_SCHEMA) :].strip(" \t")
    if not cle or len(cle) > _LONGUEUR_MAX:
        raise CleRefusee
    return depot.empreinte(cle)
