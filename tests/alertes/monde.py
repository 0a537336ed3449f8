"""Two préséries under one service: one in which everything goes wrong, and a sound one of another éditeur."""

import json
import random
from typing import Any

from tests.outils import PILOTES, Corps, echec, registre_exemple, trace

_EN_PHASE_2 = "2026-10-20T09:12:44.120+02:00"
_MAUVAISES = {"4.2.0": (57, 3), "4.2.1": (20, 40)}
"""Registered and failed executions by version: the second is much worse, and both together surely below 80 %."""
DEFAUT = {"code": "AFF-0007", "origine": "logiciel", "bloquante": True}
REFUSEES = 40
RIVAL = {"ortho-soft": "rival", "mon-ortho": "rival-ordo", "ortho-plus": "rival-plus"}


def _du_rival(valeur: Any) -> Any:
    texte = json.dumps(valeur)
    for notre, sien in RIVAL.items():
        texte = texte.replace(notre, sien)
    return json.loads(texte)


def registre() -> list[tuple[str, str, Corps]]:
    """The example's présérie, and the same under another éditeur; both started."""
    siens = registre_exemple()
    return [*siens, *((methode, chemin, corps) for methode, chemin, corps in _du_rival(siens))]


def traces_mauvaises() -> list[Corps]:
    """Of the example's présérie: 120 executions, two of them sent by SCOR as well, a blocking failure, 40 refusals."""
    traces = [
        fabrique(emise_le=_EN_PHASE_2.replace("-20T", f"-{20 + rang}T"), version=version)
        for rang, (version, (reussies, ratees)) in enumerate(_MAUVAISES.items())
        for fabrique, nombre in ((trace, reussies), (echec, ratees))
        for _ in range(nombre)
    ]
    for envoyee in [une for une in traces if une["resultat"] == "succes"][:2]:
        envoyee["scor_envoye"] = True
    traces.append(echec(operation="consultation", erreur=DEFAUT, ordonnance=..., type_prescription=...))
    traces += [trace(type_prescription="imagerie") for _ in range(REFUSEES)]
    random.Random(1).shuffle(traces)
    return traces


def traces_saines() -> list[Corps]:
    """Of the other présérie: 100 executions, all registered, none sent by SCOR."""
    return [trace(logiciel="rival-plus", numero_am=PILOTES[rang % 2]) for rang in range(100)]
