"""Which logiciels are covered by a validated présérie, and why the others are not."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.formes import CODE
from app.parametres import LIMITE, ApresCodes, Limite, Page
from app.preseries import service_validites
from app.preseries.dependances import Lecteur
from app.preseries.schemas import ValiditeDeLogicielLue
from app.preseries.service_validites import Filtre
from app.stockage.dependances import SessionLecture

routes = APIRouter(tags=["Registre"])
CodeFiltre = Annotated[str | None, Query(pattern=CODE)]


@routes.get(
    "/validites",
    summary="Les logiciels que couvre une présérie validée",
    description="Une ligne par logiciel et par catégorie, par pages. Une présérie validée vaut pour son logiciel, et "
    "pour ceux du même éditeur qui utilisent le même module, s'il le possède ; jamais pour un autre logiciel d'un "
    "intégrateur. Un éditeur ne voit que ses logiciels.",
)
async def lister_validites(
    acces: Lecteur,
    session: SessionLecture,
    editeur: CodeFiltre = None,
    module: CodeFiltre = None,
    categorie_ps: CodeFiltre = None,
    apres: ApresCodes = None,
    limite: Limite = LIMITE,
) -> Page[ValiditeDeLogicielLue]:
    return await service_validites.lister(session, acces, Filtre(editeur, module, categorie_ps), apres, limite)
