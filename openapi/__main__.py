"""Writes the API's description beside this file: ``make openapi``."""

from pathlib import Path

from openapi.fichiers import fichiers

DOSSIER = Path(__file__).parent


def ecrire(dossier: Path) -> None:
    """Writes every file, and removes the JSON files that are no longer made."""
    faits = fichiers()
    for ancien in dossier.rglob("*.json"):
        if ancien.relative_to(dossier).as_posix() not in faits:
            ancien.unlink()
    for nom, contenu in faits.items():
        (dossier / nom).parent.mkdir(parents=True, exist_ok=True)
        (dossier / nom).write_bytes(contenu)


if __name__ == "__main__":
    ecrire(DOSSIER)
