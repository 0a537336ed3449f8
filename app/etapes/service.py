"""Use cases: from one state of a présérie to the next (``cycle``). Done twice, a step changes nothing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.erreurs import ClotureIncomplete, DemarrageIncomplet, EtapeRefusee
from app.etapes.preparatifs import Preparatifs, manquants_a_la_cloture, manquants_au_demarrage
from app.etapes.schemas import TracesPostesLues
from app.preseries import depot
from app.preseries.cycle import (
    EN_COURS,
    TRACES_COUPEES,
    TRANSITIONS,
    VALIDEE,
    Action,
    Etape,
    Statut,
    acquise,
    etape,
    etat_traces,
    refus,
)
from app.preseries.inscription import Auteur, noter
from app.preseries.modeles import Logiciel, Preserie
from app.preseries.schemas import PreserieLue
from app.preseries.service import objet_preserie, preserie_ou_404, preserie_visible
from app.preseries.service_modalites import refuser_un_ecart
from app.preseries.service_pilotes import deja_engage
from app.preseries.vues import vue_pilote, vue_preserie
from app.referentiels import EN_VIGUEUR


async def demarrer(session: AsyncSession, auteur: Auteur, code: str) -> PreserieLue:
    """Opens a présérie to traces, under the référentiel of now.

    Raises DemarrageIncomplet, ModaliteRefusee, EtapeRefusee or Conflit (409), VersionDepassee (412).
    """
    preserie = await preserie_ou_404(session, code)
    avant = await vue_preserie(session, preserie)
    if acquise(situer(preserie), Action.DEMARRAGE):
        return avant
    auteur.verifier(avant)
    refuser(preserie, Action.DEMARRAGE)
    regles = EN_VIGUEUR[preserie.categorie_ps]
    preserie.referentiel_version = regles.version
    logiciel = await session.get_one(Logiciel, preserie.logiciel_id)
    pilotes = sum(pilote.retire_le is None for pilote in await depot.pilotes(session, preserie.id))
    presents = Preparatifs(logiciel.cnda_numero is not None, avant.jalons.keys(), pilotes)
    if manques := manquants_au_demarrage(presents, regles.entree.jalons):
        raise DemarrageIncomplet(manques)
    await _rouvrir(session, preserie)
    return await franchir(session, auteur, preserie, Action.DEMARRAGE, avant)


async def basculer_les_traces(session: AsyncSession, auteur: Auteur, code: str, actives: bool) -> TracesPostesLues:
    """Switches the traces of a validated présérie off, and on again; raises EtapeRefusee (409), Introuvable (404)."""
    preserie = await preserie_visible(session, auteur.acces, code)
    action = Action.REACTIVATION if actives else Action.DESACTIVATION
    if acquise(situer(preserie), action):
        return vue_traces(preserie)
    avant = await vue_preserie(session, preserie)
    auteur.verifier(avant)
    refuser(preserie, action)
    if actives:
        await _rouvrir(session, preserie)
    await franchir(session, auteur, preserie, action, avant)
    return vue_traces(preserie)


async def cloturer(session: AsyncSession, auteur: Auteur, code: str) -> PreserieLue:
    """Ends a validated présérie and destroys its key; raises ClotureIncomplete or EtapeRefusee (409)."""
    preserie = await preserie_ou_404(session, code)
    avant = await vue_preserie(session, preserie)
    presente = situer(preserie)
    if acquise(presente, Action.CLOTURE):
        return avant
    auteur.verifier(avant)
    if presente not in (VALIDEE, TRACES_COUPEES):
        refuser(preserie, Action.CLOTURE)
    if manques := manquants_a_la_cloture(presente == TRACES_COUPEES, avant.jalons.keys()):
        raise ClotureIncomplete(manques)
    return await franchir(session, auteur, preserie, Action.CLOTURE, avant)


async def franchir(
    session: AsyncSession,
    auteur: Auteur,
    preserie: Preserie,
    action: Action,
    avant: PreserieLue,
    personnel: Mapping[str, Any] | None = None,
) -> PreserieLue:
    """Takes a présérie along a transition that exists, with what that brings, and tells the journal."""
    depart = situer(preserie)
    arrivee = TRANSITIONS[depart, action]
    maintenant = await depot.maintenant(session)
    preserie.statut, preserie.traces_actives = arrivee.statut.value, arrivee.traces_actives
    if etat_traces(*depart) is not etat_traces(*arrivee):
        preserie.traces_depuis_le = maintenant
    if depart.statut is not arrivee.statut:
        if arrivee == EN_COURS:
            preserie.demarree_le = maintenant
        elif arrivee == VALIDEE:
            preserie.validee_le = maintenant
        elif arrivee.terminee:
            preserie.terminee_le = maintenant
            preserie.cle_enveloppee = None
    apres = await vue_preserie(session, preserie)
    await noter(session, auteur, action.value, await objet_preserie(session, preserie), avant, apres, personnel)
    return apres


def situer(preserie: Preserie) -> Etape:
    """Where a présérie stands in its cycle."""
    return etape(Statut(preserie.statut), preserie.traces_actives)


def refuser(preserie: Preserie, action: Action) -> None:
    """Raises EtapeRefusee (409) where no transition leads on by this action."""
    if (raison := refus(situer(preserie), action)) is not None:
        raise EtapeRefusee(raison)


def vue_traces(preserie: Preserie) -> TracesPostesLues:
    presente = situer(preserie)
    return TracesPostesLues(
        actives=presente.traces_actives,
        traces_postes=etat_traces(*presente).value,
        depuis_le=preserie.traces_depuis_le,
    )


async def _rouvrir(session: AsyncSession, preserie: Preserie) -> None:
    """What binds an open présérie, judged anew: others of its logiciel may have opened since its pilotes were entered.

    Raises ModaliteRefusee or Conflit (409).
    """
    pilotes = [vue_pilote(pilote) for pilote in await depot.pilotes(session, preserie.id)]
    await refuser_un_ecart(session, preserie, None, (preserie.cpam, pilotes))
    restent = [pilote.numero_am for pilote in pilotes if pilote.retire_le is None]
    if await depot.pilotes_deja_engages(session, preserie, restent):
        raise deja_engage()
