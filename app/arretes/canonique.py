"""PURE. JSON as it is signed (RFC 8785), and read so that no byte of it can change unseen."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import rfc8785

_ECHAPPEE_MAJUSCULE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-f]{0,3}[A-F]")


class Illisible(ValueError):
    """What is no JSON that can be trusted to mean one thing; the message is in French."""


def canonique(valeur: Any) -> bytes:
    """The one spelling of a JSON value; raises Illisible for what has none (NaN, an integer beyond 2^53)."""
    try:
        return rfc8785.dumps(valeur)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError):
        raise Illisible("une valeur n'a pas de forme canonique") from None


def empreinte(valeur: Any) -> str:
    """SHA-256 of the canonical spelling, in hexadecimal."""
    return hashlib.sha256(canonique(valeur)).hexdigest()


def lire(octets: bytes) -> Any:
    """A JSON value. Layout is free; raises Illisible for a doubled name, and for a number or an escape that is spelt
    in another way than is usual: several spellings of one value would let a byte change unseen.
    """
    if _ECHAPPEE_MAJUSCULE.search(octets):
        raise Illisible("un caractère y est noté d'une façon inhabituelle")
    try:
        return json.loads(
            octets.decode("utf-8"),
            object_pairs_hook=_objet,
            parse_float=_nombre,
            parse_int=_entier,
            parse_constant=_constante,
        )
    except Illisible:
        raise
    except (ValueError, RecursionError):
        raise Illisible("ce n'est pas du JSON en UTF-8") from None


def _objet(paires: list[tuple[str, Any]]) -> Mapping[str, Any]:
    objet = dict(paires)
    if len(objet) != len(paires):
        raise Illisible("un nom y est en double")
    return objet


def _nombre(texte: str) -> float:
    """A float as RFC 8785 or Python spell it."""
    nombre = float(texte)
    if texte != repr(nombre) and texte.encode() != canonique(nombre):
        raise Illisible("un nombre y est noté d'une façon inhabituelle")
    return nombre


def _entier(texte: str) -> int | float:
    entier = int(texte) if len(texte) <= 17 else 0
    if str(entier) == texte:
        return entier
    return _nombre(texte)


def _constante(_texte: str) -> float:
    raise Illisible("un nombre y est infini ou n'en est pas un")
