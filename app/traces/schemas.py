"""The wire form of a trace poste (CONTRACT, « Traces »).

Validation runs on JSON as a whole, inside pydantic: no Python per field. Types are strict: a number in quotes is not
a number.
"""

from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, StringConstraints, WithJsonSchema
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypedDict

from app.formes import SANS_NUL, Code, Instant, NumeroAm
from app.preseries.cycle import EtatTraces
from app.referentiels import OPERATIONS, TYPES_PRESCRIPTION
from app.traces.refus import DU_REGISTRE, HORLOGE_DECALEE, Refus

CODE_ERREUR = r"^[A-Za-z0-9._-]{1,64}$"
ENTIER_32 = 2**31 - 1
ENTIER_64 = 2**63 - 1


class _UneDe:
    """One word out of a list that a référentiel holds."""

    def __init__(self, valeurs: tuple[str, ...]) -> None:
        self.valeurs = valeurs

    def __get_pydantic_core_schema__(self, _type: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.valeurs))


Operation = Annotated[str, _UneDe(OPERATIONS)]
TypePrescription = Annotated[str, _UneDe(TYPES_PRESCRIPTION)]
Resultat = Literal["succes", "echec"]
Origine = Literal["logiciel", "poste", "reseau", "teleservice", "utilisateur"]


Poste = Annotated[str, StringConstraints(max_length=64, pattern=SANS_NUL)]
Sequence = Annotated[int, Field(ge=0, le=ENTIER_64)]
Version = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=SANS_NUL)]


class ErreurRecue(TypedDict):
    """Why an operation failed, as the workstation saw it."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]

    code: Annotated[str, StringConstraints(pattern=CODE_ERREUR)]
    origine: Origine
    bloquante: NotRequired[bool | None]
    message: NotRequired[Annotated[str, StringConstraints(max_length=500, pattern=SANS_NUL)] | None]


class TraceRecue(TypedDict):
    """One operation on one workstation. No patient data: unknown fields are refused."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]

    id: UUID
    emise_le: Instant
    numero_am: NumeroAm
    poste: NotRequired[Poste | None]
    sequence: NotRequired[Sequence | None]
    logiciel: Code
    version: Version
    operation: Operation
    ordonnance: NotRequired[Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=SANS_NUL)] | None]
    numero_execution: NotRequired[Annotated[int, Field(ge=1, le=10_000)] | None]
    type_prescription: NotRequired[TypePrescription | None]
    resultat: Resultat
    erreur: NotRequired[ErreurRecue | None]
    scor_envoye: NotRequired[bool | None]
    duree_ms: NotRequired[Annotated[int, Field(ge=0, le=ENTIER_32)] | None]


class RejetLu(TypedDict):
    """A trace that was refused, by its place in the body."""

    index: int
    id: str | None
    code: Annotated[str, _UneDe(tuple(refus.value for refus in Refus))]
    champ: str | None
    detail: str


class AvertissementLu(TypedDict):
    """A trace that was kept, and what is odd about it."""

    index: int
    code: Annotated[str, _UneDe((HORLOGE_DECALEE, *(refus.value for refus in DU_REGISTRE)))]
    detail: str


EtatTracesLu = Annotated[str, _UneDe(tuple(etat.value for etat in EtatTraces))]


class Accuse(TypedDict):
    """What became of each trace of one POST, once all that it acknowledges is on disk."""

    recues: int
    enregistrees: int
    doublons: int
    rejetees: int
    rejets: list[RejetLu]
    avertissements: list[AvertissementLu]
    traces_postes: EtatTracesLu


class ConsigneLue(TypedDict):
    """What a workstation is told."""

    traces_postes: EtatTracesLu
    depuis_le: Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})] | None
    prochaine_consultation_s: int
