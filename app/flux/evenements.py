"""PURE. A bilan as a server-sent event (WHATWG HTML, « Server-sent events »)."""

import hashlib
from dataclasses import dataclass

from app.bilan.schemas import BilanLu

OUVERTURE = b"retry: 2000\n\n"
"""In how many milliseconds a client whose stream broke comes back."""
BATTEMENT = b":\n\n"
"""A comment, by which both sides see that the other is still there."""


@dataclass(frozen=True, slots=True)
class Evenement:
    """``id`` tells one state of a bilan from another, in every worker: the instant of its reading is no part of it."""

    id: str
    editeur: str
    texte: bytes


def rediger(bilan: BilanLu) -> Evenement:
    etat = bilan.model_dump_json(exclude={"calcule_le"})
    identifiant = hashlib.sha256(etat.encode()).hexdigest()[:32]
    texte = f"event: bilan\nid: {identifiant}\ndata: {bilan.model_dump_json()}\n\n"
    return Evenement(identifiant, bilan.editeur, texte.encode())
