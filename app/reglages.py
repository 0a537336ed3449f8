"""Settings, read once from the environment (prefix ``TRACES_POSTES_``), or from files of that name in /run/secrets.

No secret has a working default: embedded mode makes one and keeps it in the data directory, any other mode refuses
to start and names what is missing (see ``app.stockage.secrets_locaux``).
"""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DOSSIER_SECRETS = Path("/run/secrets")
"""Where containers find their secrets: a file for each, named like the variable, whatever its case."""


class ReglageInvalide(Exception):
    """A setting with which the service must not start; the message names it and says what to do."""


class Reglages(BaseSettings):
    """Every setting of the service; an operator's reference is ``docs/reglages.md``."""

    model_config = SettingsConfigDict(
        env_prefix="TRACES_POSTES_",
        extra="ignore",
        frozen=True,
        secrets_dir=DOSSIER_SECRETS if DOSSIER_SECRETS.is_dir() else None,
    )

    database_url: SecretStr | None = Field(
        None, description="postgresql://… of the service; unset: embedded PostgreSQL in DATA_DIR"
    )
    read_url: SecretStr | None = Field(
        None, description="postgresql://… of a standby that bilans, lists, files and scrapes read; unset: DATABASE_URL"
    )
    migration_url: SecretStr | None = Field(
        None, description="postgresql://… of the schema's owner; unset: DATABASE_URL"
    )
    data_dir: Path = Field(Path(".data"), description="where embedded mode keeps its cluster and its secrets")
    cle_maitresse: SecretStr | None = Field(
        None, description="32 bytes in base64 that wrap each présérie's pseudonym key"
    )
    cles_maitresses_anciennes: SecretStr = Field(
        SecretStr(""),
        description="former master keys, 32 bytes in base64 each, separated by commas: they still open",
    )
    cle_signature: SecretStr | None = Field(
        None, description="32 bytes in base64, the private Ed25519 key that signs sealed bilans"
    )
    cles_publiques: str = Field(
        "", description="public Ed25519 keys of former signing keys, 32 bytes in base64 each, separated by commas"
    )
    pool_taille: int = Field(
        10,
        ge=2,
        le=200,
        description="database connections per worker; the writer and the watch have their own",
    )
    ecriture_lot_max: int = Field(500, ge=1, le=10_000, description="traces in one commit, at most")
    ecriture_file_max: int = Field(
        20_000,
        ge=1_000,
        le=1_000_000,
        description="traces waiting for a commit in one worker; beyond it: 503",
    )
    ecriture_delai_s: float = Field(10, gt=0, le=120, description="seconds that one commit may take; beyond it: 503")
    relecture_delai_s: float = Field(
        120, gt=0, le=3600, description="seconds that one statement may take which reads all traces of a présérie again"
    )
    attente_visee_s: float = Field(
        0.3,
        gt=0,
        le=60,
        description="seconds that POSTs of traces may take on average; beyond it fewer are let in, the rest get a 503",
    )
    receptions_max_octets: int = Field(
        4 * 1024 * 1024,
        ge=64 * 1024,
        le=1024 * 1024 * 1024,
        description="bytes of POSTs of traces that one worker may ever have in hand; beyond it: 503",
    )
    corps_delai_s: float = Field(30, gt=0, le=600, description="seconds that a client may take to send its body")
    entete_delai_s: float = Field(
        10, gt=0, le=600, description="seconds that a client may take to send the head of a request"
    )
    lecture_delai_s: float = Field(60, gt=0, le=600, description="seconds that a client may leave its answer unread")
    connexions_max: int = Field(
        5_000, ge=10, le=1_000_000, description="open connections of one worker; beyond it: 503"
    )
    debit_max: int | None = Field(
        None, ge=1, description="requests per second and key on POST /traces and essai, per worker; unset: no limit"
    )
    registre_fraicheur_s: float = Field(
        0.25, gt=0, le=0.5, description="seconds between two looks at the registry's generation"
    )
    url_publique: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="the address of the service as pilotes reach it, for their invitations; unset: that of the request",
    )
    otlp_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#@]+$",
        description="address of the collector that spans are sent to, by OTLP over HTTP; unset: nothing is recorded",
    )
    otlp_part: float = Field(
        1, ge=0, le=1, description="part of the requests that are recorded, where their caller does not say"
    )
    niveau_journal: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="level of the logs")
