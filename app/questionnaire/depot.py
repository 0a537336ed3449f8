"""SQL of the questionnaire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, ScalarSelect, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.preseries.modeles import Logiciel, Pilote, Preserie
from app.questionnaire.modeles import Invitation, LeveeFrein
from app.questionnaire.modeles import Reponse as LigneReponse
from app.questionnaire.regles import Reponse


@dataclass(frozen=True, slots=True)
class Invite:
    """What a token leads to; ``valable`` until it expires, or a later invitation of the pilote replaces it."""

    invitation: Invitation
    preserie: Preserie
    logiciel: str
    numero_am: str
    valable: bool


def reponses(preserie: type[Preserie], au: datetime | None) -> Select[*tuple[Any, ...]]:
    """For a query of the préséries: the latest answer of each pilote, as ``regles.Reponse``, up to an instant."""
    r, levee, autre = LigneReponse, LeveeFrein, aliased(LeveeFrein)
    dernieres = select(func.max(r.id)).where(r.preserie_id == preserie.id).group_by(r.pilote_id).correlate(preserie)
    derniere_levee = select(func.max(autre.id)).where(autre.reponse_id == r.id).correlate(r)
    if au is not None:
        dernieres = dernieres.where(r.le <= au)
        derniere_levee = derniere_levee.where(autre.le <= au)
    levees = and_(levee.id == derniere_levee.scalar_subquery(), levee.leve)
    colonnes = (
        *(r.id, r.le, r.satisfaction, r.operations, r.frein_bloquant, r.frein, r.commentaire),
        *(levee.le, levee.motif),
    )
    return select(func.row(*colonnes)).outerjoin(levee, levees).where(r.id.in_(dernieres)).order_by(r.id)


def invites(preserie: type[Preserie], au: datetime | None) -> ScalarSelect[int]:
    """Likewise: how many pilotes were invited."""
    i = Invitation
    requete = select(func.count(i.pilote_id.distinct())).where(i.preserie_id == preserie.id).correlate(preserie)
    return (requete if au is None else requete.where(i.le <= au)).scalar_subquery()


async def lire(session: AsyncSession, preserie_id: int, au: datetime | None) -> tuple[int, list[Reponse]]:
    """How many pilotes of a présérie were invited, and their latest answers, in the order in which they came."""
    lignes = func.array(reponses(Preserie, au).scalar_subquery())
    nombre, recues = (
        await session.execute(select(invites(Preserie, au), lignes).where(Preserie.id == preserie_id))
    ).one()
    return nombre, [Reponse(*r) for r in recues]


async def invite(session: AsyncSession, empreinte: bytes) -> Invite | None:
    i = Invitation
    autre = aliased(i)
    siennes = (autre.preserie_id == i.preserie_id, autre.pilote_id == i.pilote_id)
    derniere = select(func.max(autre.id)).where(*siennes).correlate(i).scalar_subquery()
    requete = (
        select(i, Preserie, Logiciel.nom, Pilote.numero_am, (i.expire_le > func.now()) & (i.id == derniere))
        .join(Preserie, Preserie.id == i.preserie_id)
        .join(Logiciel, Logiciel.id == Preserie.logiciel_id)
        .join(Pilote, Pilote.id == i.pilote_id)
        .where(i.empreinte == empreinte)
    )
    trouve = (await session.execute(requete)).first()
    return Invite(*trouve) if trouve is not None else None


async def derniere_reponse(session: AsyncSession, preserie_id: int, pilote_id: int) -> LigneReponse | None:
    r = LigneReponse
    siennes = (r.preserie_id == preserie_id, r.pilote_id == pilote_id)
    return await session.scalar(select(r).where(*siennes).order_by(r.id.desc()).limit(1))


async def a_inviter(session: AsyncSession, preserie_id: int) -> Mapping[str, int]:
    """The pilotes that have not left, by N° AM."""
    requete = select(Pilote.numero_am, Pilote.id).where(Pilote.preserie_id == preserie_id, Pilote.retire_le.is_(None))
    return {pilote.numero_am: pilote.id for pilote in await session.execute(requete.order_by(Pilote.numero_am))}


async def invitations(
    session: AsyncSession, preserie_id: int, apres: str | None, limite: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The latest of each pilote, by N° AM: when it was invited, until when, and when it last answered."""
    i, r = Invitation, LigneReponse
    dernieres = select(func.max(i.id)).where(i.preserie_id == preserie_id).group_by(i.pilote_id)
    repondu = (
        select(func.max(r.le))
        .where(r.preserie_id == preserie_id, r.pilote_id == i.pilote_id)
        .correlate(i)
        .scalar_subquery()
    )
    requete = (
        select(Pilote.numero_am, i.le, i.expire_le, repondu)
        .join(Pilote, Pilote.id == i.pilote_id)
        .where(i.id.in_(dernieres))
        .order_by(Pilote.numero_am)
        .limit(limite)
    )
    requete = requete if apres is None else requete.where(Pilote.numero_am > apres)
    return (await session.execute(requete)).all()
