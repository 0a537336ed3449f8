"""Use cases: the pilotes of a présérie, one or many at once, under the modalités that bind."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import flag_modified

from app.acces.roles import Role
from app.erreurs import Conflit, RoleInsuffisant
from app.journal import depot as journal
from app.journal.depot import Fait
from app.preseries import depot
from app.preseries.cycle import EtatTraces, Statut, etat_traces
from app.preseries.inscription import Auteur, Inscrit
from app.preseries.modeles import Pilote, Preserie
from app.preseries.schemas import PiloteCorps, PiloteLu
from app.preseries.service import preserie_visible, refuser_si_terminee
from app.preseries.service_modalites import refuser_un_ecart
from app.preseries.versions import contenu
from app.preseries.vues import vue_pilote


async def enregistrer_pilote(
    session: AsyncSession, auteur: Auteur, code: str, numero_am: str, corps: PiloteCorps
) -> Inscrit[PiloteLu]:
    """Raises as ``enregistrer_pilotes`` does, and VersionDepassee (412)."""
    preserie = await preserie_visible(session, auteur.acces, code)
    present = await depot.pilote(session, preserie.id, numero_am)
    auteur.verifier(vue_pilote(present) if present is not None else None)
    return (await _inscrire(session, auteur, preserie, {numero_am: corps}))[numero_am]


async def enregistrer_pilotes(
    session: AsyncSession, auteur: Auteur, code: str, corps: Mapping[str, PiloteCorps]
) -> dict[str, Inscrit[PiloteLu]]:
    """Pilotes by N° AM, all or none of them; the modalités are those of what then stands.

    Raises Introuvable (404), RoleInsuffisant (403), ModaliteRefusee, EtapeRefusee or Conflit (409).
    """
    return await _inscrire(session, auteur, await preserie_visible(session, auteur.acces, code), corps)


async def _inscrire(
    session: AsyncSession, auteur: Auteur, preserie: Preserie, corps: Mapping[str, PiloteCorps]
) -> dict[str, Inscrit[PiloteLu]]:
    presents = {pilote.numero_am: pilote for pilote in await depot.pilotes(session, preserie.id)}
    avant = {numero: vue_pilote(pilote) for numero, pilote in presents.items()}
    voulus = {numero: PiloteLu.model_construct(numero_am=numero, **dict(un)) for numero, un in corps.items()}
    changes = {numero: voulu for numero, voulu in voulus.items() if voulu != avant.get(numero)}
    if changes:
        refuser_si_terminee(preserie)
        _reserver_a_la_cnam(auteur, preserie, avant, changes)
        apres = avant | changes
        if not all(_retrait(avant.get(numero), voulu) for numero, voulu in changes.items()):
            await refuser_un_ecart(session, preserie, (preserie.cpam, avant.values()), (preserie.cpam, apres.values()))
        await _refuser_les_engages(session, preserie, changes)
        await _ecrire(session, auteur, preserie, presents, changes)
    return {
        numero: Inscrit(voulu, (numero not in avant) if numero in changes else None) for numero, voulu in voulus.items()
    }


async def _ecrire(
    session: AsyncSession,
    auteur: Auteur,
    preserie: Preserie,
    presents: Mapping[str, Pilote],
    changes: Mapping[str, PiloteLu],
) -> None:
    """As many statements for a whole file as for one pilote: all of them wait for the registry's lock."""
    avant = {numero: vue_pilote(presents[numero]) for numero in changes if numero in presents}
    pilotes = {n: presents.get(n) or Pilote(preserie_id=preserie.id, numero_am=n) for n in changes}
    for numero, voulu in changes.items():
        for champ, valeur in voulu:
            setattr(pilotes[numero], champ, valeur)
            # Every column of each, changed or not, so that one statement is that of all.
            flag_modified(pilotes[numero], champ)
    session.add_all(pilotes.values())
    await session.flush()
    editeur = await depot.editeur_de(session, preserie.logiciel_id)
    faits = [_fait(editeur, preserie.code, pilotes[n].id, avant.get(n), voulu) for n, voulu in changes.items()]
    await journal.noter(session, auteur.acces, *faits)


def _fait(editeur: str, preserie: str, pilote_id: int, avant: PiloteLu | None, apres: PiloteLu) -> Fait:
    """A pilote is a person: all that is said of it lies beside the chain."""
    return Fait(
        action="modification" if avant is not None else "creation",
        objet="pilote",
        code=str(pilote_id),
        editeur=editeur,
        preserie=preserie,
        personnel={
            "numero_am": apres.numero_am,
            "avant": contenu(avant) if avant is not None else None,
            "apres": contenu(apres),
        },
    )


def _retrait(avant: PiloteLu | None, voulu: PiloteLu) -> bool:
    """Whether somebody leaves, and nothing else: a fact, which no modalité refuses."""
    return avant is not None and avant.model_copy(update={"retire_le": voulu.retire_le}) == voulu and not _reste(voulu)


def _reste(pilote: PiloteLu) -> bool:
    return pilote.retire_le is None


def _reserver_a_la_cnam(
    auteur: Auteur, preserie: Preserie, avant: Mapping[str, PiloteLu], changes: Mapping[str, PiloteLu]
) -> None:
    """The éditeur is judged: on phase 2 from the start, on all of its pilotes once validated (DOMAIN, « trust »)."""
    if auteur.acces.role is Role.CNAM or preserie.statut == Statut.PREPARATION:
        return
    if preserie.statut == Statut.VALIDEE:
        raise RoleInsuffisant("La présérie est validée : seule la Cnam change encore ses pilotes.")
    phases = {numero: avant[numero].phase_2_le if numero in avant else None for numero in changes}
    changees = [numero for numero, voulu in changes.items() if voulu.phase_2_le != phases[numero]]
    if changees:
        raise RoleInsuffisant("La présérie a démarré : seule la Cnam change « phase_2_le ».").de(
            dict.fromkeys(changees, "phase_2_le")
        )


async def _refuser_les_engages(session: AsyncSession, preserie: Preserie, changes: Mapping[str, PiloteLu]) -> None:
    if etat_traces(Statut(preserie.statut), preserie.traces_actives) is not EtatTraces.ACTIVES:
        return
    restent = [numero for numero, voulu in changes.items() if _reste(voulu)]
    if engages := await depot.pilotes_deja_engages(session, preserie, restent):
        raise deja_engage().de(dict.fromkeys(sorted(engages), "numero_am"))


def deja_engage() -> Conflit:
    return Conflit(
        "Un pilote de cette présérie est déjà dans une autre présérie ouverte du même logiciel : "
        "menez l'autre à son terme, ou retirez-en le pilote (retire_le)."
    )
