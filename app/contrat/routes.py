"""The description as it is read: ``/openapi.json`` by programs, ``/docs`` by people. Both are made once per process."""

import json
from functools import cache

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from app.contrat.page import POLITIQUE, page

routes = APIRouter()


@routes.get("/openapi.json", include_in_schema=False)
async def lire_description(requete: Request) -> Response:
    return Response(_description(requete.app), media_type="application/json")


@routes.get("/docs", include_in_schema=False)
async def lire_documentation(requete: Request) -> Response:
    return Response(_page(requete.app), headers=POLITIQUE, media_type="text/html")


@cache
def _description(application: FastAPI) -> bytes:
    return json.dumps(application.openapi(), ensure_ascii=False).encode()


@cache
def _page(application: FastAPI) -> bytes:
    return page(application.openapi()).encode()
