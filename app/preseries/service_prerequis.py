"""Use cases: the technical prerequisites of deployment, by présérie."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces, Role
from app.erreurs import Introuvable, RoleInsuffisant
from app.preseries.inscription import Auteur, Inscrit, Objet, inscrire
from app.preseries.modeles import Prerequis
from app.preseries.schemas import PrerequisCorps, PrerequisLu
from app.preseries.service import objet_preserie, preserie_visible, refuser_si_terminee
from app.preseries.vues import vue_prerequis


async def enregistrer_prerequis(
    session: AsyncSession, auteur: Auteur, preserie: str, code: str, corps: PrerequisCorps
) -> Inscrit[PrerequisLu]:
    """Raises Introuvable (404), RoleInsuffisant (403), EtapeRefusee (409), VersionDepassee (412)."""
    presente = await preserie_visible(session, auteur.acces, preserie)
    connu = await session.get(Prerequis, (presente.id, code))
    avant = vue_prerequis(connu) if connu is not None else None
    auteur.verifier(avant)
    if auteur.acces.role is not Role.CNAM and corps.retire_le != (avant.retire_le if avant is not None else None):
        raise reserve_a_la_cnam()
    ligne = connu or Prerequis(preserie_id=presente.id, code=code)
    for champ, valeur in corps:
        setattr(ligne, champ, valeur)
    apres = vue_prerequis(ligne)
    if apres != avant:
        refuser_si_terminee(presente)
    session.add(ligne)
    objet = await objet_preserie(session, presente)
    return await inscrire(session, auteur, Objet("prerequis", code, objet.editeur, preserie), avant, apres)


async def un_prerequis(session: AsyncSession, acces: Acces, preserie: str, code: str) -> PrerequisLu:
    presente = await preserie_visible(session, acces, preserie)
    trouve = await session.get(Prerequis, (presente.id, code))
    if trouve is None:
        raise inconnu()
    return vue_prerequis(trouve)


def reserve_a_la_cnam() -> RoleInsuffisant:
    return RoleInsuffisant("Seule la Cnam retire un prérequis, ou le remet : laissez retire_le comme il est.")


def inconnu() -> Introuvable:
    return Introuvable("Aucun prérequis de ce code n'est connu dans cette présérie : vérifiez le code.")
