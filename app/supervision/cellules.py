"""The cells of the technical metrics that are known before anything was received."""

from collections.abc import Iterable, Iterator

from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.erreurs import ErreurMetier
from app.observabilite import mesures
from app.traces.refus import Issue, Refus, TraceRefusee

_RECEPTION = [("POST", "/traces", statut) for statut in (200, 201, 503)]


def prevoir(routeurs: Iterable[APIRouter]) -> None:
    """Every route with the status of its success, every outcome of a trace, every problem code: at 0."""
    routes = [
        (methode, route.path, route.status_code or 200)
        for routeur in routeurs
        for route in routeur.routes
        if isinstance(route, APIRoute)
        for methode in route.methods or ()
    ]
    refus = [refus.value for refus in Refus]
    mesures.prevoir(
        [*routes, *_RECEPTION],
        [Issue.ENREGISTREE.value, Issue.DOUBLON.value, *refus],
        [*_codes(ErreurMetier), *refus],
    )


def _codes(classe: type[ErreurMetier]) -> Iterator[str]:
    for sous in classe.__subclasses__():
        if sous is not TraceRefusee:
            yield sous.code
            yield from _codes(sous)
