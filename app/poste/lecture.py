"""Pure: reads the service's JSON answers strictly, since a proxy may answer in its place."""

import json

from app.poste.erreurs import ErreurPoste


class ReponseInattendue(ErreurPoste):
    """An answer that is not what the contract says; inside the client only, where it counts as lost."""


def objet(contenu: bytes) -> dict[str, object]:
    try:
        valeur = json.loads(contenu)
    except (ValueError, RecursionError):
        valeur = None
    if not isinstance(valeur, dict):
        raise ReponseInattendue
    return valeur


def objets(parent: dict[str, object], nom: str) -> list[dict[str, object]]:
    elements = parent.get(nom)
    if not isinstance(elements, list) or not all(isinstance(element, dict) for element in elements):
        raise ReponseInattendue
    return elements


def entier(parent: dict[str, object], nom: str) -> int:
    """A whole number that is not negative."""
    valeur = parent.get(nom)
    if not isinstance(valeur, int) or isinstance(valeur, bool) or valeur < 0:
        raise ReponseInattendue
    return valeur


def texte(parent: dict[str, object], nom: str) -> str:
    valeur = parent.get(nom)
    if not isinstance(valeur, str):
        raise ReponseInattendue
    return valeur


def texte_ou_rien(parent: dict[str, object], nom: str) -> str | None:
    return None if parent.get(nom) is None else texte(parent, nom)


def etat_traces(parent: dict[str, object]) -> str:
    etat = texte(parent, "traces_postes")
    if etat not in {"actives", "inactives", "desactivees"}:
        raise ReponseInattendue
    return etat


def probleme(contenu: bytes) -> tuple[str | None, str | None]:
    """The code and detail of a problem of the service; nothing of an answer that comes from elsewhere."""
    prefixe = "urn:traces-postes:probleme:"
    try:
        corps = objet(contenu)
        genre, detail = texte(corps, "type"), texte_ou_rien(corps, "detail")
    except ReponseInattendue:
        return None, None
    return (genre.removeprefix(prefixe), detail) if genre.startswith(prefixe) else (None, None)
