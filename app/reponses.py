"""What a route says of its answers, in its decorator: ``responses=problemes(Introuvable, Conflit)``.

It declares the problems that are its own. What follows from the mechanism (key, body, parameters, database) is added
to every operation by ``app.contrat``.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from app.erreurs import (
    BaseIndisponible,
    Conflit,
    CorpsInvalide,
    EcritureEnCours,
    ErreurMetier,
    Introuvable,
    ModaliteRefusee,
    Surcharge,
    TracesPurgees,
    VersionDepassee,
    probleme,
)

Reponses = dict[int | str, dict[str, Any]]
TYPE_PROBLEME = "application/problem+json"
REQUETE_EXEMPLE = "6f1d3c52-8a0e-4b7c-9f26-3d5e7a1b9c04"

_ETAG = {
    "ETag": {
        "description": "Version de l'objet, à redonner dans « If-Match » pour ne changer que celle-là.",
        "schema": {"type": "string"},
    }
}
_EXEMPLES: Mapping[type[ErreurMetier], ErreurMetier] = {
    type(exemple): exemple
    for exemple in (
        Introuvable("Rien de tel ne vous est connu au registre : vérifiez le code."),
        Conflit("La présérie a démarré : son logiciel et sa catégorie ne changent plus."),
        ModaliteRefusee("cpam", "4 CPAM, pour 3 admises au plus : ôtez-en 1."),
        VersionDepassee(),
        TracesPurgees(),
        Surcharge(),
        EcritureEnCours(),
        BaseIndisponible(),
    )
}


def problemes(*erreurs: ErreurMetier | type[ErreurMetier]) -> Reponses:
    """For ``responses=``: one answer per status, one named example per code.

    An instance gives its own detail; a class may do without where this module has an example of it.
    """
    reponses: Reponses = {}
    for erreur in erreurs:
        ajouter(reponses, erreur if isinstance(erreur, ErreurMetier) else _EXEMPLES[erreur])
    return reponses


def ajouter(reponses: Reponses, erreur: ErreurMetier) -> None:
    """Documents one more problem; the first example of a code stands."""
    reponse = reponses.setdefault(str(erreur.statut), {"description": ""})
    contenu = reponse.setdefault("content", {}).setdefault(TYPE_PROBLEME, {})
    contenu["schema"] = {"$ref": "#/components/schemas/Probleme"}
    exemple = {"summary": erreur.titre, "value": probleme(erreur, REQUETE_EXEMPLE)}
    exemples = contenu.setdefault("examples", {})
    exemples.setdefault(erreur.code, exemple)
    reponse["description"] = " ; ".join(connu["summary"] for connu in exemples.values()) + "."


def version(description: str = "L'objet, et sa version.") -> Reponses:
    """Of an answer that bears its object's version."""
    return {"200": {"description": description, "headers": deepcopy(_ETAG)}}


def inscription(modele: type[Any]) -> Reponses:
    """Of a PUT: 200 where it replaced, 201 where it created."""
    return version("L'objet existait : il est remplacé.") | {
        "201": {"model": modele, "description": "L'objet est inscrit.", "headers": deepcopy(_ETAG)},
    }


def champ_requis(champ: str) -> CorpsInvalide:
    """The refusal of a body that lacks a field, as an example of its kind."""
    message = "champ requis"
    return CorpsInvalide(f"{champ} : {message}.", erreurs=[{"champ": champ, "message": message}])
