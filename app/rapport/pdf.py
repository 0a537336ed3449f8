"""The report as a tagged PDF (PDF/UA-1). Data goes to the template as data: no text of anybody is ever a program."""

import json
import re
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from typing import Any

import typst

from app.rapport.formes import Rapport

_MODELE = (files("app.rapport") / "rapport.typ").read_bytes()
_POLICES = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
# What the fonts that come with typst are known to have, mark for mark: PDF/UA refuses what cannot be displayed.
_ALPHABETS = (
    " -~\u00a0-\u00ac\u00ae-\u017f\u0391-\u03a1\u03a3-\u03c9\u0410-\u044f\u05d0-\u05ea\u0621-\u063a\u0641-\u064a"
    "\u2010-\u2015\u2018-\u201e\u2020-\u2022\u2026\u202f\u2030\u2039\u203a\u20ac\u2122\u2190-\u2193\u2212\u2260\u2264"
    "\u2265\u2713\u2717"
)
_AUTRES = re.compile(f"[^{_ALPHABETS}]")
_BLANCS = re.compile(r"[\t\r\n]+")


def imprimer(rapport: Rapport, le: datetime) -> bytes:
    """The same bytes for the same report; ``le`` is the instant that the document bears."""
    return typst.compile(
        _MODELE,
        format="pdf",
        font_paths=_POLICES,
        ignore_system_fonts=True,
        sys_inputs={"rapport": json.dumps(_imprimable(asdict(rapport)), default=str)},
        pdf_standards=["ua-1"],
        timestamp=int(le.timestamp()),
    )


def imprimable(texte: str) -> str:
    """A text of which every sign can be displayed; the others are shown by their number: [U+1F600]."""
    return _AUTRES.sub(lambda signe: f"[U+{ord(signe[0]):04X}]", _BLANCS.sub(" ", texte))


def _imprimable(noeud: Any) -> Any:
    if isinstance(noeud, dict):
        return {cle: _imprimable(valeur) for cle, valeur in noeud.items()}
    if isinstance(noeud, list | tuple):
        return [_imprimable(element) for element in noeud]
    return imprimable(noeud) if isinstance(noeud, str) else noeud
