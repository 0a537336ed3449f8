"""Alembic migrations of the schema, run by ``app.stockage.schema``."""
