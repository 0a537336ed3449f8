"""Hostile bodies and hostile HTTP against a real server; ``make fuzz`` for the long form (docs/essais.md)."""
