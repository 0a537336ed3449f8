"""PURE. What French sentences share: numbers with their nouns, days, lists."""

from collections.abc import Iterable
from datetime import date


def accorder(nombre: int, singulier: str, pluriel: str) -> str:
    """A number with its noun: French has the singular below 2."""
    return f"{nombre} {singulier if nombre < 2 else pluriel}"


def jour(le: date) -> str:
    return f"{le:%d/%m/%Y}"


def enumerer(noms: Iterable[str]) -> str:
    """« a, b et c »."""
    *premiers, dernier = noms
    return f"{', '.join(premiers)} et {dernier}" if premiers else dernier
