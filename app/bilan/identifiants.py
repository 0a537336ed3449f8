"""PURE. The public id of an execution: its key, written down. Nothing has to be stored or looked up for it."""

import base64
import binascii
import struct
from dataclasses import dataclass

from app.traces.empreintes import TAILLE

_FORME = struct.Struct(f">IH{TAILLE}s")


@dataclass(frozen=True, slots=True)
class CleExecution:
    """What tells an execution from all others; a pilote belongs to one présérie."""

    pilote_id: int
    pseudonyme: bytes
    numero_execution: int

    def __str__(self) -> str:
        octets = _FORME.pack(self.pilote_id, self.numero_execution, self.pseudonyme)
        return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def lire_identifiant(identifiant: str) -> CleExecution | None:
    """The key that an id was made of; None where it is no such id."""
    try:
        octets = base64.b64decode(identifiant + "=" * (-len(identifiant) % 4), altchars=b"-_", validate=True)
        pilote_id, numero_execution, pseudonyme = _FORME.unpack(octets)
    except (binascii.Error, struct.error, ValueError):
        return None
    cle = CleExecution(pilote_id, pseudonyme, numero_execution)
    if pilote_id >= 2**31 or numero_execution >= 2**15 or str(cle) != identifiant:
        return None
    return cle
