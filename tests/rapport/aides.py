"""What the tests of the report share."""

import asyncpg


async def anterioriser_le_registre(proprietaire: asyncpg.Connection) -> None:
    """As if all of the registry had been there since September: its versions are of now, whatever traces say."""
    await proprietaire.execute("SET session_replication_role = replica")  # no trigger: the database refuses this
    await proprietaire.execute("UPDATE version_registre SET depuis_le = '2026-09-01T00:00:00Z'")
    await proprietaire.execute("RESET session_replication_role")


async def anterioriser_l_arrete(proprietaire: asyncpg.Connection) -> None:
    """As if bilans had been sealed two hours ago, and a decision taken one hour later: ``au`` is never of just now."""
    await proprietaire.execute("SET session_replication_role = replica")
    await proprietaire.execute("UPDATE arrete SET au = au - interval '2 hours'")
    await proprietaire.execute("UPDATE decision SET prise_le = prise_le - interval '1 hour'")
    await proprietaire.execute("RESET session_replication_role")
