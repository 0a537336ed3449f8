"""The one metadata of the schema, with names for every constraint so that migrations can speak of them."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

ROLE_SERVICE = "traces_postes_service"
"""The database role that the service takes on every connection: it reads and writes rows, and alters no table."""


class Table(DeclarativeBase):
    """Base of the mapped tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
