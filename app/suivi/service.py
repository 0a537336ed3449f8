"""Use case: the workstations of a présérie, for whoever has to chase those that went silent or do not stop."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.erreurs import TracesPurgees
from app.parametres import Page, curseur
from app.preseries import depot as registre
from app.preseries.cycle import EtatTraces, Statut, etat_traces
from app.preseries.modeles import Preserie
from app.preseries.service import preserie_visible
from app.referentiels import VERSIONS
from app.suivi import depot
from app.suivi.attentes import AVANT_TOUT, Attentes, ClePoste, attentes, lire_cle
from app.suivi.depot import Filtre, Releve
from app.suivi.schemas import ApresDesactivation, PosteSuiviLu, SequencesLues, TracesDuPoste, TrouLu


async def postes(
    session: AsyncSession, acces: Acces, code: str, filtre: Filtre, apres: str | None, limite: int
) -> Page[PosteSuiviLu]:
    """A page of a présérie's workstations, by N° AM and name.

    Raises Introuvable (404), TracesPurgees (410) where what it is read from is gone, CorpsInvalide (422).
    """
    preserie = await preserie_visible(session, acces, code)
    if preserie.purgee_le is not None:
        raise TracesPurgees
    cle = curseur(apres, lire_cle)
    releve = await _releve(session, preserie)
    lignes = await depot.postes(session, releve, filtre, cle.rang if cle is not None else AVANT_TOUT, limite + 1)
    elements = [_poste(ligne, _etat(preserie)) for ligne in lignes[:limite]]
    derniere = elements[-1] if len(lignes) > limite else None
    return Page(
        elements=elements,
        suivant=str(ClePoste(derniere.numero_am, derniere.poste)) if derniere is not None else None,
    )


async def pertes(
    session: AsyncSession, preserie_id: int, editeur: str, instant: datetime, au: datetime | None
) -> Sequence[RowMapping]:
    """The workstations of which traces were lost, with ``perdues`` and ``nombre_trous``."""
    releve = Releve(preserie_id, editeur, None, Attentes((), (), instant), au)
    return await depot.postes(session, releve, Filtre(perdues=True), AVANT_TOUT, None)


def _etat(preserie: Preserie) -> EtatTraces:
    return etat_traces(Statut(preserie.statut), preserie.traces_actives)


async def _releve(session: AsyncSession, preserie: Preserie) -> Releve:
    etat = _etat(preserie)
    pilotes, maintenant = await depot.pilotes(session, preserie.id)
    referentiel = VERSIONS[preserie.categorie_ps, preserie.referentiel_version]
    silence = timedelta(days=referentiel.pilotes.silence_jours)
    return Releve(
        preserie.id,
        await registre.editeur_de(session, preserie.logiciel_id),
        preserie.traces_depuis_le if etat is EtatTraces.DESACTIVEES else None,
        attentes(pilotes, preserie.traces_depuis_le if etat is EtatTraces.ACTIVES else None, maintenant, silence),
    )


def _poste(p: RowMapping, etat: EtatTraces) -> PosteSuiviLu:
    apres = None
    if etat is EtatTraces.DESACTIVEES:
        apres = ApresDesactivation(nombre=p["venues_depuis"] or 0, derniere_le=p["derniere_venue_le"])
    return PosteSuiviLu(
        numero_am=p["numero_am"],
        poste=p["poste"],
        derniere_reception_le=p["derniere_reception_le"],
        version=p["derniere_version"][2] if p["derniere_version"] is not None else None,
        traces=TracesDuPoste(
            enregistrees=p["enregistrees"] or 0, doublons=p["doublons"] or 0, rejetees=p["rejetees"] or 0
        ),
        sequences=_sequences(p),
        apres_desactivation=apres,
        silencieux=p["silencieux"],
    )


def _sequences(p: RowMapping) -> SequencesLues | None:
    """None where nothing was numbered, and where several workstations of unknown pilotes may share a name."""
    if p["premiere"] is None or p["numero_am"] is None:
        return None
    trous = [TrouLu(de=de, a=a) for de, a in p["trous"] or ()]
    return SequencesLues(premiere=p["premiere"], derniere=p["derniere"], perdues=int(p["perdues"]), trous=trous)
