"""`python -m bench.surcharge`: three times what the service can do, and what becomes of it.

The capacity is measured first, over few connections that wait for their answers. Then requests arrive at a multiple
of it, over many connections and whatever the answers, while reference clients deliver traces of their own. At the end
each acknowledged trace must be in the database once, and all those of the clients.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from app.poste.client import ClientPoste
from app.poste.reglages import Reglages
from app.stockage.embarque import postgres_embarque
from bench import machine
from bench.concurrents import Forme, Temps, charger_http
from bench.corps import Cible, gabarits
from bench.debordement import PREMIER
from bench.processus import RACINE, arreter_postgresql_oublie, environnement
from bench.service import Service

_FORMES = {"unitaires": Forme(taille=1, connexions=64), "tableaux": Forme(taille=100, connexions=16)}
_POSTES = 10
_LOTS_PAR_POSTE = 10
_TRACES_PAR_LOT = 50
_PATIENCE_S = 600.0
_DES_POSTES = 2 * PREMIER
"""Where the numbers of the clients' traces begin."""
_EN_BASE = "SELECT right(id::text, 12)::bigint AS numero, count(*) AS traces FROM trace GROUP BY 1"


@dataclass
class Resultat:
    """One overload, judged."""

    forme: str
    workers: int
    capacite_par_s: float
    rythme_par_s: float
    debordement: dict[str, Any]
    memoire_mio: list[float] = field(default_factory=list)
    """Of all the processes of the service, each second; PostgreSQL's are not among them."""
    perdues: int = 0
    """Acknowledged requests of which a trace is missing in the database."""
    non_acquittees: int = 0
    """Requests in the database that were answered otherwise, or not at all."""
    postes: dict[str, float] = field(default_factory=dict)
    """What the reference clients delivered, in how many attempts and seconds."""

    @property
    def tenu(self) -> bool:
        acceptees = self.debordement["acceptees"]
        attendues = _POSTES * _LOTS_PAR_POSTE * _TRACES_PAR_LOT
        return acceptees["p99_ms"] < 1000 and not self.perdues and self.postes["en_base"] == attendues


def _arguments() -> argparse.Namespace:
    analyseur = argparse.ArgumentParser(prog="python -m bench.surcharge", description="Overload of POST /traces.")
    analyseur.add_argument("--formes", default="unitaires,tableaux", help="comma-separated: unitaires, tableaux")
    analyseur.add_argument("--fois", type=float, default=3.0, help="arrivals, as a multiple of the capacity (3)")
    analyseur.add_argument("--duree", type=float, default=60.0, help="seconds of overload (60)")
    analyseur.add_argument("--connexions", type=int, default=1000, help="connections of the overload (1000)")
    analyseur.add_argument("--workers", type=int, default=1)
    analyseur.add_argument("--capacite", type=float, help="requests per second; unset: measured first, for 5 s")
    analyseur.add_argument("--exiger", action="store_true", help="exit 1 when the target is missed")
    return analyseur.parse_args()


@contextmanager
def _memoire_suivie(pid: int, releve: list[float]) -> Iterator[None]:
    """Notes the memory of a process and its children each second."""
    fini = threading.Event()

    def suivre() -> None:
        while not fini.wait(1.0):
            releve.append(round(sum(map(_memoire_mio, _famille(pid))), 1))

    fil = threading.Thread(target=suivre)
    fil.start()
    try:
        yield
    finally:
        fini.set()
        fil.join()


def _famille(pid: int) -> list[int]:
    try:
        enfants = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(int(enfant) for enfant in enfants if b"postgres" not in _commande(int(enfant)))]


def _commande(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return b""


def _memoire_mio(pid: int) -> float:
    try:
        lignes = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(ligne.split()[1]) / 1024 for ligne in lignes if ligne.startswith("VmRSS:"))


def _deborder(cible: Cible, forme: Forme, rythme: float, dossier: Path, options: argparse.Namespace) -> dict[str, Any]:
    arguments = {
        "--port": cible.port,
        "--taille": forme.taille,
        "--connexions": options.connexions,
        "--rythme": rythme,
        "--duree": options.duree,
        "--acquittees": dossier / "acquittees",
    }
    commande = [sys.executable, "-m", "bench.debordement", *(str(mot) for paire in arguments.items() for mot in paire)]
    fini = subprocess.run(  # noqa: S603 (our own command)
        commande,
        cwd=RACINE,
        env=environnement({"BENCH_CLE": cible.cle or ""}),
        stdout=subprocess.PIPE,
        timeout=options.duree + 120,
        check=True,
    )
    mesure: dict[str, Any] = json.loads(fini.stdout)
    return mesure


async def _livrer(cible: Cible) -> dict[str, float]:
    """Workstations with a set of their own, sent to its end whatever they are answered."""
    debut = time.perf_counter()
    reglages = Reglages(taille_lot=_TRACES_PAR_LOT, patience_s=_PATIENCE_S)

    async def livrer(rang: int) -> Counter[str]:
        nombre = _LOTS_PAR_POSTE * _TRACES_PAR_LOT
        requetes = gabarits(cible, taille=1, nombre=nombre, graine=rang)
        premier = _DES_POSTES + rang * nombre
        siennes = [g.requete(premier + i).partition(b"\r\n\r\n")[2] for i, g in enumerate(requetes)]
        async with ClientPoste(f"http://{cible.hote}:{cible.port}", cible.cle or "", reglages=reglages) as client:
            resultat = await client.envoyer(siennes)
        return Counter(enregistrees=resultat.enregistrees, doublons=resultat.doublons, reprises=resultat.reprises)

    sommes: Counter[str] = sum(await asyncio.gather(*map(livrer, range(_POSTES))), Counter())
    return {**sommes, "duree_s": round(time.perf_counter() - debut, 1)}


def _livrer_en_fond(cible: Cible, resultats: dict[str, float]) -> threading.Thread:
    fil = threading.Thread(target=lambda: resultats.update(asyncio.run(_livrer(cible))))
    fil.start()
    return fil


async def _lire_en_base(donnees: Path) -> dict[int, int]:
    """How many traces there are of each number, but for those of the warm-up."""
    with postgres_embarque(donnees) as postgres:
        connexion = await asyncpg.connect(postgres.url())
        try:
            lignes = await connexion.fetch(_EN_BASE)
        finally:
            await connexion.close()
    return {ligne["numero"]: ligne["traces"] for ligne in lignes if ligne["numero"] >= PREMIER}


def _jouer(nom: str, dossier: Path, options: argparse.Namespace) -> Resultat:
    forme = _FORMES[nom]
    service = Service(nom, forme, workers=options.workers)
    dossier.mkdir()
    try:
        service.demarrer(dossier)
        capacite = options.capacite or charger_http(service.cible, forme, Temps(2, 5)).par_seconde / forme.taille
        resultat = Resultat(nom, options.workers, round(capacite), round(capacite * options.fois), {})
        with _memoire_suivie(service.pid, resultat.memoire_mio):
            fidele = _livrer_en_fond(service.cible, resultat.postes)
            resultat.debordement = _deborder(service.cible, forme, capacite * options.fois, dossier, options)
            fidele.join()
        acquittees = set(map(int, (dossier / "acquittees").read_text().split()))
        en_base = asyncio.run(_lire_en_base(dossier / "donnees"))
        resultat.postes["en_base"] = sum(numero >= _DES_POSTES for numero in en_base)
        resultat.perdues = sum(en_base.get(numero) != forme.taille for numero in acquittees)
        resultat.non_acquittees = sum(numero < _DES_POSTES for numero in en_base) - len(acquittees)
        return resultat
    finally:
        service.arreter()
        shutil.rmtree(dossier)


def main() -> int:
    options = _arguments()
    machine.coeurs(2)
    dossier = machine.dossier_de_travail()
    try:
        resultats = [_jouer(nom, dossier / nom, options) for nom in options.formes.split(",")]
    finally:
        arreter_postgresql_oublie(dossier)
        shutil.rmtree(dossier, ignore_errors=True)
    for resultat in resultats:
        print(json.dumps(asdict(resultat) | {"tenu": resultat.tenu}, indent=1, ensure_ascii=False))
    return 1 if options.exiger and not all(resultat.tenu for resultat in resultats) else 0


if __name__ == "__main__":
    sys.exit(main())
