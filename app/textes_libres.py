"""Texts that people write freely and that are kept and shown: they name neither a patient nor a pilote."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from app.formes import NUMERO_AM, SANS_NUL
from app.nir import contient_nir

_UN_NUMERO_AM = re.compile(rf"(?<![0-9A-Za-z]){NUMERO_AM.strip('^$')}(?![0-9A-Za-z])")


def _sans_personne(texte: str) -> str:
    """What is kept for ever, and shown, names nobody."""
    if contient_nir(texte):
        raise ValueError("un numéro de sécurité sociale n'a pas sa place ici : ôtez-le")
    if _UN_NUMERO_AM.search(texte):
        raise ValueError("un N° AM n'a pas sa place ici : désignez le pilote autrement")
    return texte


Motif = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000, pattern=SANS_NUL),
    AfterValidator(_sans_personne),
]
