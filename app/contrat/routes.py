"""The description as it is read: ``/openapi.json`` by programs, ``/docs`` by people. Both are made once per process."""

import json
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from app.contrat.page import POLITIQUE, page

routes = APIRouter()


@routes.head("/openapi.json", include_in_schema=False)
@routes.get("/openapi.json", include_in_schema=False)
async def lire_description(requete: Request) -> Response:
    return Response(_description(requete.app), media_type="application/json")


@routes.head("/docs", include_in_schema=False)
@routes.get("/docs", include_in_schema=False)
async def lire_documentation(requete: Request) -> Response:
    return Response(_page(requete.app), headers=POLITIQUE, media_type="text/html")


def _description(application: FastAPI) -> bytes:
    return _gardee(application, "description", lambda d: json.dumps(d, ensure_ascii=False))


def _page(application: FastAPI) -> bytes:
    return _gardee(application, "page", page)


def _gardee(application: FastAPI, nom: str, faire: Callable[[dict[str, Any]], str]) -> bytes:
    faites: dict[str, bytes] = application.state.contrat
    if nom not in faites:
        faites[nom] = faire(application.openapi()).encode()
    return faites[nom]
