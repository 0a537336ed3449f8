"""PURE. The digest over the traces behind a sealed bilan, which does not depend on their order (docs/arretes.md)."""

import hashlib
from collections.abc import Iterator
from typing import Literal
from uuid import UUID

_ID = 16
TAILLE = 2 * _ID
"""Bytes per trace: its id, and the first half of the digest of its columns."""

Changement = Literal["changée", "manquante", "ajoutée"]


def empreinte_traces(feuilles: bytes) -> str:
    """Of the leaves, sorted by the ids of their traces."""
    return hashlib.sha256(feuilles).hexdigest()


def nombre(feuilles: bytes) -> int:
    return len(feuilles) // TAILLE


def changements(arretees: bytes, presentes: bytes) -> Iterator[tuple[UUID, Changement]]:
    """The traces that are not as they were sealed, by their ids."""
    if arretees == presentes:
        return
    avant, apres = _par_trace(arretees), _par_trace(presentes)
    for octets in sorted(avant.keys() | apres.keys()):
        if avant.get(octets) == apres.get(octets):
            continue
        changement: Changement = "changée"
        if octets not in apres:
            changement = "manquante"
        elif octets not in avant:
            changement = "ajoutée"
        yield UUID(bytes=octets), changement


def _par_trace(feuilles: bytes) -> dict[bytes, bytes]:
    debuts = range(0, len(feuilles), TAILLE)
    return {feuilles[i : i + _ID]: feuilles[i + _ID : i + TAILLE] for i in debuts}
