"""PURE. What exactly is signed: the canonical JSON (RFC 8785) of these objects."""

from collections.abc import Mapping
from typing import Any

SIGNES_D_UNE_APPROBATION = ("le", "motif", "partie", "sens")
"""Fields of an approval, as the document shows them, that its signature covers."""


def message_arrete(identifiant: str, empreinte: str) -> dict[str, Any]:
    return {"empreinte": empreinte, "id": identifiant, "type": "arrete"}


def message_approbation(identifiant: str, empreinte: str, approbation: Mapping[str, Any]) -> dict[str, Any]:
    signes = {champ: approbation[champ] for champ in SIGNES_D_UNE_APPROBATION}
    return {"arrete": identifiant, "empreinte": empreinte, "type": "approbation"} | signes
