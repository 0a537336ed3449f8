"""Sends a file of traces (NDJSON: one trace a line), as workstations would."""

import json
import random
import ssl
from collections.abc import Iterator
from pathlib import Path

from app.poste.client import ClientPoste
from app.poste.envoi import Avancement
from app.poste.erreurs import FichierInvalide
from app.poste.lots import TraceEncodee
from app.poste.reglages import Reglages
from app.poste.resultat import Resultat

BOM = b"\xef\xbb\xbf"


async def simuler(
    fichier: Path,
    url: str,
    cle: str,
    *,
    connexions: int = 1,
    taille_lot: int = 500,
    melange: int | None = None,
    tls: ssl.SSLContext | None = None,
    avancement: Avancement | None = None,
) -> Resultat:
    """Sends every line as it is; the positions in the result are line numbers, from 1.

    `melange` is the seed of a shuffle, which needs the whole file in memory; without it the file is read as
    it is sent.
    """
    reglages = Reglages(connexions=connexions, taille_lot=taille_lot)
    traces = lire_traces(fichier)
    if melange is not None:
        traces = iter(_melanger(traces, melange))
    async with ClientPoste(url, cle, reglages=reglages, tls=tls) as client:
        return await client.envoyer(traces, avancement=avancement)


def lire_traces(fichier: Path) -> Iterator[TraceEncodee]:
    """The lines of the file, each checked to be JSON, since one that is not would cost its neighbours."""
    for numero, ligne in _lignes(fichier):
        if not _est_json(ligne):
            raise FichierInvalide(
                f"{fichier}, ligne {numero} : ce n'est pas du JSON en UTF-8. Corrigez-la ou retirez-la, "
                "puis relancez : les traces déjà envoyées seront reconnues comme doublons."
            )
        yield TraceEncodee(numero, ligne)


def lire_objets(fichier: Path) -> Iterator[dict[str, object]]:
    """The lines of the file as objects, for a spool to number."""
    for trace in lire_traces(fichier):
        try:
            objet = json.loads(trace.corps)
        except ValueError:  # a number of thousands of digits
            objet = None
        if not isinstance(objet, dict):
            raise FichierInvalide(
                f"{fichier}, ligne {trace.position} : ce n'est pas un objet JSON. Corrigez-la ou retirez-la, puis "
                "relancez : rien n'a été gardé."
            )
        yield objet


def compter_traces(fichier: Path) -> int:
    """How many traces the file holds, for a progress bar."""
    return sum(1 for _ in _lignes(fichier))


def _lignes(fichier: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers."""
    try:
        with fichier.open("rb") as flux:
            for numero, ligne in enumerate(flux, start=1):
                if propre := ligne.removeprefix(BOM).strip():
                    yield numero, propre
    except OSError as erreur:
        raison = erreur.strerror or type(erreur).__name__
        raise FichierInvalide(f"{fichier} ne peut pas être lu ({raison}). Vérifiez le chemin et les droits.") from None


def _est_json(ligne: bytes) -> bool:
    try:
        # Numbers stay text: how large they are is for the service to judge.
        json.loads(ligne.decode(), parse_int=str, parse_float=str, parse_constant=_refuser)
    except (ValueError, RecursionError):
        return False
    return True


def _refuser(constante: str) -> None:
    raise ValueError(constante)


def _melanger(traces: Iterator[TraceEncodee], graine: int) -> list[TraceEncodee]:
    melangees = list(traces)
    random.Random(graine).shuffle(melangees)  # noqa: S311 - a repeatable order, not a secret
    return melangees
