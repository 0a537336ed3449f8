"""PURE. Where two JSON documents of a bilan differ, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

CHIFFRES = ("traces", "executions", "scor", "ensemble", "criteres", "verdict")
"""What a rectification looks at: figures, criteria and verdict."""
INSTANTS = frozenset({"derniere_le", "premiere_le", "le"})
TEXTES = frozenset({"a_faire", "explication", "lien", "listes"})
"""Sentences, and links that follow from the rest: a later version of the service may put them otherwise."""

Ecart = tuple[str, Any, Any]
"""A path such as ``criteres.scor.mesure``, and what stands there in each; None where nothing does."""


def rectification(arrete: Mapping[str, Any], actuel: Mapping[str, Any]) -> list[Ecart]:
    """What a sealed bilan would be today, beside what was sealed."""
    avant, apres = ({champ: bilan[champ] for champ in CHIFFRES} for bilan in (arrete, actuel))
    return ecarts(avant, apres, sauf=TEXTES | INSTANTS)


def ecarts(un: Any, autre: Any, sauf: frozenset[str] = frozenset()) -> list[Ecart]:
    """Every path whose values differ, in the order of the first; names in ``sauf`` are left out, wherever they are."""
    premiers, seconds = (dict(_feuilles("", valeur, sauf)) for valeur in (un, autre))
    chemins = [*premiers, *(chemin for chemin in seconds if chemin not in premiers)]
    trouves = ((chemin, premiers.get(chemin), seconds.get(chemin)) for chemin in chemins)
    return [ecart for ecart in trouves if not _pareils(*ecart[1:])]


def restreindre(valeur: Any, modele: Any) -> Any:
    """A document without the fields that an older form of it, which was signed, did not have yet."""
    if isinstance(valeur, Mapping) and isinstance(modele, Mapping):
        return {nom: restreindre(sous, modele[nom]) for nom, sous in valeur.items() if nom in modele}
    if isinstance(valeur, list) and isinstance(modele, list) and modele and isinstance(modele[0], Mapping):
        reunis = {nom: sous for element in modele if isinstance(element, Mapping) for nom, sous in element.items()}
        return [restreindre(element, reunis) for element in valeur]
    return valeur


def _pareils(un: Any, autre: Any) -> bool:
    """An empty list is as good as nothing: its elements have paths of their own. True is no 1."""
    if isinstance(un, bool) is not isinstance(autre, bool):
        return False
    return bool(un == autre) or (un in (None, []) and autre in (None, []))


def _feuilles(chemin: str, valeur: Any, sauf: frozenset[str]) -> Iterator[tuple[str, Any]]:
    if isinstance(valeur, Mapping):
        for nom, sous in valeur.items():
            if nom not in sauf:
                yield from _feuilles(f"{chemin}.{nom}" if chemin else nom, sous, sauf)
    elif isinstance(valeur, list) and valeur and all(isinstance(element, Mapping) for element in valeur):
        for nom, element in zip(_noms(valeur), valeur, strict=True):
            yield from _feuilles(f"{chemin}.{nom}", element, sauf)
    else:
        yield chemin, valeur


def _noms(elements: Sequence[Mapping[str, Any]]) -> list[str]:
    """By what each is known; by rank where that would confuse two."""
    noms = ["/".join(str(e[nom]) for nom in ("operation", "code", "partie") if nom in e) for e in elements]
    return noms if all(noms) and len(set(noms)) == len(noms) else [str(rang) for rang in range(len(elements))]
