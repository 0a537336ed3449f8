"""Brings the schema to the version of this code, and tells whether it is there."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

import migrations


def configuration(url: str) -> Config:
    """Alembic's configuration for one database, whose URL is that of the schema's owner."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.attributes["url"] = url
    return config


def migrer(url: str, cible: str = "head") -> None:
    """Migrates up to ``cible``. Runs its own event loop: not to be called within one."""
    command.upgrade(configuration(url), cible)


def revenir(url: str, cible: str = "base") -> None:
    """Migrates down to ``cible``; ``base`` drops every table."""
    command.downgrade(configuration(url), cible)


@cache
def revisions_du_code() -> tuple[str, ...]:
    """The revisions that this code knows, its own first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(configuration("")).walk_revisions())


async def est_pret(session: AsyncSession) -> bool:
    """Whether the database bears a schema that this code can work on: its own revision, or a later one."""
    try:
        presente = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    except ProgrammingError:
        return False
    connues = revisions_du_code()
    return presente is not None and (presente == connues[0] or presente not in connues)
