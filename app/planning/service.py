"""Use cases: the planning that an éditeur communicates, out and in."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.erreurs import ErreurMetier
from app.planning import fichier
from app.planning.schemas import ImportLu, PlanningLu
from app.preseries import depot
from app.preseries.inscription import Auteur
from app.preseries.service import preserie_visible
from app.preseries.service_pilotes import enregistrer_pilotes
from app.preseries.versions import verifier
from app.preseries.vues import vue_pilote


async def exporter(session: AsyncSession, acces: Acces, code: str) -> PlanningLu:
    """Every pilote, also those who have left, by day of installation."""
    preserie = await preserie_visible(session, acces, code)
    pilotes = [vue_pilote(pilote) for pilote in await depot.pilotes(session, preserie.id)]
    return PlanningLu(preserie=code, elements=fichier.ordonner(pilotes))


async def importer(session: AsyncSession, auteur: Auteur, code: str, contenu: bytes) -> ImportLu:
    """All of a file or nothing of it; pilotes that it does not name stay.

    Raises CsvIllisible (400), VersionDepassee (412), CorpsInvalide (422), and what ``enregistrer_pilotes`` does.
    """
    present = await exporter(session, auteur.acces, code)
    verifier(auteur.si_match, present)
    voulus = fichier.lire(contenu, {pilote.numero_am: pilote for pilote in present.elements})
    try:
        inscrits = await enregistrer_pilotes(session, auteur, code, voulus)
    except ErreurMetier as refus:
        refus.erreurs += fichier.nommer_les_lignes(contenu, refus.fautifs)
        raise
    crees = [inscrit.cree for inscrit in inscrits.values()]
    return ImportLu(inscrits=crees.count(True), modifies=crees.count(False), inchanges=crees.count(None))
