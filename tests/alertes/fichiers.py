"""The committed files of Prometheus and Alertmanager, as read."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import app.serveur
from tests.outils import Corps

RACINE = Path(app.serveur.__file__).parents[1]
PROMETHEUS = RACINE / "deploy" / "prometheus"
ALERTMANAGER = RACINE / "deploy" / "alertmanager" / "alertmanager.yml"
RUNBOOKS = RACINE / "docs" / "runbooks"
OUTILS = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
ABSENTS = [outil for outil in OUTILS if shutil.which(outil) is None]
RAISON = "Prometheus is not here: apt-get install --no-install-recommends prometheus prometheus-alertmanager"


def lire(fichier: Path) -> Any:
    return yaml.load(fichier.read_text("utf-8"), yaml.CSafeLoader)


def regles() -> Iterator[tuple[Path, Corps]]:
    """Every rule, with the file that it stands in."""
    for fichier in sorted((PROMETHEUS / "regles").glob("*.yml")):
        for groupe in lire(fichier)["groups"]:
            for regle in groupe["rules"]:
                yield fichier, regle


@cache
def alertes() -> dict[str, Corps]:
    trouvees = [regle for _, regle in regles() if "alert" in regle]
    par_nom = {regle["alert"]: regle for regle in trouvees}
    assert len(par_nom) == len(trouvees), "a name stands for two alerts"
    return par_nom


def essais() -> Iterator[Corps]:
    """The unit tests of all rules."""
    for fichier in sorted((PROMETHEUS / "tests").glob("*.yml")):
        yield from lire(fichier)["tests"]


def lancer(*commande: str | Path) -> str:
    """One command to its end, which must succeed; gives what it says."""
    fini = subprocess.run(commande, capture_output=True, text=True, timeout=120, check=False)
    assert fini.returncode == 0, fini.stdout + fini.stderr
    return fini.stdout


def mesures_decrites() -> set[str]:
    """The names of the series that docs/metriques.md lists."""
    page = (RACINE / "docs" / "metriques.md").read_text("utf-8")
    noms = set()
    for nom, type_ in re.findall(r"^\| `([^`]+)` \| (\w+) \|", page, re.MULTILINE):
        noms |= {f"{nom}_{suite}" for suite in ("bucket", "count", "sum")} if type_ == "histogram" else {nom}
    return noms
