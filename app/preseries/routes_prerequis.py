"""The technical prerequisites of deployment over HTTP; their list is behind the bilan's criterion."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.formes import CODE
from app.preseries import service_prerequis
from app.preseries.dependances import CnamOuEditeurInscrit, CodeChemin, Lecteur, repondre, versionner
from app.preseries.schemas import PrerequisCorps, PrerequisLu
from app.preseries.service import introuvable, terminee
from app.reponses import inscription, problemes, version
from app.stockage.dependances import SessionLecture, SessionRegistre

routes = APIRouter(tags=["Registre"])
PrerequisChemin = Annotated[str, Path(pattern=CODE)]


@routes.get(
    "/preseries/{code}/prerequis/{prerequis}",
    summary="Un prérequis technique au déploiement",
    description="Ce qu'il demande, le jour de sa validation, et sur quoi elle repose.",
    responses=version() | problemes(introuvable(), service_prerequis.inconnu()),
)
async def lire_prerequis(
    code: CodeChemin, prerequis: PrerequisChemin, acces: Lecteur, session: SessionLecture, reponse: Response
) -> PrerequisLu:
    return versionner(reponse, await service_prerequis.un_prerequis(session, acces, code, prerequis))


@routes.put(
    "/preseries/{code}/prerequis/{prerequis}",
    summary="Identifier, décrire ou valider un prérequis technique",
    description="Inscrit le prérequis (201) ou le remplace (200). Validé, il porte un jour, et dit sur quoi sa "
    "validation repose. Une fois la liste complète, le jalon « prerequis_identifies » le dit. Inscrit par erreur, il "
    "se retire (« retire_le », par la Cnam) : il ne compte plus.",
    responses=inscription(PrerequisLu) | problemes(introuvable(), service_prerequis.reserve_a_la_cnam(), terminee()),
)
async def inscrire_prerequis(
    code: CodeChemin,
    prerequis: PrerequisChemin,
    corps: PrerequisCorps,
    auteur: CnamOuEditeurInscrit,
    session: SessionRegistre,
    reponse: Response,
) -> PrerequisLu:
    return repondre(reponse, await service_prerequis.enregistrer_prerequis(session, auteur, code, prerequis, corps))
