"""PURE but for its command line. The life of a présérie as a Mermaid diagram, drawn from ``cycle.TRANSITIONS``."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from app.preseries.cycle import TRACES_COUPEES, TRANSITIONS, Action, Etape

_APPELS: Mapping[Action, str] = MappingProxyType(
    {
        Action.DEMARRAGE: "POST demarrage",
        Action.PROLONGATION: "POST decision, prolongation",
        Action.VALIDATION: "POST decision, validation",
        Action.ABANDON: "POST decision, abandon",
        Action.DESACTIVATION: "PUT traces-postes, actives false",
        Action.REACTIVATION: "PUT traces-postes, actives true",
        Action.CLOTURE: "POST cloture",
    }
)


def noeud(etape: Etape) -> str:
    """The name of a state in the drawing."""
    return "validee_traces_desactivees" if etape == TRACES_COUPEES else etape.statut.value


def dessiner() -> str:
    """The diagram, one line per transition; ends are states without a way on."""
    etapes = dict.fromkeys(etape for (depart, _), arrivee in TRANSITIONS.items() for etape in (depart, arrivee))
    lignes = ["stateDiagram-v2", "    [*] --> preparation: PUT /preseries/{code}"]
    lignes += [
        f"    {noeud(depart)} --> {noeud(arrivee)}: {_APPELS[action]}"
        for (depart, action), arrivee in TRANSITIONS.items()
    ]
    lignes += [f"    {noeud(etape)} --> [*]" for etape in etapes if etape.terminee]
    return "\n".join(lignes) + "\n"


def redessiner(page: str) -> str:
    """A Markdown page with the diagram in it made anew."""
    return re.sub(r"(?<=```mermaid\n).*?(?=```)", dessiner(), page, count=1, flags=re.DOTALL)


if __name__ == "__main__":
    fichier = Path(sys.argv[1])
    fichier.write_text(redessiner(fichier.read_text("utf-8")), "utf-8")
