"""The same traces as OTLP: one span per request, encoded by hand (protobuf), its attributes the trace's fields."""

from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from bench.corps import NUMERO, Cible, Gabarit, entete, traces

_MARQUE = "@NUMERO8"
"""As long as a span's id, which it becomes."""


def gabarits_otlp(cible: Cible, *, taille: int, nombre: int, graine: int) -> list[Gabarit]:
    """`nombre` different requests of one span."""
    if taille != 1:
        raise ValueError("one span per request")
    alea = Random(graine)  # noqa: S311 (test data, not a secret)
    suite = traces(alea, datetime.now(UTC).date())
    resultat = []
    for _ in range(nombre):
        corps = _demande(next(suite), alea.randbytes(8))
        requete = entete(cible, "application/x-protobuf", len(corps)) + corps
        resultat.append(Gabarit(tuple(requete.split(_MARQUE.encode())), taille, b"%08d"))
    return resultat


def _demande(trace: Mapping[str, Any], alea: bytes) -> bytes:
    """ExportTraceServiceRequest > ResourceSpans > ScopeSpans > Span."""
    debut_ns = int(datetime.fromisoformat(trace["emise_le"]).timestamp() * 1e9)
    aplatie = {**trace, **{f"erreur_{nom}": valeur for nom, valeur in trace.get("erreur", {}).items()}}
    aplatie.pop("erreur", None)
    span = b"".join(
        (
            _champ(1, alea + _MARQUE.encode()),
            _champ(2, _MARQUE.encode()),
            _champ(5, trace["operation"].encode()),
            _fixe(7, debut_ns),
            _fixe(8, debut_ns + trace["duree_ms"] * 1_000_000),
            *(_champ(9, _attribut(nom, valeur)) for nom, valeur in aplatie.items()),
        )
    )
    ressource = _champ(1, _champ(1, _attribut("service.name", trace["logiciel"])))
    return _champ(1, ressource + _champ(2, _champ(2, span)))


def _attribut(nom: str, valeur: str | int) -> bytes:
    """KeyValue: a boolean, an integer or a text."""
    if isinstance(valeur, bool):
        lue = b"\x10" + _varint(valeur)
    elif isinstance(valeur, int):
        lue = b"\x18" + _varint(valeur)
    else:
        lue = _champ(1, valeur.replace(NUMERO, f"0000{_MARQUE}").encode())
    return _champ(1, nom.encode()) + _champ(2, lue)


def _champ(numero: int, contenu: bytes) -> bytes:
    return _varint(numero << 3 | 2) + _varint(len(contenu)) + contenu


def _fixe(numero: int, valeur: int) -> bytes:
    return _varint(numero << 3 | 1) + valeur.to_bytes(8, "little")


def _varint(valeur: int) -> bytes:
    octets = bytearray()
    while valeur > 0x7F:
        octets.append(valeur & 0x7F | 0x80)
        valeur >>= 7
    octets.append(valeur)
    return bytes(octets)
