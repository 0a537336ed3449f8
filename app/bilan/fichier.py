"""PURE. Executions as a file that a French spreadsheet opens as it is: RFC 4180, « ; », UTF-8 with its mark."""

import codecs
import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from app.bilan.schemas_listes import ExecutionLue

COLONNES = tuple(ExecutionLue.model_fields)
_FORMULES = ("=", "+", "-", "@", "\t", "\r")


def entete() -> bytes:
    """How the file begins."""
    return codecs.BOM_UTF8 + _lignes([COLONNES])


def ecrire(executions: Iterable[Mapping[str, object]]) -> bytes:
    """Lines of the file; each execution with what ``ExecutionLue`` has."""
    return _lignes([_cellule(execution[colonne]) for colonne in COLONNES] for execution in executions)


def _lignes(lignes: Iterable[Iterable[str]]) -> bytes:
    tampon = io.StringIO(newline="")
    csv.writer(tampon, delimiter=";", lineterminator="\r\n").writerows(lignes)
    return tampon.getvalue().encode()


def _cellule(valeur: object) -> str:
    """A text that a spreadsheet would take for a formula is marked as text."""
    match valeur:
        case bool():
            return "oui" if valeur else "non"
        case datetime():
            return valeur.isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date():
            return valeur.isoformat()
    texte = str(valeur)
    return f"'{texte}" if texte.startswith(_FORMULES) else texte
