"""PURE. From the bytes of a body to traces, all in one validation; what is no trace stays beside, with its fault.

The whole body is validated by pydantic at once. Only where something is wrong does the slow path look closer: an
invalid item is validated alone for its message, and a document that the fast parser can't read for the sake of one
item (a lone surrogate, a number of 5,000 digits) is read again by the standard library, so that its neighbours live.
"""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeVar
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from app.erreurs import CorpsIllisible, CorpsTropGrand
from app.fautes import champ, phrase
from app.formes import CODE, NUMERO_AM
from app.traces.schemas import Poste, Sequence, TraceRecue, Version

TRACES_MAX = 1_000
TROP_DE_TRACES = f"Un envoi porte au plus {TRACES_MAX} traces : coupez-le en deux et renvoyez chaque moitié."
_CHIFFRES_MAX = 40
_CODE, _NUMERO_AM, _MOT = re.compile(CODE), re.compile(NUMERO_AM), re.compile(r"[a-z_]+")

_VALIDE = Annotated[TraceRecue | Any, Field(union_mode="left_to_right")]
_UNE: TypeAdapter[Any] = TypeAdapter(_VALIDE)
_PLUSIEURS: TypeAdapter[list[Any]] = TypeAdapter(list[_VALIDE])
_STRICTE: TypeAdapter[TraceRecue] = TypeAdapter(TraceRecue)
_POSTE: TypeAdapter[str | None] = TypeAdapter(Poste | None)
_SEQUENCE: TypeAdapter[int | None] = TypeAdapter(Sequence | None)
_VERSION: TypeAdapter[str | None] = TypeAdapter(Version | None)
T = TypeVar("T")


class Provenance(NamedTuple):
    """Which workstation, in which version, sent the trace of this number; None where it did not say, or not legibly.

    Without a legible workstation there is no number either: it would be another's.
    """

    poste: str | None = None
    sequence: int | None = None
    version: str | None = None


INCONNUE = Provenance()


@dataclass(frozen=True, slots=True)
class Illisible:
    """An item that is no valid trace: its fault, and what can be said of it without trusting it."""

    id: str | None
    champ: str | None
    detail: str
    type_prescription: str | None = None
    logiciel: str | None = None
    numero_am: str | None = None
    provenance: Provenance = INCONNUE


@dataclass(frozen=True, slots=True)
class Lecture:
    """What a body holds; ``seule`` when it was one object rather than an array."""

    seule: bool
    elements: list[TraceRecue | Illisible]


def lire(corps: bytes) -> Lecture:
    """Parses a body of UTF-8 JSON.

    Raises CorpsIllisible (400) where the body is not JSON, CorpsTropGrand (413) beyond 1,000 traces.
    """
    seule = corps.lstrip(b" \t\r\n")[:1] != b"["
    try:
        lus = [_UNE.validate_json(corps)] if seule else _PLUSIEURS.validate_json(corps)
    except ValidationError:
        document = _relire(corps)
        elements = document if isinstance(document, list) else [document]
        _borner(elements)
        return Lecture(seule, [_isoler(element) for element in elements])
    _borner(lus)
    # A valid item bears a real UUID; JSON itself only has text.
    return Lecture(seule, [e if _valide(e) else _isoler(e) for e in lus])


def _valide(element: Any) -> bool:
    return type(element) is dict and type(element.get("id")) is UUID


def _borner(elements: list[Any]) -> None:
    if len(elements) > TRACES_MAX:
        raise CorpsTropGrand(TROP_DE_TRACES)


def _relire(corps: bytes) -> Any:
    try:
        return json.loads(corps.decode("utf-8"), parse_int=_entier)
    except (ValueError, RecursionError):
        raise pas_du_json() from None


def pas_du_json() -> CorpsIllisible:
    return CorpsIllisible("Le corps n'est pas du JSON en UTF-8 : envoyez une trace (objet) ou un tableau de traces.")


def _entier(chiffres: str) -> int | float:
    return int(chiffres) if len(chiffres) <= _CHIFFRES_MAX else float("inf")


def _isoler(element: Any) -> TraceRecue | Illisible:
    try:
        return _STRICTE.validate_json(_en_json(element))
    except ValidationError as erreur:
        premiere = erreur.errors(include_url=False, include_input=False)[0]
    except RecursionError:
        return Illisible(None, None, "Trace invalide : imbrication trop profonde.")
    fautif = champ(premiere)
    detail = f"{fautif or 'Trace invalide'} : {phrase(premiere)}."
    if not isinstance(element, dict):
        return Illisible(None, None, "Trace invalide : chaque trace est un objet JSON.")
    return Illisible(
        uuid_ou_rien(element.get("id")),
        fautif,
        detail,
        _conforme(element.get("type_prescription"), _MOT),
        _conforme(element.get("logiciel"), _CODE),
        _conforme(element.get("numero_am"), _NUMERO_AM),
        _provenance(element),
    )


def _provenance(element: dict[Any, Any]) -> Provenance:
    """Each value valid by itself, whatever is wrong beside it."""
    version = _valable(_VERSION, element.get("version"))
    poste = _valable(_POSTE, element.get("poste"))
    if poste is None and element.get("poste") is not None:
        return Provenance(version=version)
    return Provenance(poste, _valable(_SEQUENCE, element.get("sequence")), version)


def _valable(forme: TypeAdapter[T | None], valeur: object) -> T | None:
    try:
        return forme.validate_python(valeur, strict=True)
    except ValidationError:
        return None


def _en_json(element: Any) -> bytes:
    """Compact JSON of an item that was parsed once; a lone surrogate stays an escape, which validation refuses."""
    try:
        return to_json(element, inf_nan_mode="constants")
    except ValueError:
        return json.dumps(element).encode("ascii")


def uuid_ou_rien(valeur: object) -> str | None:
    """The canonical text of a UUID, or None: nothing else of a caller's input is ever given back."""
    if not isinstance(valeur, str):
        return None
    try:
        return str(UUID(valeur))
    except ValueError:
        return None


def _conforme(valeur: object, forme: re.Pattern[str]) -> str | None:
    """A text of the caller's, kept for counting only where it has the form of what it should be."""
    return valeur if isinstance(valeur, str) and forme.fullmatch(valeur) else None
