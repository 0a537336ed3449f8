"""Use cases of who runs the questionnaire: invite, see who has answered, read the results, lift a frein."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.erreurs import Conflit, CorpsInvalide, EtapeRefusee, Introuvable, QuestionnaireClos
from app.journal import depot as journal
from app.journal.depot import Fait
from app.parametres import Page, curseur, numero
from app.preseries import depot as registre
from app.preseries.cycle import EN_USAGE
from app.preseries.modeles import Preserie
from app.preseries.service import preserie_ou_404, preserie_visible, refuser_si_terminee
from app.questionnaire import depot
from app.questionnaire.modeles import Invitation, LeveeFrein
from app.questionnaire.regles import Reponse, jour_de, masquer
from app.questionnaire.schemas import (
    Frein,
    InvitationEmise,
    InvitationLue,
    InvitationsCorps,
    LeveeCorps,
    ReponseLue,
    ResultatsLus,
)
from app.referentiels import VERSIONS, Referentiel

_OCTETS = 32


async def inviter(
    session: AsyncSession, acces: Acces, code: str, corps: InvitationsCorps, adresse: str
) -> list[InvitationEmise]:
    """New tokens, which replace those before; ``adresse`` is what they are put after.

    Raises Introuvable (404), EtapeRefusee (409), CorpsInvalide (422) where one asked for is no pilote, or has left.
    """
    preserie = await preserie_visible(session, acces, code)
    if preserie.statut not in EN_USAGE:
        raise hors_preserie()
    if preserie.bilan_arrete_le is not None:
        raise QuestionnaireClos
    presents = await depot.a_inviter(session, preserie.id)
    voulus = sorted(set(corps.numeros_am)) if corps.numeros_am is not None else list(presents)
    if not set(voulus) <= presents.keys():
        raise pilote_inconnu()
    validite = timedelta(days=regles(preserie).questionnaire.validite_jours)
    expire_le = await registre.maintenant(session) + validite
    jetons = {numero_am: secrets.token_urlsafe(_OCTETS) for numero_am in voulus}
    for numero_am, jeton in jetons.items():
        session.add(
            Invitation(
                cle_id=acces.cle_id,
                preserie_id=preserie.id,
                pilote_id=presents[numero_am],
                empreinte=empreinte(jeton),
                expire_le=expire_le,
            )
        )
    editeur = await registre.editeur_de(session, preserie.logiciel_id)
    faits = [
        Fait(
            action="creation",
            objet="invitation",
            code=str(presents[numero_am]),
            editeur=editeur,
            preserie=code,
            apres={"expire_le": expire_le.isoformat()},
            personnel={"numero_am": numero_am},
        )
        for numero_am in voulus
    ]
    await journal.noter(session, acces, *faits)
    return [InvitationEmise(numero_am=n, jeton=jeton, url=adresse + jeton) for n, jeton in jetons.items()]


async def invitations(
    session: AsyncSession, acces: Acces, code: str, apres: str | None, limite: int
) -> Page[InvitationLue]:
    preserie = await preserie_visible(session, acces, code)
    lignes = await depot.invitations(session, preserie.id, apres, limite + 1)
    elements = [
        InvitationLue(
            numero_am=numero_am,
            invite_le=le,
            expire_le=expire_le,
            repondu_le=jour_de(repondu_le) if repondu_le is not None else None,
        )
        for numero_am, le, expire_le, repondu_le in lignes[:limite]
    ]
    return Page(elements=elements, suivant=elements[-1].numero_am if len(lignes) > limite else None)


async def resultats(session: AsyncSession, acces: Acces, code: str, au: datetime | None) -> ResultatsLus:
    preserie = await preserie_visible(session, acces, code)
    invites, recues = await depot.lire(session, preserie.id, au)
    return ResultatsLus.de(recues, invites, regles(preserie).questionnaire.operations)


async def reponses(
    session: AsyncSession,
    acces: Acces,
    code: str,
    au: datetime | None,
    frein: Frein | None,
    apres: str | None,
    limite: int,
) -> Page[ReponseLue]:
    """The latest answer of each pilote, without a word on whose it is."""
    preserie = await preserie_visible(session, acces, code)
    depuis = curseur(apres, numero) or 0
    _, recues = await depot.lire(session, preserie.id, au)
    voulues = [r for r in _du_frein(recues, frein) if r.id > depuis]
    suivant = str(voulues[limite - 1].id) if len(voulues) > limite else None
    return Page(elements=[_lue(r) for r in voulues[:limite]], suivant=suivant)


async def lever(session: AsyncSession, acces: Acces, code: str, reponse_id: int, corps: LeveeCorps) -> ReponseLue:
    """Lifts the frein of the latest answer of a pilote, or puts back one that was lifted by mistake.

    Raises Introuvable (404), Conflit (409) where it has none or another motif lifted it, EtapeRefusee (409).
    """
    preserie = await preserie_ou_404(session, code)
    lue = await _derniere(session, preserie, reponse_id)
    if lue is None:
        raise reponse_inconnue()
    if not lue.frein_bloquant:
        raise sans_frein()
    if (lue.frein_leve_le is not None) is corps.frein_leve:
        if corps.frein_leve and lue.motif != corps.motif:
            raise deja_leve()
        return lue
    refuser_si_terminee(preserie)
    session.add(LeveeFrein(cle_id=acces.cle_id, reponse_id=reponse_id, leve=corps.frein_leve, motif=corps.motif))
    await session.flush()
    fait = Fait(
        action="levee" if corps.frein_leve else "retablissement",
        objet="reponse",
        code=str(reponse_id),
        editeur=await registre.editeur_de(session, preserie.logiciel_id),
        preserie=code,
        personnel={"motif": corps.motif},
    )
    await journal.noter(session, acces, fait)
    levee = await _derniere(session, preserie, reponse_id)
    assert levee is not None  # noqa: S101 — read above, within the same transaction
    return levee


async def _derniere(session: AsyncSession, preserie: Preserie, reponse_id: int) -> ReponseLue | None:
    _, recues = await depot.lire(session, preserie.id, None)
    return next((_lue(r) for r in recues if r.id == reponse_id), None)


def _du_frein(recues: Sequence[Reponse], frein: Frein | None) -> list[Reponse]:
    if frein is None:
        return list(recues)
    return [r for r in recues if r.frein_bloquant and r.frein_ouvert is (frein == "ouvert")]


def _lue(r: Reponse) -> ReponseLue:
    return ReponseLue(
        id=r.id,
        le=jour_de(r.le),
        satisfaction=r.satisfaction,
        operations=dict(r.operations),
        frein_bloquant=r.frein_bloquant,
        frein=masquer(r.frein),
        commentaire=masquer(r.commentaire),
        frein_leve_le=r.levee_le,
        motif=r.motif,
    )


def empreinte(jeton: str) -> bytes:
    """What is kept of a token; 256 random bits need no salt."""
    return hashlib.sha256(jeton.encode()).digest()


def regles(preserie: Preserie) -> Referentiel:
    return VERSIONS[preserie.categorie_ps, preserie.referentiel_version]


def hors_preserie() -> EtapeRefusee:
    return EtapeRefusee(
        "Les pilotes répondent au questionnaire d'une présérie en cours ou validée : attendez son démarrage, ou "
        "lisez les réponses d'une présérie terminée."
    )


def pilote_inconnu() -> CorpsInvalide:
    message = "chacun est celui d'un pilote de la présérie, qui ne l'a pas quittée"
    return CorpsInvalide(f"numeros_am : {message}.", erreurs=[{"champ": "numeros_am", "message": message}])


def reponse_inconnue() -> Introuvable:
    return Introuvable(
        "Aucune réponse de ce numéro ne tient dans cette présérie : reprenez-le dans la liste des réponses, une "
        "correction a pu la remplacer."
    )


def sans_frein() -> Conflit:
    return Conflit("Cette réponse ne signale aucun frein bloquant : il n'y a rien à lever.")


def deja_leve() -> Conflit:
    return Conflit("Le frein de cette réponse est déjà levé : son motif ne change plus.")
