"""Progress and sums of a sending, for a terminal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.poste.envoi import Avancement
from app.poste.resultat import Resultat
from app.poste.spool import Refus
from app.poste.support import Compte

INSECABLE = "\u202f"


@contextmanager
def barre(total: int | None, *, console: Console | None = None) -> Iterator[Avancement]:
    """A progress bar over `total` traces (None: unknown); yields the `avancement` to give to the client."""
    colonnes = (
        TextColumn("Envoi des traces"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[reprises]}"),
        TimeElapsedColumn(),
    )
    with Progress(*colonnes, console=console) as progression:
        tache = progression.add_task("", total=total, reprises="")
        cumul = Resultat()

        def avancer(du_lot: Resultat) -> None:
            cumul.reprises += du_lot.reprises
            reprises = f"reprises : {cumul.reprises}" if cumul.reprises else ""
            progression.update(tache, advance=du_lot.recues, reprises=reprises)

        yield avancer


REFUS_MONTRES = 20
_CHIFFRES = len("999 999 traces/s")
"""One width whatever the speed: a page shows this table."""


def tableau(resultat: Resultat) -> Table:
    """The sums of a sending, by outcome and by code."""
    table = Table(title="Envoi des traces postes", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right", min_width=_CHIFFRES)
    for libelle, nombre in _lignes(resultat):
        table.add_row(libelle, nombre)
    if resultat.arret:
        table.caption = (
            "Envoi arrêté : les traces postes sont désactivées. Traces non envoyées, à conserver : "
            f"{_entier(resultat.restantes)}. Interrogez la consigne avant tout nouvel envoi."
        )
    return table


def _lignes(resultat: Resultat) -> Iterator[tuple[str, str]]:
    yield "Reçues", _entier(resultat.recues)
    yield "Enregistrées", _entier(resultat.enregistrees)
    yield "Doublons", _entier(resultat.doublons)
    yield "Rejetées", _entier(resultat.rejetees)
    for code, nombre in resultat.rejets.most_common():
        yield f"  {code}", _entier(nombre)
    yield "Avertissements", _entier(resultat.avertissements.total())
    for code, nombre in resultat.avertissements.most_common():
        yield f"  {code}", _entier(nombre)
    yield "Reprises", _entier(resultat.reprises)
    if resultat.restantes:
        yield "Non acquittées", _entier(resultat.restantes)
    yield "Durée", f"{resultat.duree_s:.2f}".replace(".", ",") + f"{INSECABLE}s"
    if resultat.duree_s > 0:
        yield "Débit", f"{_entier(round(resultat.recues / resultat.duree_s))} traces/s"


def tableau_du_spool(compte: Compte, refus: Sequence[Refus]) -> Table:
    """What waits, what became of the rest, and why the last refused ones were."""
    table = Table(title="Spool du poste", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right", min_width=_CHIFFRES)
    table.add_row("En attente", _entier(compte.en_attente))
    table.add_row("  octets", _entier(compte.octets))
    table.add_row("Dernier numéro", _entier(compte.derniere))
    table.add_row("Enregistrées", _entier(compte.enregistrees))
    table.add_row("Doublons", _entier(compte.doublons))
    table.add_row("Rejetées", _entier(compte.rejetees))
    table.add_row("Perdues", _entier(compte.perdues))
    for refusee in refus[-REFUS_MONTRES:]:
        table.add_row(f"  n° {refusee.sequence}", " ".join(filter(None, (refusee.code, refusee.champ))))
    return table


def _entier(nombre: int) -> str:
    return f"{nombre:,}".replace(",", INSECABLE)
