"""Ways to spoil a valid trace: each takes it and gives what is sent instead."""

from collections.abc import Callable
from random import Random
from typing import Any

Corps = dict[str, Any]
Faute = Callable[[Corps], object]
NIR = "1 85 05 78 006 084 91"
NIR_CORSE = "2-85.05-2A-006.084-82"


def _avec(**champs: Any) -> Faute:
    return lambda trace: trace | champs


def _sans(champ: str) -> Faute:
    return lambda trace: {nom: valeur for nom, valeur in trace.items() if nom != champ}


def _au_lieu(valeur: object) -> Faute:
    return lambda _trace: valeur


def _erreur(**champs: Any) -> Faute:
    base = {"code": "LOG-1", "origine": "logiciel", "bloquante": True}
    return lambda trace: trace | {"resultat": "echec", "erreur": base | champs}


_SANS_FORME: tuple[object, ...] = (None, 3, "trace", [], [{}], {}, True)
INVALIDES: tuple[Faute, ...] = (
    _sans("id"),
    *(_sans(champ) for champ in ("emise_le", "numero_am", "logiciel", "version", "operation", "resultat")),
    lambda trace: _sans("ordonnance")(trace | {"operation": "execution"}),
    lambda trace: trace | {"operation": "execution", "type_prescription": None},
    lambda trace: _sans("erreur")(trace | {"resultat": "echec"}),
    _avec(resultat="succes", erreur={"code": "LOG-1", "origine": "logiciel"}),
    _avec(inconnu=1),
    _avec(id="pas-un-uuid"),
    _avec(id=12),
    *(_avec(emise_le=i) for i in ("2026-10-20T09:12:44.120", "2027-02-30T09:00:00Z", "2026-10-20", 1_790_000_000, "")),
    *(_avec(numero_am=n) for n in ("33100001", "3C1000001", 331000001, ["331000001"])),
    _avec(logiciel="Lo-Alpha"),
    _avec(version="v" * 33),
    _avec(poste="p" * 65),
    _avec(poste="nul\0"),
    _avec(ordonnance="\ud800"),
    _avec(operation="suppression"),
    _avec(type_prescription="autre"),
    _avec(resultat="SUCCES"),
    *(_avec(scor_envoye=s) for s in ("true", 1, 0)),
    *(_avec(numero_execution=n) for n in (0, 10_001, "1", True, 1.5)),
    *(_avec(duree_ms=n) for n in (-1, 2**31, "12")),
    _avec(sequence=10**30),
    _erreur(code="é"),
    _erreur(code="c" * 65),
    _erreur(origine="ailleurs"),
    _erreur(bloquante="non"),
    _erreur(detail="x"),
    _erreur(message="m" * 501),
    *map(_au_lieu, _SANS_FORME),
)
PERSONNELLES: tuple[Faute, ...] = (
    _avec(version=NIR.replace(" ", "")),
    _avec(poste=f"poste {NIR}"),
    _erreur(message=f"Voir {NIR_CORSE}, merci"),
    _erreur(code=NIR.replace(" ", "-")),
)
ETRANGERES: tuple[Faute, ...] = (
    _avec(logiciel="lo-inconnu"),
    _avec(numero_am="389999999"),
    _avec(logiciel="lo-alpha", numero_am="384000004"),
    _avec(logiciel="lo-duo", numero_am="389999999"),
    _avec(logiciel="lo-beta"),
)
HORS_PERIMETRE: tuple[Faute, ...] = (_avec(type_prescription="imagerie"), _avec(type_prescription="transports"))
FAMILLES = (INVALIDES, PERSONNELLES, ETRANGERES, HORS_PERIMETRE)


def gater(trace: Corps, hasard: Random) -> object:
    """The trace with one to three faults."""
    gatee: object = dict(trace)
    for _ in range(hasard.choice((1, 1, 2, 3))):
        faute = hasard.choice(hasard.choice(FAMILLES))
        if isinstance(gatee, dict):
            gatee = faute(gatee)
    return gatee
