"""SQL of the end of data. The service's role deletes no trace itself: a function of the schema's owner does."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.conservation.echeances import Comptes, Terminee
from app.preseries.cycle import Statut
from app.preseries.depot import Lignes
from app.preseries.modeles import Editeur, Logiciel, Preserie
from app.traces.modeles import reception_sans_suite, trace

_BRUTES = (trace, reception_sans_suite)
_PURGER = text("SELECT purger_traces(:preserie_id, :au_plus)")


async def terminees(session: AsyncSession) -> Sequence[Terminee]:
    """The préséries that have ended and were not purged, or not wholly: interrupted, or refused traces came since."""
    p = Preserie
    restes = [select(t.c.preserie_id).where(t.c.preserie_id == p.id).exists() for t in _BRUTES]
    requete: Lignes = (
        select(p.id, p.code, Editeur.code, p.categorie_ps, p.referentiel_version, p.terminee_le)
        .join(Logiciel, Logiciel.id == p.logiciel_id)
        .join(Editeur, Editeur.id == Logiciel.editeur_id)
        .where(
            p.statut.in_([Statut.CLOTUREE.value, Statut.ABANDONNEE.value]),
            p.terminee_le.is_not(None),
            or_(p.purgee_le.is_(None), *restes),
        )
        .order_by(p.terminee_le, p.id)
    )
    return [Terminee(*ligne) for ligne in await session.execute(requete)]


async def compter(session: AsyncSession, preserie_id: int) -> Comptes:
    nombres = [select(func.count()).where(t.c.preserie_id == preserie_id).scalar_subquery() for t in _BRUTES]
    return Comptes(*(await session.execute(select(*nombres))).one())


async def reste(session: AsyncSession, preserie_id: int) -> bool:
    """Whether raw data of a présérie are still there: another purge may have taken them since they were counted."""
    restes = [select(t.c.preserie_id).where(t.c.preserie_id == preserie_id).exists() for t in _BRUTES]
    return bool((await session.execute(select(or_(*restes)))).scalar_one())


async def marquer(session: AsyncSession, preserie_id: int) -> bool:
    """From now on nothing reads its raw data; False where that was so already."""
    ordre = (
        update(Preserie).where(Preserie.id == preserie_id, Preserie.purgee_le.is_(None)).values(purgee_le=func.now())
    )
    return (await session.execute(ordre.returning(Preserie.id))).first() is not None


async def purger_un_lot(session: AsyncSession, preserie_id: int, au_plus: int) -> int:
    """Deletes at most so many traces and so many receptions; gives how many there were."""
    parametres = {"preserie_id": preserie_id, "au_plus": au_plus}
    nombre: int = (await session.execute(_PURGER, parametres)).scalar_one()
    return nombre
