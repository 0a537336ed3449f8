"""The journal over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.acces.dependances import exiger
from app.acces.roles import Acces, Role
from app.formes import CODE, InstantBorne
from app.journal import service
from app.journal.depot import Filtre
from app.journal.schemas import EntreeLue
from app.parametres import LIMITE, Limite, Page
from app.stockage.dependances import SessionLecture

routes = APIRouter(tags=["Journal"])
Lecteur = Annotated[Acces, Depends(exiger(Role.EDITEUR))]
ApresNumero = Annotated[int | None, Query(ge=1, lt=10**18)]
Preserie = Annotated[str | None, Query(pattern=CODE)]
Objet = Annotated[str | None, Query(pattern=r"^[a-z][a-z_]{1,40}$")]


@routes.get(
    "/journal",
    summary="Le journal des changements",
    description="Qui a changé quoi, et quand ; par pages, les derniers changements d'abord. Chaque entrée porte "
    "l'empreinte de celle d'avant. Un éditeur voit les entrées qui portent sur ce qui est à lui.",
)
async def lire_journal(
    acces: Lecteur,
    session: SessionLecture,
    preserie: Preserie = None,
    objet: Objet = None,
    depuis: InstantBorne | None = None,
    apres: ApresNumero = None,
    limite: Limite = LIMITE,
) -> Page[EntreeLue]:
    return await service.entrees(session, Filtre(acces.editeur, preserie, objet, depuis), apres, limite)
