"""Lists paged by cursor: a page, and the cursor of the next one."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from app.formes import SANS_NUL

LIMITE_MAX = 1_000

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """``suivant`` is what to give as ``apres`` for the next page, None on the last one."""

    elements: list[T]
    suivant: str | None


Apres = Annotated[
    str | None, Query(max_length=200, pattern=SANS_NUL, description="curseur : « suivant » de la page précédente")
]
Limite = Annotated[int, Query(ge=1, le=LIMITE_MAX, description="éléments par page")]
LIMITE = 100
