"""Writes the dashboards beside this file: ``make grafana``."""

from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.cnam import cnam
from deploy.grafana.editeur import editeur
from deploy.grafana.exploitation import exploitation

DOSSIER = Path(__file__).parent / "dashboards"


def fichiers() -> dict[str, str]:
    """Every file by its name, as it is to be committed."""
    codage = JSONEncoder(indent=2, sort_keys=True, ensure_ascii=False)
    tableaux = {"cnam": cnam(), "editeur": editeur(), "exploitation": exploitation()}
    return {f"{nom}.json": f"{codage.encode(tableau)}\n" for nom, tableau in tableaux.items()}


if __name__ == "__main__":
    for nom, contenu in fichiers().items():
        (DOSSIER / nom).write_text(contenu, "utf-8")
