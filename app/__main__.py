"""``python -m app`` is ``traces-postes``."""

from app.cli import app

app()
