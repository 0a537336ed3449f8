"""Use cases of the pilote who was invited: read the questions, answer, correct the answer. The token is its key."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.erreurs import CorpsInvalide, Introuvable, InvitationExpiree, QuestionnaireClos
from app.journal import depot as journal
from app.journal.depot import QUESTIONNAIRE, Fait
from app.preseries import depot as registre
from app.preseries.cycle import EN_USAGE
from app.preseries.inscription import Inscrit
from app.questionnaire import depot
from app.questionnaire.depot import Invite
from app.questionnaire.modeles import Reponse
from app.questionnaire.regles import jour_de, masquer
from app.questionnaire.schemas import QuestionnaireLu, QuestionsLues, ReponseCorps, ReponseDonnee
from app.questionnaire.service import empreinte, regles


@dataclass(frozen=True, slots=True)
class Ouvert:
    """A questionnaire that its pilote may answer."""

    invite: Invite
    presente: Reponse | None

    @property
    def lu(self) -> QuestionnaireLu:
        questions = regles(self.invite.preserie).questionnaire
        return QuestionnaireLu(
            logiciel=self.invite.logiciel,
            expire_le=self.invite.invitation.expire_le,
            titre=questions.titre,
            introduction=questions.introduction,
            notes=list(questions.notes),
            questions=QuestionsLues.model_validate(questions, from_attributes=True),
            reponse=_donnee(self.presente) if self.presente is not None else None,
        )


async def ouvrir(session: AsyncSession, jeton: str) -> Ouvert:
    """Raises Introuvable (404), InvitationExpiree (410), QuestionnaireClos (409)."""
    invite = await depot.invite(session, empreinte(jeton))
    if invite is None:
        raise lien_inconnu()
    if not invite.valable:
        raise InvitationExpiree
    if invite.preserie.bilan_arrete_le is not None or invite.preserie.statut not in EN_USAGE:
        raise QuestionnaireClos
    return Ouvert(invite, await depot.derniere_reponse(session, invite.preserie.id, invite.invitation.pilote_id))


async def repondre(session: AsyncSession, jeton: str, corps: ReponseCorps) -> Inscrit[ReponseDonnee]:
    """Adds an answer where it is another than the present one; raises as ``ouvrir``, and CorpsInvalide (422).

    Compared as they are shown, so that sending the page again changes nothing.
    """
    ouvert = await ouvrir(session, jeton)
    invite, presente = ouvert.invite, ouvert.presente
    _verifier_les_operations(corps, invite)
    if presente is not None and _contenu(presente) == _contenu(corps):
        return Inscrit(_donnee(presente), None)
    ligne = Reponse(
        preserie_id=invite.preserie.id,
        pilote_id=invite.invitation.pilote_id,
        **corps.model_dump(),
    )
    session.add(ligne)
    await session.flush()
    fait = Fait(
        action="creation" if presente is None else "modification",
        objet="reponse",
        code=None,
        editeur=await registre.editeur_de(session, invite.preserie.logiciel_id),
        preserie=invite.preserie.code,
        personnel={"numero_am": invite.numero_am},
    )
    await journal.noter(session, None, fait, sans_cle=QUESTIONNAIRE)
    return Inscrit(_donnee(ligne), presente is None)


def _verifier_les_operations(corps: ReponseCorps, invite: Invite) -> None:
    """Raises CorpsInvalide (422) for an operation that this référentiel does not ask about."""
    if not corps.operations.keys() <= regles(invite.preserie).questionnaire.operations.keys():
        message = "à chaque opération demandée, une note de 1 à 5"
        raise CorpsInvalide(f"operations : {message}.", erreurs=[{"champ": "operations", "message": message}])


def _contenu(reponse: Reponse | ReponseCorps) -> tuple[object, ...]:
    return (
        *(reponse.satisfaction, reponse.operations, reponse.frein_bloquant),
        *(masquer(reponse.frein), masquer(reponse.commentaire)),
    )


def _donnee(ligne: Reponse) -> ReponseDonnee:
    return ReponseDonnee(
        le=jour_de(ligne.le),
        satisfaction=ligne.satisfaction,
        operations=ligne.operations,
        frein_bloquant=ligne.frein_bloquant,
        frein=masquer(ligne.frein),
        commentaire=masquer(ligne.commentaire),
    )


def lien_inconnu() -> Introuvable:
    return Introuvable(
        "Ce lien n'est pas connu : recopiez-le en entier depuis votre invitation, ou demandez-en une nouvelle à "
        "l'éditeur de votre logiciel."
    )
