"""PURE. Finds a NIR (French social security number) in a text: 15 digits with a valid key (DOMAIN, « Privacy »)."""

import re

_SEP = "[ .\u00a0\u202f-]*"
_CHIFFRE = "[0-9]"
_DEPARTEMENT = f"(?:{_CHIFFRE}{_SEP}{_CHIFFRE}|2{_SEP}[ABab])"
_CANDIDAT = re.compile(
    # A look-ahead, so that candidates may overlap; digits right before or after make it another number.
    f"(?<![0-9])(?=({_CHIFFRE}(?:{_SEP}{_CHIFFRE}){{4}}{_SEP}{_DEPARTEMENT}(?:{_SEP}{_CHIFFRE}){{8}})(?![0-9]))"
)
_SEPARATEURS = str.maketrans("", "", " .\u00a0\u202f-")
_LONGUEUR = 15


def contient_nir(texte: str) -> bool:
    """Whether a NIR stands in the text, with or without separators (space, ``.``, ``-``), 2A and 2B included."""
    if len(texte) < _LONGUEUR:
        return False
    return any(_cle_valide(m.group(1)) for m in _CANDIDAT.finditer(texte))


def _cle_valide(candidat: str) -> bool:
    chiffres = candidat.translate(_SEPARATEURS).upper()
    numero, cle = chiffres[:13], int(chiffres[13:])
    corse = numero.replace("2A", "19").replace("2B", "18")
    return 97 - int(corse) % 97 == cle
