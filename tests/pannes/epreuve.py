"""One fault, as often as wanted: done, mended, waited for, and looked into; then the clients deliver the rest."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired

from app.stockage.base import ERREURS_DE_BASE
from app.stockage.embarque import PostgresEmbarqueImpossible
from tests.fuzz.campagne import memoire_mio
from tests.pannes.carnet import Carnet
from tests.pannes.constat import constater, constater_la_fin, vider
from tests.pannes.disque import empechement
from tests.pannes.pannes import A_L_ETROIT, EMBARQUE, SOUS_FAKETIME, Panne
from tests.pannes.poste import POSTES
from tests.pannes.terrain import Terrain, terrain
from tests.processus.lancement import attendre

PRET_MAX_S = 60.0
_TRANCHE = 10
"""Times after which the traces are counted to the last, and then forgotten: each recount reads all of them."""
_INTERDITS_AU_JOURNAL = ("Traceback", "erreur_imprevue", "tache_morte", '"statut": 500')
_FAKETIME = "*/faketime/libfaketimeMT.so.1"


class Impossible(Exception):
    """This fault cannot be done on this machine; the message says what it takes."""


@contextmanager
def ouvrir(lieu: str, dossier: Path) -> Iterator[Terrain]:
    """The terrain that a fault needs."""
    faketime = None
    if lieu == A_L_ETROIT and (raison := empechement(dossier)) is not None:
        raise Impossible(raison)
    if lieu == SOUS_FAKETIME and (faketime := next(Path("/usr/lib").glob(_FAKETIME), None)) is None:
        raise Impossible("libfaketime manque (apt-get install --no-install-recommends libfaketime)")
    with terrain(dossier, embarque=lieu == EMBARQUE, a_l_etroit=lieu == A_L_ETROIT, faketime=faketime) as lui:
        yield lui


@dataclass
class Releve:
    """What one fault came to; durations count from when its mending began."""

    nom: str
    fois: int = 0
    acquittees: int = 0
    reprises: int = 0
    prets_s: list[float] = field(default_factory=list)
    acquittements_s: list[float] = field(default_factory=list)
    """Until every workstation was answered for once more."""
    plus_lente_s: float = 0.0
    statuts: set[int] = field(default_factory=set)
    """Of ``/sante/pret``, while it lasted and after."""
    journal_par_s: float = 0.0
    """Lines of the log, but for those of the requests, at the most."""
    memoire_mio: float = 0.0
    """Of the workers together, at their peak."""
    fautes: list[str] = field(default_factory=list)


TITRES = (
    "panne",
    "fois",
    "acquittées",
    "reprises",
    "fautes",
    "prêt (médiane)",
    "prêt (max)",
    "acquitté (max)",
    "réponse max",
    "statuts",
    "journal/s",
    "mémoire",
)


def lignes(releves: Sequence[Releve]) -> list[str]:
    """A table of what was found, for a terminal."""
    rangs = [TITRES, *(_cellules(releve) for releve in releves)]
    largeurs = [max(map(len, colonne)) for colonne in zip(*rangs, strict=True)]
    return [
        "  ".join(f"{mot:<{largeurs[i]}}" if i == 0 else f"{mot:>{largeurs[i]}}" for i, mot in enumerate(rang))
        for rang in rangs
    ]


def _cellules(releve: Releve) -> tuple[str, ...]:
    prets = releve.prets_s or [float("nan")]
    return (
        releve.nom,
        str(releve.fois),
        str(releve.acquittees),
        str(releve.reprises),
        str(len(releve.fautes)),
        f"{statistics.median(prets):.2f} s",
        f"{max(prets):.2f} s",
        f"{max(releve.acquittements_s, default=float('nan')):.2f} s",
        f"{releve.plus_lente_s:.2f} s",
        " ".join(map(str, sorted(releve.statuts))),
        f"{releve.journal_par_s:.0f}",
        f"{releve.memoire_mio:.0f} Mio",
    )


def eprouver(terrain: Terrain, panne: Panne, fois: int, dire: Callable[[str], None]) -> Releve:
    """The fault so many times over while clients send; every now and then they deliver all that they have."""
    releve = Releve(panne.nom)
    for premiere in range(0, fois, _TRANCHE):
        terrain.ouvrir_un_carnet()
        try:
            vider(terrain)
            terrain.lancer_clients()
            _attendre_chacun(terrain.carnet)
            for _ in range(min(_TRANCHE, fois - premiere)):
                _une_fois(terrain, panne, releve)
            terrain.finir_les_clients()
            terrain.carnet.relire()
            releve.fautes += constater_la_fin(terrain)
        except (AssertionError, TimeoutExpired, PostgresEmbarqueImpossible, *ERREURS_DE_BASE) as echec:
            dires = terrain.serveur.journal.read_text()[-1500:] + terrain.dires_des_clients()
            releve.fautes.append(f"{echec!r} {dires}")
        finally:
            terrain.tuer_les_clients()
        releve.acquittees += len(terrain.carnet.acquittees)
        releve.reprises += terrain.carnet.reprises
        releve.fautes += [f"des réponses {refus}" for refus in terrain.carnet.refus if refus != (503, True)]
        dire(f"{panne.nom} : {releve.fois} fois, {releve.acquittees} acquittées, {len(releve.fautes)} fautes")
        if releve.fautes:
            break
    if panne.visible and not releve.reprises:
        releve.fautes.append("la panne n'a dérangé personne")
    return releve


def _une_fois(terrain: Terrain, panne: Panne, releve: Releve) -> None:
    time.sleep(random.uniform(0, 0.5))
    journal = terrain.serveur.journal.stat().st_size
    debut = time.monotonic()
    with panne.faire(terrain):
        time.sleep(panne.dure_s)
        reparation = time.monotonic()
    attendre(lambda: terrain.sonde.pret_depuis(reparation) is not None, PRET_MAX_S)
    pret = terrain.sonde.pret_depuis(reparation)
    assert pret is not None
    _attendre_chacun(terrain.carnet)
    releve.acquittements_s.append(time.monotonic() - reparation)
    releve.prets_s.append(pret - reparation)
    releve.fois += panne.a_la_fois
    statuts, plus_lente_s = terrain.sonde.entre(debut)
    releve.statuts |= statuts
    releve.plus_lente_s = max(releve.plus_lente_s, plus_lente_s)
    if interdits := statuts - {0, 200, 503}:
        releve.fautes.append(f"/sante/pret répond {interdits}")
    _lire_le_journal(terrain, releve, journal, time.monotonic() - debut)
    releve.fautes += constater(terrain, set(terrain.carnet.acquittees))
    attendre(lambda: len(terrain.serveur.ouvriers()) == 2)
    releve.memoire_mio = max(releve.memoire_mio, memoire_mio(terrain.serveur.ouvriers(), "VmHWM"))


def _attendre_chacun(carnet: Carnet) -> None:
    """Every workstation is answered for once more."""
    carnet.relire()
    avant = carnet.lots.copy()

    def chacun() -> bool:
        carnet.relire()
        return len(carnet.lots) == POSTES and all(carnet.lots[nom] > avant[nom] for nom in carnet.lots)

    attendre(chacun, PRET_MAX_S)


def _lire_le_journal(terrain: Terrain, releve: Releve, depuis: int, duree_s: float) -> None:
    with terrain.serveur.journal.open("rb") as flux:
        flux.seek(depuis)
        dites = flux.read().decode(errors="replace")
    releve.fautes += [f"le journal porte {mot}" for mot in _INTERDITS_AU_JOURNAL if mot in dites]
    autres = sum('"event": "requete"' not in ligne for ligne in dites.splitlines())
    releve.journal_par_s = max(releve.journal_par_s, autres / duree_s)


def campagne(pannes: Sequence[Panne], fois: int, dire: Callable[[str], None]) -> Iterator[Releve]:
    """Each of these faults so many times, place by place; one that can't be done here is said and left out."""
    for lieu in dict.fromkeys(panne.lieu for panne in pannes):
        with tempfile.TemporaryDirectory(prefix="pannes-") as dossier:
            try:
                with ouvrir(lieu, Path(dossier)) as ici:
                    for panne in pannes:
                        if panne.lieu == lieu:
                            yield eprouver(ici, panne, fois, dire)
            except Impossible as raison:
                dire(f"{lieu} : {raison}")
