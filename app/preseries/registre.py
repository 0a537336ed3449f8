"""The registry as the reception of traces sees it: from memory while that may be trusted, else from the database."""

import asyncio
from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.preseries import depot
from app.preseries.annuaire import LogicielConnu, PiloteConnu, PreserieConnue
from app.preseries.cycle import Statut, etat_traces
from app.preseries.enveloppe import Coffre
from app.preseries.modeles import Editeur, Logiciel, Pilote, Preserie
from app.referentiels import VERSIONS, Referentiel
from app.reglages import ReglageInvalide
from app.stockage.base import Base
from app.stockage.generation import Generation, Memoire


class Registre:
    """Logiciels with their préséries and pilotes. Memory alone only says yes: ``confirmer`` comes before a refusal."""

    def __init__(self, base: Base, generation: Generation, coffre: Coffre) -> None:
        self._base = base
        self._coffre = coffre
        self._memoire: Memoire[str, LogicielConnu] = Memoire(generation)
        self._en_cours: dict[frozenset[str], asyncio.Task[dict[str, LogicielConnu]]] = {}
        """Reads under way, which all who ask meanwhile share."""

    async def lire(self, codes: Collection[str]) -> tuple[dict[str, LogicielConnu], bool]:
        """The logiciels known among ``codes``, and whether they come from the database just now."""
        connus = self._connus(codes)
        if len(connus) == len(codes):
            return connus, False
        cle = frozenset(codes)
        if (en_cours := self._en_cours.get(cle)) is not None:  # it began before this question: no ground for a refusal
            return await asyncio.shield(en_cours), False
        en_cours = self._en_cours[cle] = asyncio.create_task(self._relire(codes))
        en_cours.add_done_callback(lambda finie: self._finir(cle, finie))
        return await asyncio.shield(en_cours), True

    async def confirmer(self, codes: Collection[str]) -> dict[str, LogicielConnu]:
        """The same as the database has them now, which memory knows where no change came since it read them."""
        connus = self._connus(codes) if await self._memoire.confirmer() else {}
        return connus if len(connus) == len(codes) else await self._relire(codes)

    def _connus(self, codes: Collection[str]) -> dict[str, LogicielConnu]:
        return {code: connu for code in codes if (connu := self._memoire.lire(code)) is not None}

    async def _relire(self, codes: Collection[str]) -> dict[str, LogicielConnu]:
        lu_sous = self._memoire.etat
        async with self._base.lecture() as session:
            connus = await _charger(session, codes, self._coffre)
        for code, connu in connus.items():
            self._memoire.garder(code, connu, lu_sous)
        return connus

    def _finir(self, cle: frozenset[str], finie: asyncio.Task[dict[str, LogicielConnu]]) -> None:
        """Nobody may be left to hear of its error."""
        del self._en_cours[cle]
        if not finie.cancelled():
            finie.exception()


async def verifier_la_cle(base: Base, coffre: Coffre) -> None:
    """Raises ReglageInvalide where the latest présérie's key does not open: better at the start than at a trace."""
    async with base.lecture() as session:
        derniere = await depot.derniere_enveloppe(session)
    if derniere is not None:
        coffre.ouvrir(derniere)


async def verifier_les_referentiels(base: Base) -> None:
    """Raises ReglageInvalide where préséries keep rules that this code does not have."""
    async with base.lecture() as session:
        suivis = await session.execute(select(Preserie.categorie_ps, Preserie.referentiel_version).distinct())
    for code, version in sorted((code, version) for code, version in suivis):
        _regles(code, version)


def _regles(code: str, version: str) -> Referentiel:
    regles = VERSIONS.get((code, version))
    if regles is None:
        raise ReglageInvalide(
            f"Une présérie suit le référentiel « {code} » dans sa version {version}, que ce service n'a pas : remettez "
            f"{code}-{version}.toml dans app/referentiels, ou lancez la version du service qui l'a."
        )
    return regles


async def _charger(session: AsyncSession, codes: Collection[str], coffre: Coffre) -> dict[str, LogicielConnu]:
    logiciels = await session.execute(
        select(Logiciel.id, Logiciel.code, Editeur.code)
        .join(Editeur, Editeur.id == Logiciel.editeur_id)
        .where(Logiciel.code.in_(codes))
    )
    trouves = [(ident, code, editeur) for ident, code, editeur in logiciels]
    if not trouves:
        return {}
    ids = [ident for ident, _, _ in trouves]
    pilotes: defaultdict[int, dict[str, PiloteConnu]] = defaultdict(dict)
    for pilote_id, preserie_id, numero_am, accord_le, retire_le in await session.execute(
        select(Pilote.id, Pilote.preserie_id, Pilote.numero_am, Pilote.accord_le, Pilote.retire_le)
        .join(Preserie, Preserie.id == Pilote.preserie_id)
        .where(Preserie.logiciel_id.in_(ids))
    ):
        pilotes[preserie_id][numero_am] = PiloteConnu(pilote_id, accord_le, retire_le is not None)
    preseries: defaultdict[int, list[PreserieConnue]] = defaultdict(list)
    for preserie in await session.scalars(select(Preserie).where(Preserie.logiciel_id.in_(ids))):
        preseries[preserie.logiciel_id].append(_connue(preserie, pilotes[preserie.id], coffre))
    return {code: LogicielConnu(editeur, tuple(preseries[ident])) for ident, code, editeur in trouves}


def _connue(preserie: Preserie, pilotes: dict[str, PiloteConnu], coffre: Coffre) -> PreserieConnue:
    cle = coffre.ouvrir(preserie.enveloppe) if preserie.enveloppe is not None else None
    etat = etat_traces(Statut(preserie.statut), preserie.traces_actives)
    regles = _regles(preserie.categorie_ps, preserie.referentiel_version)
    return PreserieConnue(
        preserie.id,
        etat,
        preserie.traces_depuis_le,
        cle,
        pilotes,
        frozenset(regles.operations.toutes),
        frozenset(regles.perimetre.types_prescription),
    )
