"""Query parameters: lists paged by cursor, and no parameter that a route does not know."""

from collections.abc import Callable, Collection
from typing import Annotated, Generic, TypeVar

from fastapi import Query, Request
from pydantic import BaseModel

from app.erreurs import CorpsInvalide
from app.formes import CODE, CODE_ET_CODE, NUMERO_AM, SANS_NUL

LIMITE_MAX = 1_000

C = TypeVar("C")
T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """``suivant`` is what to give as ``apres`` for the next page, None on the last one."""

    elements: list[T]
    suivant: str | None


Apres = Annotated[str | None, Query(max_length=200, pattern=SANS_NUL)]
ApresCode = Annotated[str | None, Query(pattern=CODE)]
ApresNumeroAm = Annotated[str | None, Query(pattern=NUMERO_AM)]
ApresCodes = Annotated[str | None, Query(pattern=CODE_ET_CODE)]
"""Cursors of lists in the order of a code, of an N° AM, or of two codes."""
Limite = Annotated[int, Query(ge=1, le=LIMITE_MAX)]
LIMITE = 100


def curseur(apres: str | None, lire: Callable[[str], C | None]) -> C | None:
    """Raises CorpsInvalide (422) where a cursor is not one that a page gave: ``lire`` gives None, or raises."""
    if apres is None:
        return None
    try:
        lu = lire(apres)
    except ValueError:
        lu = None
    if lu is None:
        message = "curseur illisible : reprenez « suivant » de la page précédente"
        raise CorpsInvalide(f"apres : {message}.", erreurs=[{"champ": "apres", "message": message}])
    return lu


def numero(lu: str) -> int | None:
    """Reads the cursor of a list in the order of a bigint."""
    return int(lu) if lu.isascii() and lu.isdigit() and len(lu) <= 18 else None


async def refuser_les_inconnus(requete: Request) -> None:
    """A dependency of every route: a mistyped or doubled filter must not give other figures than were asked for.

    Raises CorpsInvalide (422).
    """
    if not requete.query_params:
        return
    chemin = requete.app.openapi()["paths"].get(requete.scope["route"].path, {})
    operation = chemin.get(requete.method.lower(), {})
    connus = {p["name"]: p["schema"] for p in operation.get("parameters", []) if p["in"] == "query"}
    if requete.query_params.keys() - connus.keys():
        raise parametre_inconnu(connus)
    for nom, schema in connus.items():
        if schema.get("type") != "array" and len(requete.query_params.getlist(nom)) > 1:
            message = "paramètre donné plusieurs fois : n'en gardez qu'un"
            raise CorpsInvalide(f"{nom} : {message}.", erreurs=[{"champ": nom, "message": message}])


def parametre_inconnu(connus: Collection[str]) -> CorpsInvalide:
    noms = ", ".join(sorted(connus)) or "aucun"
    message = f"un paramètre de l'adresse n'est pas prévu ; paramètres connus : {noms}"
    return CorpsInvalide(f"Requête invalide : {message}.", erreurs=[{"champ": None, "message": message}])
