"""A campaign: so many requests by several connections at once, then the books are checked against the database."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from app.stockage.embarque import postgres_embarque
from tests.fuzz.corps import bombe
from tests.fuzz.fil import Fil
from tests.fuzz.jugement import Releve, repete
from tests.fuzz.requetes import DELAI_S, Requetes
from tests.outils import PRESERIE, registre_exemple
from tests.processus.lancement import Serveur, creer_cle, serveur
from tests.proprietes.recompte import ecarts

CONNEXIONS = 12
_PAS = 10_000
MEMOIRE_MAX_MIO = 150
"""What the workers together may hold more at their peak than after the first requests."""
_INTERDITS_AU_JOURNAL = ("Traceback", "erreur_imprevue", '"statut": 500')


@dataclass(frozen=True, slots=True)
class Cible:
    """A server with the example's présérie under way, and keys to it."""

    serveur: Serveur
    cnam: str
    poste: str


@contextmanager
def cible(dossier: Path) -> Iterator[Cible]:
    with serveur(dossier / "donnees", reglages={"corps_delai_s": str(DELAI_S)}) as lui:
        cnam = creer_cle(lui.dossier, "--role", "cnam")
        lui.inscrire(cnam, registre_exemple())
        yield Cible(lui, cnam, creer_cle(lui.dossier, "--role", "poste", "--editeur", "ortho-soft"))


async def envoyer(visee: Cible, premiere: int, nombre: int, graine: int, releve: Releve) -> None:
    """Sends the requests ``premiere`` and on, and notes every answer; what breaks is a fault, and the rest goes on."""
    requetes = Requetes(visee.poste, graine)
    numeros = iter(range(premiere, premiere + nombre))

    async def tirer() -> None:
        fil = Fil(visee.serveur.port)
        for numero in numeros:
            demande = requetes.faire(numero)
            try:
                releve.noter(numero, demande, await fil.echanger(demande))
            except (ConnectionError, TimeoutError) as erreur:
                releve.fautes.append(f"n° {numero}, {demande.nature} : sans réponse ({erreur!r})")
                await fil.fermer()
        await fil.fermer()

    await asyncio.gather(*(tirer() for _ in range(CONNEXIONS)))


async def mener(visee: Cible, nombre: int, graine: int, dire: Callable[[str], None], releve: Releve) -> None:
    """The whole campaign; its figures are said, its faults are noted."""
    for couches in (1, 2):
        bombe(200, couches)  # made beforehand: while it is, no answer is read
    ouvriers = visee.serveur.ouvriers()
    au_debut = bilan(visee)
    debut = time.monotonic()
    chauffe = min(nombre // 4, _PAS)
    await envoyer(visee, 0, chauffe, graine, releve)
    avant = memoire_mio(ouvriers)
    for premiere in range(chauffe, nombre, _PAS):
        await envoyer(visee, premiere, min(_PAS, nombre - premiere), graine, releve)
        if nombre > _PAS:
            dire(f"{releve.demandes:>9} requêtes, {memoire_mio(ouvriers):.0f} Mio, {len(releve.fautes)} fautes")
    secondes = time.monotonic() - debut
    if visee.serveur.ouvriers() != ouvriers:
        releve.fautes.append("un ouvrier est mort")
    else:
        apres, pic = memoire_mio(ouvriers), memoire_mio(ouvriers, "VmHWM")
        dire(f"mémoire des {len(ouvriers)} ouvriers : {avant:.0f} Mio après {chauffe} requêtes, {apres:.0f} à la fin")
        dire(f"au plus : {pic:.0f} Mio")
        if pic - avant > MEMOIRE_MAX_MIO:
            releve.fautes.append(f"la mémoire passe de {avant:.0f} à {pic:.0f} Mio")
    releve.fautes += await comptes(visee, releve, au_debut)
    releve.fautes += journal(visee)
    dire(f"{nombre} requêtes en {secondes:.0f} s ({nombre / secondes:.0f}/s), graine {graine}")
    dire(f"réponse la plus lente : {releve.plus_lente_s:.2f} s")
    for titre, chiffres in (("natures", releve.natures), ("statuts", releve.statuts), ("accusés", releve.accuses)):
        dire(f"{titre} : " + ", ".join(f"{nom} {valeur}" for nom, valeur in sorted(chiffres.items())))
    dire(f"sans réponse, comme HTTP le permet : {dict(releve.sans_reponse)}")


def memoire_mio(ouvriers: list[int], mesure: str = "VmRSS") -> float:
    """Resident memory of the workers together, now or (``VmHWM``) at the peak of each."""
    lignes = [ligne for pid in ouvriers for ligne in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(ligne.split()[1]) for ligne in lignes if ligne.startswith(mesure)) / 1024


def bilan(visee: Cible) -> dict[str, int]:
    lues = visee.serveur.appeler("GET", f"/bilan/preseries/{PRESERIE}", visee.cnam).json()["traces"]
    return {nom: lues[nom] for nom in ("enregistrees", "doublons")}


async def comptes(visee: Cible, releve: Releve, au_debut: dict[str, int]) -> list[str]:
    """What was acknowledged, what the bilan says, and what a recount of the stored traces gives."""
    lues = bilan(visee)
    comptees = {nom: lues[nom] - au_debut[nom] for nom in lues}
    acquittees = {nom: releve.accuses[nom] for nom in lues}
    fautes = [] if comptees == acquittees else [f"acquittées {acquittees}, comptées au bilan {comptees}"]
    with postgres_embarque(visee.serveur.dossier) as postgres:
        connexion = await asyncpg.connect(postgres.url())
        try:
            gardees = await connexion.fetchval("SELECT count(*) FROM trace")
            faux = await ecarts(connexion)
        finally:
            await connexion.close()
    if gardees != lues["enregistrees"]:
        fautes.append(f"{gardees} traces gardées, {lues['enregistrees']} au bilan")
    return fautes + [f"recompte : {table} diffère de {len(lignes)} lignes" for table, lignes in faux.items()]


def journal(visee: Cible) -> list[str]:
    """What the server's log should not say."""
    fautes: set[str] = set()
    with visee.serveur.journal.open("r", encoding="utf-8", errors="replace") as lignes:
        for ligne in lignes:
            if (secret := repete(ligne)) is not None:
                fautes.add(f"le journal répète {secret}")
            if visee.poste in ligne or visee.cnam in ligne:
                fautes.add("le journal répète une clé")
            fautes |= {f"le journal porte {mot}" for mot in _INTERDITS_AU_JOURNAL if mot in ligne}
    return sorted(fautes)
