"""PURE. What one entry of the journal covers, and the hash by which it bears all those before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

DEBUT = bytes(32)
"""What the first entry names as the one before it."""


@dataclass(frozen=True, slots=True)
class Maillon:
    """An entry as the chain covers it; the columns of table ``journal`` but for its own hash."""

    numero: int
    le: datetime
    role: str
    cle_id: int | None
    action: str
    objet: str
    code: str | None
    editeur: str | None
    preserie: str | None
    avant: Mapping[str, Any] | None
    apres: Mapping[str, Any] | None
    empreinte_personnelle: bytes | None
    precedente: bytes


def empreinte(maillon: Maillon) -> bytes:
    """SHA-256 over the canonical JSON of every column: keys sorted, instants in UTC to the microsecond, bytes hex."""
    colonnes = {nom: _valeur(getattr(maillon, nom)) for nom in Maillon.__slots__}
    return hashlib.sha256(_canonique(colonnes)).digest()


def empreinte_personnelle(sel: bytes, donnees: Mapping[str, Any]) -> bytes:
    """Salted, since an N° AM is short enough to be guessed from a bare hash."""
    return hashlib.sha256(sel + _canonique(donnees)).digest()


def exiger_relisible(*valeurs: Any) -> None:
    """Raises TypeError for what the database would give back otherwise (a float, NaN): it would verify as altered."""
    for valeur in valeurs:
        if isinstance(valeur, Mapping):
            exiger_relisible(*valeur.values())
            if not all(isinstance(nom, str) for nom in valeur):
                raise TypeError("the names of a fact are texts")
        elif isinstance(valeur, list | tuple):
            exiger_relisible(*valeur)
        elif not (valeur is None or isinstance(valeur, str | int)):
            raise TypeError(f"a fact holds no {type(valeur).__name__}: give it as a text")


def _canonique(valeurs: Mapping[str, Any]) -> bytes:
    return json.dumps(valeurs, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _valeur(valeur: Any) -> Any:
    if isinstance(valeur, datetime):
        return valeur.astimezone(UTC).isoformat(timespec="microseconds")
    return valeur.hex() if isinstance(valeur, bytes) else valeur
