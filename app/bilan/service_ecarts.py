"""Use case: executions that the Cnam sets aside, and takes back. What was decided stays, the latest counts."""

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.bilan.modeles import MiseALEcart
from app.bilan.schemas_listes import EcartCorps, ExecutionDetaillee
from app.bilan.service_listes import trouver_execution, une_execution
from app.preseries.cycle import TERMINES
from app.preseries.inscription import Auteur, Objet, noter
from app.preseries.service import terminee


class EcartInscrit(BaseModel):
    """What the journal keeps of it; the motif lies beside."""

    ecartee: bool


async def ecarter(session: AsyncSession, acces: Acces, identifiant: str, corps: EcartCorps) -> ExecutionDetaillee:
    """Raises Introuvable (404), EtapeRefusee (409) once the présérie has ended."""
    cle, trouvee = await trouver_execution(session, acces, identifiant)
    presente = await une_execution(session, acces, identifiant)
    if _inchangee(presente, corps):
        return presente
    if trouvee["statut"] in TERMINES:
        raise terminee()
    session.add(
        MiseALEcart(
            cle_id=acces.cle_id,
            preserie_id=trouvee["preserie_id"],
            pilote_id=cle.pilote_id,
            pseudonyme=cle.pseudonyme,
            numero_execution=cle.numero_execution,
            ecartee=corps.ecartee,
            motif=corps.motif,
        )
    )
    await session.flush()
    await noter(
        session,
        Auteur(acces),
        "modification",
        Objet("execution", identifiant, trouvee["editeur"], presente.preserie),
        EcartInscrit(ecartee=presente.ecartee),
        EcartInscrit(ecartee=corps.ecartee),
        {"motif": corps.motif},
    )
    return await une_execution(session, acces, identifiant)


def _inchangee(presente: ExecutionDetaillee, corps: EcartCorps) -> bool:
    """For the same reason, too; what counts anyway is not taken back."""
    if presente.ecartee != corps.ecartee:
        return False
    return not corps.ecartee or presente.mises_a_l_ecart[-1].motif == corps.motif
