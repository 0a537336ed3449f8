"""How a primary is lost, and what a takeover comes to, as the clients noted it."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.pannes.carnet import Carnet
from tests.pannes.constat import constater, constater_la_fin
from tests.patroni.noeuds import CONFIGURATION, PRETE_MAX_S, Noeud
from tests.patroni.terrain import Terrain, clients
from tests.processus.lancement import Serveur, attendre

PATRONICTL = Path(sys.executable).with_name("patronictl")
_AVANT = 300
"""Traces acknowledged between two losses, at the least."""
_REPRISE_MAX_S = 90.0
_ETCD_MUET_S = 30
"""More than the ttl of the leader's lock."""
_INTERDITS_AU_JOURNAL = ("Traceback", "erreur_imprevue", "tache_morte", '"statut": 500')


def noeud_tue(noeud: Noeud) -> None:
    noeud.tuer()


def postmaster_tue(noeud: Noeud) -> None:
    """Its Patroni sees it, and gives the lead away instead of waiting for recovery."""
    postmaster = noeud.postmaster
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)


def noeud_fige(noeud: Noeud) -> None:
    """Its connections stay open, its kernel answers every probe, and nothing else does."""
    noeud.signaler(signal.SIGSTOP)


def bascule_demandee(noeud: Noeud) -> None:
    fini = subprocess.run(
        [PATRONICTL, "-c", CONFIGURATION, "switchover", "--force"],
        env=noeud.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert fini.returncode == 0, fini.stdout + fini.stderr


@dataclass(frozen=True)
class Perte:
    nom: str
    faire: Callable[[Noeud], None]
    rendre: Callable[[Noeud], None]
    """As a service manager, or whoever resumes the machine, would: once another leads."""


TUE = Perte("nœud tué", noeud_tue, lambda noeud: noeud.lancer())
FIGE = Perte("nœud figé", noeud_fige, lambda noeud: noeud.signaler(signal.SIGCONT))
ABATTU = Perte("postmaster tué", postmaster_tue, lambda _: None)
DEMANDEE = Perte("demandée", bascule_demandee, lambda _: None)


@dataclass
class Releve:
    """What all takeovers came to."""

    sans_accuse_s: list[float] = field(default_factory=list)
    """How long no trace was acknowledged, each time."""
    en_plus_s: list[float] = field(default_factory=list)
    acquittees: int = 0
    emises: int = 0
    manquantes: int = -1
    """Of those acknowledged; -1: not counted yet."""
    en_double: int = -1
    fautes: list[str] = field(default_factory=list)

    def resume(self) -> list[str]:
        durees = self.sans_accuse_s
        return [
            f"{len(durees)} bascules sous charge, synchronous_mode_strict",
            f"sans accusé : {max(durees):.1f} s au plus, {statistics.median(durees):.1f} s en médiane",
            f"{self.acquittees} acquittées, {self.manquantes} manquantes, {self.en_double} comptées deux fois",
            *self.fautes,
        ]


def eprouver(
    lui: Terrain, serveur_: Serveur, pertes: Sequence[Perte], dire: Callable[[str], None], *, en_plus: bool = False
) -> Releve:
    """Loses the primary in these ways, one after the other, while clients send; then counts.

    ``en_plus``: a switchover and a silent etcd after that, which are no losses.
    """
    releve = Releve()
    with clients(lui, serveur_):
        for rang, perte in enumerate(pertes, 1):
            dire(f"{rang:>3}. {_une_fois(lui, perte, releve.sans_accuse_s, releve)}")
        if en_plus:
            dire(f"  + {_une_fois(lui, DEMANDEE, releve.en_plus_s, releve)}")
            dire(f"  + {_sans_etcd(lui, releve)}")
    lui.carnet.relire()
    releve.acquittees, releve.emises = len(lui.carnet.acquittees), len(lui.carnet.emises)
    _conclure(lui, serveur_, releve, dire)
    return releve


def _une_fois(lui: Terrain, perte: Perte, durees: list[float], releve: Releve) -> str:
    attendre(lui.ensemble.complet, PRETE_MAX_S)
    attendre_des_accuses(lui.carnet, time.monotonic())
    ancien = lui.ensemble.primaire()
    assert ancien is not None
    debut = time.monotonic()
    perte.faire(ancien)
    attendre(lambda: lui.ensemble.primaire(sauf=ancien.nom) is not None, _REPRISE_MAX_S)
    nouveau, mene = lui.ensemble.primaire(sauf=ancien.nom), time.monotonic() - debut
    assert nouveau is not None
    attendre_des_accuses(lui.carnet, debut + mene)
    sans = plus_longue_attente(lui.carnet, debut)
    durees.append(sans)
    perte.rendre(ancien)
    attendre(lui.ensemble.complet, PRETE_MAX_S)
    revenu = time.monotonic() - debut
    if perdues := constater(lui, set(lui.carnet.acquittees)):
        releve.fautes += perdues
    return (
        f"{perte.nom:<15} {ancien.nom} -> {nouveau.nom} en {mene:4.1f} s, sans accusé {sans:4.1f} s, "
        f"{ancien.nom} secondaire après {revenu:4.1f} s, {len(lui.carnet.acquittees)} acquittées"
    )


def _sans_etcd(lui: Terrain, releve: Releve) -> str:
    """The primary goes on, as long as the others answer to it."""
    avant, debut = lui.ensemble.primaire(), time.monotonic()
    with lui.ensemble.etcd_muet():
        time.sleep(_ETCD_MUET_S)
        attendre_des_accuses(lui.carnet, time.monotonic())
        pendant = lui.ensemble.primaire()
    sans = plus_longue_attente(lui.carnet, debut)
    attendre(lui.ensemble.complet, PRETE_MAX_S)
    if avant is None or pendant is not avant or lui.ensemble.primaire() is not avant:
        releve.fautes.append("le primaire a changé pendant qu'etcd se taisait")
    return f"etcd muet {_ETCD_MUET_S} s, sans accusé {sans:.1f} s"


def attendre_des_accuses(carnet: Carnet, depuis: float) -> None:
    """Until clients were answered for so many times after that instant."""
    carnet.relire()
    avant = len(carnet.acquittees)

    def assez() -> bool:
        carnet.relire()
        return len(carnet.acquittees) >= avant + _AVANT and max(carnet.instants) > depuis

    attendre(assez, _REPRISE_MAX_S)


def plus_longue_attente(carnet: Carnet, depuis: float) -> float:
    """The longest time between two answers for traces, from the last one before ``depuis`` on; s."""
    instants = sorted(carnet.instants)
    premiers = [quand for quand in instants if quand <= depuis][-1:]
    return max(apres - avant for avant, apres in pairwise([*premiers, *(q for q in instants if q > depuis)]))


def _conclure(lui: Terrain, serveur_: Serveur, releve: Releve, dire: Callable[[str], None]) -> None:
    """By an SQL of its own, by that of the faults' tests, and by the service's recount."""
    rangees = lui.ensemble.psql("-c", "SELECT id FROM trace", base="traces_postes").splitlines()
    releve.manquantes = len(lui.carnet.acquittees - set(rangees))
    releve.en_double = len(rangees) - len(set(rangees))
    releve.fautes += constater_la_fin(lui)
    dire(lui.commander("recompter").strip())
    releve.fautes += [f"des réponses {refus}" for refus in lui.carnet.refus if refus != (503, True)]
    dites = serveur_.journal.read_text()
    releve.fautes += [f"le journal porte {mot}" for mot in _INTERDITS_AU_JOURNAL if mot in dites]
