"""The same traces as lines of InfluxDB's protocol: what a query groups by is a tag, the rest are fields."""

from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from bench.corps import NUMERO, Cible, Gabarit, entete, traces

_MARQUE = "@NUMERO"
_BLOC_S = 1000
_ETIQUETTES = ("numero_am", "poste", "logiciel", "version", "operation", "type_prescription", "resultat")


def gabarits_influx(cible: Cible, *, taille: int, nombre: int, graine: int) -> list[Gabarit]:
    """`nombre` different requests of `taille` lines."""
    alea = Random(graine)  # noqa: S311 (test data, not a secret)
    suite = traces(alea, datetime.now(UTC).date())
    resultat = []
    for _ in range(nombre):
        lignes = [_ligne(next(suite), rang).replace(NUMERO, f"000{_MARQUE}") for rang in range(taille)]
        corps = "\n".join(lignes).encode()
        longueur = len(corps) + corps.count(_MARQUE.encode()) * (9 - len(_MARQUE))
        requete = entete(cible, "text/plain; charset=utf-8", longueur) + corps
        resultat.append(Gabarit(tuple(requete.split(_MARQUE.encode())), taille, b"%09d"))
    return resultat


def _ligne(trace: Mapping[str, Any], rang: int) -> str:
    """Its timestamp tells it from every other point of its series, which would be overwritten: day, number, rank."""
    etiquettes = ",".join(f"{nom}={trace[nom]}" for nom in _ETIQUETTES if nom in trace)
    erreur = {f"erreur_{nom}": valeur for nom, valeur in trace.get("erreur", {}).items()}
    champs = {
        **{nom: trace[nom] for nom in ("id", "ordonnance", "sequence", "scor_envoye", "duree_ms") if nom in trace},
        **erreur,
    }
    bloc = int(datetime.fromisoformat(trace["emise_le"]).timestamp()) // _BLOC_S
    return f"trace,{etiquettes} {','.join(f'{n}={_champ(v)}' for n, v in champs.items())} {bloc}{_MARQUE}{rang:03}"


def _champ(valeur: str | int) -> str:
    if isinstance(valeur, bool):
        return "true" if valeur else "false"
    return f"{valeur}i" if isinstance(valeur, int) else f'"{valeur}"'
