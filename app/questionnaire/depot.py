"""SQL of the questionnaire."""

from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, Select, and_, func, select

from app.preseries.modeles import Preserie
from app.questionnaire.modeles import Invitation, LeveeFrein
from app.questionnaire.modeles import Reponse as LigneReponse


def reponses(preserie: type[Preserie], au: datetime | None) -> Select[*tuple[Any, ...]]:
    """For a query of the préséries: the latest answer of each pilote, as ``regles.Reponse``, up to an instant."""
    r, levee = LigneReponse, LeveeFrein
    dernieres = select(func.max(r.id)).where(r.preserie_id == preserie.id).group_by(r.pilote_id).correlate(preserie)
    levees = levee.reponse_id == r.id
    if au is not None:
        dernieres = dernieres.where(r.le <= au)
        levees = and_(levees, levee.le <= au)
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
