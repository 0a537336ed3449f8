"""Use case: who is calling? From memory while that may be trusted; a key is refused by the database alone."""

from datetime import UTC, datetime

from app.acces import depot
from app.acces.roles import Acces
from app.erreurs import CleAbsente, CleRefusee
from app.stockage.base import Base
from app.stockage.generation import Generation, Memoire

_SCHEMA = "bearer "
_LONGUEUR_MAX = 200


class Portier:
    """Recognises keys."""

    def __init__(self, base: Base, generation: Generation) -> None:
        self._base = base
        self._memoire: Memoire[bytes, Acces] = Memoire(generation)

    async def reconnaitre(self, autorisation: str | None) -> Acces:
        """The access given by an ``Authorization`` header; raises CleAbsente or CleRefusee (401)."""
        if autorisation is None or not autorisation[: len(_SCHEMA)].lower() == _SCHEMA:
            raise CleAbsente
        cle = autorisation[len(_SCHEMA) :].strip(" \t")
        if not cle or len(cle) > _LONGUEUR_MAX:
            raise CleRefusee
        empreinte = depot.empreinte(cle)
        acces = self._memoire.lire(empreinte)
        if acces is not None and not acces.expiree(datetime.now(UTC)):
            return acces
        lu_sous = self._memoire.numero
        async with self._base.lecture() as session:
            acces = await depot.trouver(session, empreinte)
        if acces is None:
            raise CleRefusee
        self._memoire.garder(empreinte, acces, lu_sous)
        return acces
