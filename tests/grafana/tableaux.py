"""The committed dashboards as Grafana reads them, and their variables as it fills them in."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import deploy.grafana
from tests.outils import Corps

GRAFANA = Path(next(iter(deploy.grafana.__path__)))
FICHIERS = sorted((GRAFANA / "dashboards").glob("*.json"))
_DUREES = {"$__rate_interval": "1m", "$__range": "1m"}


@dataclass(frozen=True, slots=True)
class Requete:
    """A query of a panel, still with its variables."""

    tableau: str
    panneau: str
    ref_id: str
    expr: str
    instantanee: bool

    def __str__(self) -> str:
        return f"{self.tableau}-{self.panneau}-{self.ref_id}"


def lire(fichier: Path) -> Corps:
    lu: Corps = json.loads(fichier.read_text("utf-8"))
    return lu


def panneaux(tableau: Corps) -> list[Corps]:
    """All but the titles of rows."""
    return [panneau for panneau in tableau["panels"] if panneau["type"] != "row"]


def requetes() -> Iterator[Requete]:
    for fichier in FICHIERS:
        for panneau in panneaux(lire(fichier)):
            for cible in panneau["targets"]:
                instantanee = cible.get("instant", False)
                yield Requete(fichier.stem, panneau["title"], cible["refId"], cible["expr"], instantanee)


def variables(tableau: Corps) -> list[Corps]:
    """Those that are asked of Prometheus."""
    return [variable for variable in tableau["templating"]["list"] if variable["type"] == "query"]


def question(variable: Corps) -> tuple[str, str]:
    """Series and label that a variable asks for."""
    trouvee = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    assert trouvee is not None, variable["name"]
    return trouvee[1], trouvee[2]


def remplir(texte: str, choix: Mapping[str, str]) -> str:
    """A query without its variables; fails on one that nothing fills."""
    for nom, valeur in _DUREES.items():
        texte = texte.replace(nom, valeur)
    return re.sub(r"\$(\w+)", lambda trouvee: choix[trouvee[1]], texte)
