"""The modalités that bind, applied to a change: it is refused where it breaks one, or one that was broken, worse."""

from collections.abc import Collection, Sequence
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from app.erreurs import ModaliteRefusee
from app.preseries import depot
from app.preseries.contraintes import PiloteJuge, aggravation, ecarts
from app.preseries.modeles import Preserie
from app.preseries.schemas import PiloteLu
from app.referentiels import VERSIONS

Composition: TypeAlias = tuple[Sequence[str], Collection[PiloteLu]]
"""What a présérie is made of: its CPAM, and its pilotes."""


async def refuser_un_ecart(
    session: AsyncSession, preserie: Preserie, avant: Composition | None, apres: Composition
) -> None:
    """Raises ModaliteRefusee (409); ``avant`` is None where the présérie is judged as it stands."""
    regles = VERSIONS[preserie.categorie_ps, preserie.referentiel_version]
    releve, ailleurs = await depot.pilotes_du_logiciel(session, preserie)
    presents, voulus = (
        []
        if composition is None
        else ecarts(
            regles,
            composition[0],
            [PiloteJuge(**dict(pilote)) for pilote in composition[1]],
            pilotes_max=releve,
            ailleurs=ailleurs,
        )
        for composition in (avant, apres)
    )
    pire = aggravation(presents, voulus)
    if pire is not None:
        fautifs = {p.numero_am: "cpam" for p in apres[1] if pire.modalite == "pilotes_cpam" and p.cpam == pire.objet}
        raise ModaliteRefusee(pire.modalite, pire.explication).de(fautifs)
