"""Use cases: bilans of one présérie and of several, their breakdowns and pilotes. Each on one snapshot."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.bilan import depot
from app.bilan.depot import Selection
from app.bilan.faits import Dossier, Faits, PiloteInscrit
from app.bilan.jugement import juger, sommer
from app.bilan.schemas import Axe, BilanEditeur, BilanLu, BilanModule, PiloteSuiviLu, Ventilation
from app.bilan.sources import PRESENT, Source, connue_au
from app.erreurs import Introuvable, TracesPurgees
from app.parametres import Page
from app.preseries import depot as registre
from app.preseries.modeles import Module
from app.preseries.pilotes import EtatPilote
from app.preseries.service import introuvable

EDITEUR_INCONNU = "Aucun éditeur de ce code ne vous est connu : vérifiez le code."
MODULE_INCONNU = "Aucun module de ce code ne vous est connu : vérifiez le code."


async def dossier_visible(
    session: AsyncSession, acces: Acces, code: str, au: datetime | None = None
) -> tuple[Dossier, Source]:
    """A présérie, and where its figures are read.

    Raises Introuvable (404) also where the présérie is another's: that it exists is not theirs to know; TracesPurgees
    (410) for an instant, once there are no raw traces left to work it out from.
    """
    trouves = await depot.dossiers(session, Selection(preserie=code, visible_par=acces))
    if not trouves:
        raise introuvable()
    if au is None:
        return trouves[0], PRESENT
    if trouves[0].purgee_le is not None:
        raise TracesPurgees
    return trouves[0], connue_au(trouves[0].id, au)


async def faits_visibles(session: AsyncSession, acces: Acces, code: str, au: datetime | None = None) -> Faits:
    """What is known of a présérie; raises Introuvable (404), TracesPurgees (410) as ``dossier_visible`` does."""
    if au is None:
        selection, source = Selection(preserie=code, visible_par=acces), PRESENT
    else:  # who may see it is judged by the registry of now
        selection, source = Selection(preserie=code), (await dossier_visible(session, acces, code, au))[1]
    trouves = await depot.lire_faits(session, selection, source)
    if not trouves:
        raise introuvable()
    return trouves[0]


async def bilan(session: AsyncSession, acces: Acces, code: str, au: datetime | None) -> BilanLu:
    return juger(await faits_visibles(session, acces, code, au))


async def bilans(session: AsyncSession, selection: Selection, apres: str | None, limite: int) -> Page[BilanLu]:
    """A page of the bilans of a selection, by the codes of their préséries."""
    faits = await depot.lire_faits(session, selection, apres=apres, limite=limite + 1)
    return _page([juger(f) for f in faits[:limite]], encore=len(faits) > limite)


async def bilan_editeur(session: AsyncSession, acces: Acces, code: str, apres: str | None, limite: int) -> BilanEditeur:
    """Sums over what the caller may see of an éditeur; raises Introuvable (404)."""
    faits = await depot.lire_faits(session, Selection(editeur=code, visible_par=acces))
    connu = acces.preseries is None and acces.voit_editeur(code) and await registre.editeur(session, code) is not None
    if not faits and not connu:
        raise Introuvable(EDITEUR_INCONNU)
    page = _page_de(faits, apres, limite)
    return BilanEditeur(editeur=code, preseries=page.elements, suivant=page.suivant, **dict(sommer(faits)))


async def bilan_module(session: AsyncSession, acces: Acces, code: str, apres: str | None, limite: int) -> BilanModule:
    """Sums over what the caller may see of a module: its owner sees no intégrateur's; raises Introuvable (404)."""
    faits = await depot.lire_faits(session, Selection(module=code, visible_par=acces))
    connu = acces.preseries is None and await _voit_module(session, acces, code)
    if not faits and not connu:
        raise Introuvable(MODULE_INCONNU)
    page = _page_de(faits, apres, limite)
    return BilanModule(module=code, preseries=page.elements, suivant=page.suivant, **dict(sommer(faits)))


async def ventilation(session: AsyncSession, acces: Acces, code: str, axe: Axe, au: datetime | None) -> Ventilation:
    dossier, source = await dossier_visible(session, acces, code, au)
    return Ventilation(par=axe, lignes=await depot.ventiler(session, dossier, axe, source))


async def pilotes(
    session: AsyncSession, acces: Acces, code: str, etat: EtatPilote | None, apres: str | None, limite: int
) -> Page[PiloteSuiviLu]:
    """A présérie's pilotes with their états, by N° AM."""
    faits = await faits_visibles(session, acces, code)
    tries = sorted(faits.pilotes, key=lambda pilote: pilote.numero_am)
    lus = [_pilote(faits, pilote) for pilote in tries if apres is None or pilote.numero_am > apres]
    voulus = [lu for lu in lus if etat is None or etat in lu.etats]
    suivant = voulus[limite - 1].numero_am if len(voulus) > limite else None
    return Page(elements=voulus[:limite], suivant=suivant)


def _pilote(faits: Faits, pilote: PiloteInscrit) -> PiloteSuiviLu:
    return PiloteSuiviLu(
        numero_am=pilote.numero_am,
        installe_le=pilote.installe_le,
        retire_le=pilote.retire_le,
        derniere_reception_le=faits.suivi(pilote).derniere_reception,
        etats=faits.etats(pilote, faits.dossier.lu_le),
    )


async def _voit_module(session: AsyncSession, acces: Acces, code: str) -> bool:
    requete = registre.liste_modules(acces.editeur).where(Module.code == code)
    return (await session.execute(requete)).first() is not None


def _page_de(faits: list[Faits], apres: str | None, limite: int) -> Page[BilanLu]:
    """Sorted here: the database's collation may put codes in another order than the cursor is compared by."""
    tries = sorted(faits, key=lambda f: f.dossier.preserie)
    restent = [f for f in tries if apres is None or f.dossier.preserie > apres]
    return _page([juger(f) for f in restent[:limite]], encore=len(restent) > limite)


def _page(bilans: list[BilanLu], *, encore: bool) -> Page[BilanLu]:
    return Page(elements=bilans, suivant=bilans[-1].preserie if encore else None)
