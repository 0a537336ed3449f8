"""FastAPI dependencies of what bilans are read by; those that lower packages share are theirs."""

from app.preseries.dependances import CodeChemin
from app.traces.dependances import Au, Lecteur

__all__ = ["Au", "CodeChemin", "Lecteur"]
