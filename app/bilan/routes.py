"""Bilans of one présérie and of several, their breakdowns and pilotes."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.bilan import service
from app.bilan.dependances import Au, CodeChemin, Lecteur
from app.bilan.depot import Selection
from app.bilan.schemas import Axe, BilanEditeur, BilanLu, BilanModule, PiloteSuiviLu, Ventilation
from app.erreurs import EcritureEnCours, Introuvable, TracesPurgees
from app.formes import CODE
from app.parametres import LIMITE, ApresCode, ApresNumeroAm, Limite, Page
from app.preseries.cycle import Statut
from app.preseries.pilotes import EtatPilote
from app.preseries.service import introuvable
from app.reponses import problemes
from app.stockage.dependances import SessionLecture

routes = APIRouter(tags=["Bilan"])
CodeFiltre = Annotated[str | None, Query(pattern=CODE)]


@routes.get(
    "/bilan",
    summary="Les bilans des préséries",
    description="Ceux que votre clé permet de voir, par pages, dans l'ordre des codes des préséries.",
)
async def lire_bilans(
    acces: Lecteur,
    session: SessionLecture,
    editeur: CodeFiltre = None,
    module: CodeFiltre = None,
    statut: Statut | None = None,
    apres: ApresCode = None,
    limite: Limite = LIMITE,
) -> Page[BilanLu]:
    selection = Selection(editeur=editeur, module=module, statut=statut, visible_par=acces)
    return await service.bilans(session, selection, apres, limite)


@routes.get(
    "/bilan/editeurs/{code}",
    summary="Les chiffres d'un éditeur, et les bilans de ses préséries",
    description="Les chiffres font la somme des préséries que votre clé permet de voir ; leurs bilans viennent "
    "par pages.",
    responses=problemes(Introuvable(service.EDITEUR_INCONNU)),
)
async def lire_bilan_editeur(
    code: CodeChemin, acces: Lecteur, session: SessionLecture, apres: ApresCode = None, limite: Limite = LIMITE
) -> BilanEditeur:
    return await service.bilan_editeur(session, acces, code, apres, limite)


@routes.get(
    "/bilan/modules/{code}",
    summary="Les chiffres d'un module, et les bilans des préséries qui l'utilisent",
    description="Les chiffres font la somme des préséries que votre clé permet de voir : le propriétaire du "
    "module ne voit pas celles des intégrateurs.",
    responses=problemes(Introuvable(service.MODULE_INCONNU)),
)
async def lire_bilan_module(
    code: CodeChemin, acces: Lecteur, session: SessionLecture, apres: ApresCode = None, limite: Limite = LIMITE
) -> BilanModule:
    return await service.bilan_module(session, acces, code, apres, limite)


@routes.get(
    "/bilan/preseries/{code}",
    summary="Le bilan d'une présérie",
    description="Les cinq critères et leurs chiffres, les modalités de la présérie et le verdict proposé, lus "
    "ensemble à un même instant. Avec « au », 410 une fois les traces brutes purgées.",
    responses=problemes(introuvable(), TracesPurgees, EcritureEnCours),
)
async def lire_bilan(code: CodeChemin, acces: Lecteur, au: Au, session: SessionLecture) -> BilanLu:
    return await service.bilan(session, acces, code, au)


@routes.get(
    "/bilan/preseries/{code}/ventilation",
    summary="Les exécutions par pilote, version, type ou jour",
    description="Les lignes font la somme exacte des exécutions de la fenêtre des critères. Avec « au », 410 une fois "
    "les traces brutes purgées.",
    responses=problemes(introuvable(), TracesPurgees, EcritureEnCours),
)
async def ventiler(code: CodeChemin, par: Axe, acces: Lecteur, au: Au, session: SessionLecture) -> Ventilation:
    return await service.ventilation(session, acces, code, par, au)


@routes.get(
    "/bilan/preseries/{code}/pilotes",
    summary="Les pilotes d'une présérie : installés, silencieux",
    description="Un pilote installé dont rien n'est reçu pendant trois jours est silencieux, tant que la "
    "présérie attend des traces.",
    responses=problemes(introuvable()),
)
async def suivre_les_pilotes(
    code: CodeChemin,
    acces: Lecteur,
    session: SessionLecture,
    etat: EtatPilote | None = None,
    apres: ApresNumeroAm = None,
    limite: Limite = LIMITE,
) -> Page[PiloteSuiviLu]:
    return await service.pilotes(session, acces, code, etat, apres, limite)
