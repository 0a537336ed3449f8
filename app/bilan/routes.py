"""Bilans of one présérie and of several, their breakdowns and pilotes."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.bilan import service
from app.bilan.dependances import Au, CodeChemin, Lecteur
from app.bilan.depot import Selection
from app.bilan.schemas import Axe, BilanEditeur, BilanLu, BilanModule, PiloteSuiviLu, Ventilation
from app.formes import CODE
from app.parametres import LIMITE, Apres, Limite, Page
from app.preseries.cycle import Statut
from app.preseries.pilotes import EtatPilote
from app.stockage.dependances import SessionLecture

routes = APIRouter(tags=["Bilan"])
CodeFiltre = Annotated[str | None, Query(pattern=CODE)]


@routes.get("/bilan", summary="Les bilans des préséries")
async def lire_bilans(
    acces: Lecteur,
    session: SessionLecture,
    editeur: CodeFiltre = None,
    module: CodeFiltre = None,
    statut: Statut | None = None,
    apres: Apres = None,
    limite: Limite = LIMITE,
) -> Page[BilanLu]:
    selection = Selection(editeur=editeur, module=module, statut=statut, visible_par=acces)
    return await service.bilans(session, selection, apres, limite)


@routes.get("/bilan/editeurs/{code}", summary="Les chiffres d'un éditeur, et les bilans de ses préséries")
async def lire_bilan_editeur(
    code: CodeChemin, acces: Lecteur, session: SessionLecture, apres: Apres = None, limite: Limite = LIMITE
) -> BilanEditeur:
    return await service.bilan_editeur(session, acces, code, apres, limite)


@routes.get("/bilan/modules/{code}", summary="Les chiffres d'un module, et les bilans des préséries qui l'utilisent")
async def lire_bilan_module(
    code: CodeChemin, acces: Lecteur, session: SessionLecture, apres: Apres = None, limite: Limite = LIMITE
) -> BilanModule:
    return await service.bilan_module(session, acces, code, apres, limite)


@routes.get("/bilan/preseries/{code}", summary="Le bilan d'une présérie")
async def lire_bilan(code: CodeChemin, acces: Lecteur, au: Au, session: SessionLecture) -> BilanLu:
    return await service.bilan(session, acces, code, au)


@routes.get("/bilan/preseries/{code}/ventilation", summary="Les exécutions par pilote, version, type ou jour")
async def ventiler(code: CodeChemin, par: Axe, acces: Lecteur, au: Au, session: SessionLecture) -> Ventilation:
    return await service.ventilation(session, acces, code, par, au)


@routes.get("/bilan/preseries/{code}/pilotes", summary="Les pilotes d'une présérie : installés, silencieux")
async def suivre_les_pilotes(
    code: CodeChemin,
    acces: Lecteur,
    session: SessionLecture,
    etat: EtatPilote | None = None,
    apres: Apres = None,
    limite: Limite = LIMITE,
) -> Page[PiloteSuiviLu]:
    return await service.pilotes(session, acces, code, etat, apres, limite)
