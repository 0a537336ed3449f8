"""Shapes that every wire schema shares: instants, days, codes, texts (CONTRACT, first lines)."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

RFC_3339 = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
AAAA_MM_JJ = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
NUMERO_AM = r"^[0-9][0-9AB][0-9]{7}$"
CODE = r"^[a-z0-9][a-z0-9-]{1,62}$"
CODE_ET_CODE = r"^[a-z0-9][a-z0-9-]{1,62}/[a-z0-9][a-z0-9-]{1,62}$"
CPAM = r"^(?:[0-9]{2}|2[AB]|97[0-9])$"
ETOILE = r"^\*$"
SANS_NUL = r"^[^\x00]*$"


class _Texte:
    """A text of one exact pattern, then read: pydantic's own reading also takes Unix times and loose forms."""

    def __init__(self, pattern: str, lu: CoreSchema, format_json: str) -> None:
        self._pattern = pattern
        self._lu = lu
        self._format = format_json

    def __get_pydantic_core_schema__(self, _type: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.chain_schema([core_schema.str_schema(pattern=self._pattern, strict=True), self._lu])

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "format": self._format, "pattern": self._pattern}


ANNEES = range(1900, 9999)
"""Years of an instant or a day: the first and last days of the calendar mean infinity to the database's driver."""
_INSTANT = core_schema.datetime_schema(tz_constraint="aware", microseconds_precision="truncate", strict=False)
_INSTANT_BORNE = core_schema.datetime_schema(
    tz_constraint="aware",
    microseconds_precision="truncate",
    strict=False,
    ge=datetime(ANNEES.start, 1, 1, tzinfo=UTC),
    lt=datetime(ANNEES.stop, 1, 1, tzinfo=UTC),
)
_JOUR = core_schema.date_schema(strict=False, ge=date(ANNEES.start, 1, 1), lt=date(ANNEES.stop, 1, 2))

Instant = Annotated[datetime, _Texte(RFC_3339, _INSTANT, "date-time")]
InstantBorne = Annotated[datetime, _Texte(RFC_3339, _INSTANT_BORNE, "date-time")]
"""As a parameter: within the years that the database and Python's own arithmetic take, whatever its offset."""
Jour = Annotated[date, _Texte(AAAA_MM_JJ, _JOUR, "date")]
NumeroAm = Annotated[str, StringConstraints(pattern=NUMERO_AM)]
Code = Annotated[str, StringConstraints(pattern=CODE)]
Cpam = Annotated[str, StringConstraints(pattern=CPAM)]
Libelle = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=SANS_NUL)]


class Corps(BaseModel):
    """A body of the registry: unknown fields are refused, types are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True)
