"""Turns every exception that a route may raise into a problem; nothing of the input is repeated."""

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from app.erreurs import (
    BaseIndisponible,
    CorpsIllisible,
    CorpsInvalide,
    ErreurMetier,
    Introuvable,
    MethodeRefusee,
)
from app.fautes import fautes
from app.observabilite.requetes import reponse_imprevue, reponse_probleme
from app.stockage.base import est_indisponible


async def metier(requete: Request, erreur: Exception) -> Response:
    assert isinstance(erreur, ErreurMetier)  # noqa: S101 — registered for this class alone
    return reponse_probleme(requete, erreur)


async def validation(requete: Request, erreur: Exception) -> Response:
    """FastAPI's own answer would repeat the input."""
    assert isinstance(erreur, RequestValidationError)  # noqa: S101 — registered for this class alone
    brutes = list(erreur.errors())
    if any(b["type"] == "json_invalid" for b in brutes):
        return reponse_probleme(requete, illisible())
    trouvees = fautes(brutes)
    premiere = trouvees[0]
    detail = f"{premiere['champ'] or 'Requête invalide'} : {premiere['message']}."
    return reponse_probleme(requete, CorpsInvalide(detail, erreurs=trouvees))


def illisible() -> CorpsIllisible:
    return CorpsIllisible("Le corps n'est pas du JSON : envoyez un objet JSON en UTF-8.")


async def http(requete: Request, erreur: Exception) -> Response:
    assert isinstance(erreur, HTTPException)  # noqa: S101 — registered for this class alone
    if isinstance(erreur.__cause__, ErreurMetier):
        return reponse_probleme(requete, erreur.__cause__)
    if erreur.status_code == 404:
        return reponse_probleme(requete, Introuvable("Aucune ressource à cette adresse : voyez /docs."))
    if erreur.status_code == 405:
        permises = {"Allow": ", ".join(_methodes(requete))}
        refusee = MethodeRefusee("Cette adresse ne prend pas cette méthode : voyez /docs.", entetes=permises)
        return reponse_probleme(requete, refusee)
    return reponse_probleme(requete, CorpsIllisible("Le corps n'est pas lisible : envoyez un objet JSON en UTF-8."))


def _methodes(requete: Request) -> list[str]:
    """All that this address takes: the router itself names those of one route alone."""
    chemins: dict[str, dict[str, object]] = requete.app.openapi()["paths"]
    ici = [methodes for chemin, methodes in chemins.items() if compile_path(chemin)[0].match(requete.url.path)]
    return sorted({methode.upper() for methodes in ici for methode in methodes})


async def base(requete: Request, erreur: Exception) -> Response:
    """A database that is away is a 503; one that refuses what we told it is our fault."""
    if est_indisponible(erreur):
        return reponse_probleme(requete, BaseIndisponible())
    return reponse_imprevue(requete, erreur)
