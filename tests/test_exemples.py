"""Every example of the documentation is run as it stands, on the demonstration's data, or listed with a reason."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.processus.lancement import Serveur, environnement, executer, port_libre, serveur
from tests.test_documents import DOCS

RACINE = DOCS.parent
PAGES = [RACINE / "README.md", RACINE / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
EXECUTES = {"sh": "bash", "python": sys.executable, "js": "node"}
SORTIES = {"json", "text"}
"""What follows a block that is run: its output, compared."""
VOLATILS = {"calcule_le", "depuis_le", "derniere_le"}
ELISION = "…"
"""In JSON: a value, a field or the rest of a list that the example leaves out."""
_DEBUT = 40
DEMONSTRATION = ("README.md", "           Envoi des traces postes")
NON_EXECUTES = {
    ("README.md", "make demo        # everything set up, th"): "sets up a machine: .ci/run does it",
    DEMONSTRATION: "output of the demonstration, compared by a test of its own",
    ("README.md", 'PATH="$PWD/.venv/bin:$PATH" openapi-pyth'): "writes into the clone: tests/openapi does it elsewhere",
    ("README.md", ".venv/bin/traces-postes serve --host 0.0"): "serves for ever, to everyone",
    ("README.md", "workstation ─POST─▶ traces ─one statemen"): "a picture",
    ("CONTRIBUTING.md", "make setup       # virtual environment w"): "sets up a machine: .ci/run does it",
    ("docs/cles.md", "mv .data/cle_maitresse .data/cle_maitres"): "on a stopped service: tests/cles runs it",
    ("docs/cles.md", "CREATE ROLE service_2 LOGIN IN ROLE trac"): "tests/deploiement does it on a server of its own",
    ("docs/cles.md", "DROP ROLE service;"): "tests/deploiement does it on a server of its own",
    ("docs/client.md", "sqlite3 spool.db.illisible-1 .recover | "): "needs a damaged spool: tests/poste makes them",
    ("docs/cycle.md", "stateDiagram-v2"): "a drawing: tests/preseries compares it with the code",
    ("docs/essais.md", "make test                       # everyt"): "the tests themselves",
    (
        "docs/haute-disponibilite.md",
        "HOTES=10.0.0.1:5432,10.0.0.2:5432,10.0.0",
    ): "needs a cluster: tests/patroni makes one",
    ("docs/haute-disponibilite.md", "make bascules FOIS=10     # a real clust"): "the tests themselves",
    ("docs/journal.md", "traces-postes journal effacer"): "asks for an N° AM",
    ("docs/metriques.md", "$ traces-postes cle creer --role supervi"): "shows no output worth comparing",
    ("docs/metriques.md", "scrape_configs:"): "a Prometheus configuration: tests/supervision runs one like it",
    ("docs/mise-a-niveau.md", "V=0.1.0"): "installs into /opt: the image is built in the same way",
    ("docs/mise-a-niveau.md", "install -d /etc/traces-postes"): "needs systemd",
    ("docs/mise-a-niveau.md", "systemctl start traces-postes-migration@"): "needs systemd",
    ("docs/pannes.md", "make pannes                             "): "the tests themselves",
    ("docs/proxy.md", "certificats.sh autorite /srv/autorite"): "tests/deploiement does it in a folder of its own",
    ("docs/passage-a-l-echelle.md", "TRACES_POSTES_READ_URL: postgresql://ser"): "a setting",
    ("docs/reglages.md", "export TRACES_POSTES_CLE_MAITRESSE=$(ope"): "needs a PostgreSQL server and its owner",
    ("docs/reglages.md", "ALTER SYSTEM SET log_error_verbosity = '"): "settings of a server",
    ("docs/reglages.md", "docker build -t traces-postes ."): "needs docker",
    ("docs/sauvegarde.md", "TRACES_POSTES_MIGRATION_URL=postgresql:/"): "tests/sauvegarde runs the scripts",
    ("docs/sauvegarde.md", "createdb --owner=owner base"): "tests/sauvegarde runs the scripts",
    ("docs/sauvegarde.md", "archive_mode = on"): "settings of a server: tests/sauvegarde starts one with them",
    ("docs/sauvegarde.md", "restore_command = 'cp /archives/%f %p'"): "tests/sauvegarde starts one with them",
}
"""Blocks that are not run, by page and beginning, and why."""


@dataclass(frozen=True, slots=True)
class Bloc:
    """One fenced block; ``sortie`` is the block of its output, if the page gives it."""

    page: str
    langue: str
    texte: str
    sortie: "Bloc | None" = None

    @property
    def cle(self) -> tuple[str, str]:
        return self.page, self.texte.partition("\n")[0][:_DEBUT]


def _blocs(page: Path) -> list[Bloc]:
    nom = page.relative_to(RACINE).as_posix()
    trouves = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    blocs: list[Bloc] = []
    for langue, texte in trouves:
        bloc = Bloc(nom, langue, texte)
        if langue in SORTIES and blocs and blocs[-1].langue in EXECUTES and blocs[-1].sortie is None:
            precedent = blocs.pop()
            blocs.append(Bloc(nom, precedent.langue, precedent.texte, bloc))
        else:
            blocs.append(bloc)
    return blocs


def _executes(page: Path) -> list[Bloc]:
    return [bloc for bloc in _blocs(page) if bloc.langue in EXECUTES]


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data directory on which the demonstration was played, and what it printed."""
    dossier = tmp_path_factory.mktemp("exemples") / "donnees"
    env = environnement(data_dir=str(dossier)) | {"DEMO_EXIT": "1", "COLUMNS": "80"}
    fini = executer("demo", "--port", str(port_libre()), env=env)
    assert fini.returncode == 0, fini.stderr
    return dossier, fini.stdout


@pytest.fixture
def service(demonstration: tuple[Path, str], tmp_path: Path) -> Iterator[Serveur]:
    """On a copy of its own: what one page sends or seals is not there on the next."""
    subprocess.run(["cp", "-a", demonstration[0], tmp_path / "donnees"], check=True)
    with serveur(tmp_path / "donnees") as lui:
        yield lui


def test_chaque_bloc_est_execute_ou_recense() -> None:
    for page in PAGES:
        barrieres = re.findall(r"^[ >]*(?:```|~~~)", page.read_text("utf-8"), re.MULTILINE)
        assert len(barrieres) == 2 * sum(1 if bloc.sortie is None else 2 for bloc in _blocs(page)), page.name
    restants = {bloc.cle for page in PAGES for bloc in _blocs(page) if bloc.langue not in EXECUTES}
    assert restants == set(NON_EXECUTES)


def test_la_demonstration_imprime_ce_que_montre_le_readme(demonstration: tuple[Path, str]) -> None:
    """The page may leave lines out, but shows none that is not printed, in the same order."""
    (montre,) = (bloc.texte for bloc in _blocs(RACINE / "README.md") if bloc.cle == DEMONSTRATION)
    imprimees = iter(ligne.rstrip() for ligne in demonstration[1].replace("\u202f", " ").splitlines())
    for ligne in montre.splitlines():
        assert ligne.rstrip() in imprimees, f"« {ligne} » n'est pas imprimé à cette place"


@pytest.mark.parametrize("page", [page for page in PAGES if _executes(page)], ids=lambda page: str(page.name))
def test_les_exemples_donnent_ce_que_dit_la_page(service: Serveur, tmp_path: Path, page: Path) -> None:
    """One session per page: what a block exports holds for the next ones."""
    blocs = [bloc for bloc in _executes(page) if shutil.which(EXECUTES[bloc.langue])]
    for outil in ("bash", "curl", "gzip"):
        if shutil.which(outil) is None:
            pytest.skip(f"{outil} manque : les exemples de {page.name} n'ont pas été exécutés")
    sorties = _executer(service, tmp_path, blocs)
    for bloc, sortie in zip(blocs, sorties, strict=True):
        if bloc.sortie is not None:
            _comparer(bloc, bloc.sortie, sortie)
    absents = {EXECUTES[bloc.langue] for bloc in _executes(page)} - {EXECUTES[bloc.langue] for bloc in blocs}
    if absents:
        pytest.skip(f"{', '.join(absents)} manque : ses exemples n'ont pas été exécutés, les autres vont")


def _executer(service: Serveur, dossier: Path, blocs: list[Bloc]) -> list[str]:
    """Runs the blocks in one shell against this server; gives the output of each."""
    marque = "=== bloc"
    lignes = ["set -eu -o pipefail"]
    for rang, bloc in enumerate(blocs):
        texte = bloc.texte.replace("http://127.0.0.1:8000", service.url)
        lignes.append(f"echo; echo '{marque}'")
        if bloc.langue == "sh":
            lignes.append(texte.replace(".venv/bin/", f"{Path(sys.executable).parent}/"))
        else:
            fichier = dossier / f"bloc{rang}.{'mjs' if bloc.langue == 'js' else 'py'}"
            fichier.write_text(texte, "utf-8")
            lignes.append(f"{EXECUTES[bloc.langue]} {fichier}")
    fini = subprocess.run(
        ["bash", "-c", "\n".join(lignes)],
        cwd=RACINE,
        env=environnement(data_dir=str(service.dossier)) | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    sorties = re.split(rf"^{marque}$", fini.stdout, flags=re.MULTILINE)[1:]
    assert fini.returncode == 0, f"{blocs[len(sorties) - 1].texte}\n{fini.stdout[-2000:]}\n{fini.stderr[-2000:]}"
    return sorties


def _comparer(bloc: Bloc, attendue: Bloc, sortie: str) -> None:
    if attendue.langue == "text":
        assert sortie.strip() == attendue.texte.strip(), bloc.texte
        return
    ecart = _ecart(json.loads(attendue.texte), json.loads(sortie), "")
    assert ecart is None, f"{ecart}\n{bloc.texte}\n{sortie}"


def _ecart(attendu: Any, obtenu: Any, ou: str) -> str | None:
    """Where two JSON values differ, but for what is elided or volatile; None where they agree."""
    if attendu == ELISION:
        return None
    if isinstance(attendu, dict) and isinstance(obtenu, dict):
        champs = attendu.keys() - {ELISION}
        if champs - obtenu.keys() or (ELISION not in attendu and obtenu.keys() - champs):
            return f"{ou} : champs {sorted(champs)}, reçus {sorted(obtenu)}"
        ecarts = (_ecart(attendu[c], obtenu[c], f"{ou}.{c}") for c in champs - VOLATILS)
        return next((ecart for ecart in ecarts if ecart is not None), None)
    if isinstance(attendu, list) and isinstance(obtenu, list):
        elide = attendu[-1:] == [ELISION]
        debut = attendu[:-1] if elide else attendu
        if len(debut) > len(obtenu) or (not elide and len(debut) < len(obtenu)):
            return f"{ou} : {len(debut)} éléments, reçus {len(obtenu)}"
        ecarts = (_ecart(a, o, f"{ou}[{i}]") for i, (a, o) in enumerate(zip(debut, obtenu, strict=False)))
        return next((ecart for ecart in ecarts if ecart is not None), None)
    return None if attendu == obtenu and type(attendu) is type(obtenu) else f"{ou} : {attendu!r}, reçu {obtenu!r}"
