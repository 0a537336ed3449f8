"""SQL of the validity: whose modules, and which validated préséries."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.preseries.modeles import Editeur, Logiciel, Module, Preserie
from app.preseries.validites import VALIDES, PreserieValidee


async def proprietaires(session: AsyncSession, modules: Collection[str]) -> dict[str, str]:
    """The éditeur of each of these modules."""
    requete = select(Module.code, Editeur.code).join(Editeur, Editeur.id == Module.editeur_id)
    return dict((await session.execute(requete.where(Module.code.in_(modules)))).all())


async def validees(session: AsyncSession, editeurs: Collection[str]) -> Sequence[PreserieValidee]:
    """The validated préséries of these éditeurs."""
    requete = (
        select(Preserie.code, Logiciel.code, Editeur.code, Module.code, Preserie.categorie_ps, Preserie.validee_le)
        .join(Logiciel, Logiciel.id == Preserie.logiciel_id)
        .join(Editeur, Editeur.id == Logiciel.editeur_id)
        .join(Module, Module.id == Logiciel.module_id)
        .where(Preserie.statut.in_([statut.value for statut in VALIDES]), Editeur.code.in_(editeurs))
    )
    return [PreserieValidee(*ligne) for ligne in await session.execute(requete)]
