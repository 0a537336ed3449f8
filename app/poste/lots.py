"""Pure: traces become lots that the service accepts, bounded by count and by measured bytes."""

import json
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field

from app.poste.erreurs import TraceNonEncodable

TRACES_MAX = 1_000
OCTETS_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class TraceEncodee:
    """A trace as it goes over the wire, and its position where it came from (an index, a line, a row)."""

    position: int
    corps: bytes = field(repr=False)


Trace = Mapping[str, object] | str | bytes | TraceEncodee
Source = Iterable[Trace] | AsyncIterable[Trace]


def encoder(position: int, trace: Trace) -> TraceEncodee:
    """An object is written as JSON; text and bytes go as they are; what is encoded keeps its own position."""
    if isinstance(trace, TraceEncodee):
        return trace
    if isinstance(trace, bytes):
        return TraceEncodee(position, trace)
    if isinstance(trace, str):
        # A lone surrogate has no UTF-8 form: it would cost the whole lot, its JSON escape only its trace.
        return TraceEncodee(position, trace.encode("utf-8", "backslashreplace"))
    try:
        texte = json.dumps(dict(trace), allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        texte = None
    if texte is None:  # raised out of the except block: json's own error holds the trace
        raise TraceNonEncodable(position)
    return TraceEncodee(position, texte.encode("ascii"))


@dataclass(frozen=True, slots=True)
class Lot:
    """One body of POST /traces: never empty, and within the bounds unless it is a single trace too large."""

    traces: tuple[TraceEncodee, ...]

    def __len__(self) -> int:
        return len(self.traces)

    def corps(self) -> bytes:
        return b"[" + b",".join(trace.corps for trace in self.traces) + b"]"

    @property
    def trop_grand(self) -> bool:
        return len(self) == 1 and len(self.traces[0].corps) + 2 > OCTETS_MAX

    def moities(self) -> tuple["Lot", "Lot"]:
        milieu = len(self) // 2
        return Lot(self.traces[:milieu]), Lot(self.traces[milieu:])


class Regroupement:
    """Fills one lot after the other, in order; knows nothing of where the traces come from."""

    def __init__(self, taille: int) -> None:
        self._taille = taille
        self._traces: list[TraceEncodee] = []
        self._octets = 1

    def ajouter(self, trace: TraceEncodee) -> list[Lot]:
        """The lots that this trace completes, in order: the one it does not fit in, the one it fills."""
        poids = len(trace.corps) + 1
        complets = self.vider() if self._octets + poids > OCTETS_MAX else []
        self._traces.append(trace)
        self._octets += poids
        if len(self._traces) == self._taille or self._octets >= OCTETS_MAX:
            complets += self.vider()
        return complets

    def vider(self) -> list[Lot]:
        """The lot under way, if it holds anything."""
        lots = [Lot(tuple(self._traces))] if self._traces else []
        self._traces, self._octets = [], 1
        return lots


async def former_lots(source: Source, taille: int) -> AsyncGenerator[Lot, None]:
    """The lots of a whole source, read no further than each lot needs."""
    regroupement = Regroupement(taille)
    position = 0
    async for trace in _en_flux(source):
        for lot in regroupement.ajouter(encoder(position, trace)):
            yield lot
        position += 1
    for lot in regroupement.vider():
        yield lot


async def _en_flux(source: Source) -> AsyncIterator[Trace]:
    if isinstance(source, AsyncIterable):
        async for trace in source:
            yield trace
    else:
        for trace in source:
            yield trace
