"""The command line, one module per group of commands."""

import typer

from app.cli import arretes, cles, donnees, journal, maitresse, postes, recompte, service

app = typer.Typer(
    name="traces-postes",
    help="Le service des traces postes : préséries de l'ordonnance numérique.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _commande in (service.serve, service.migrer, postes.simuler, donnees.purger, recompte.recompter, service.demo):
    app.command()(_commande)
app.add_typer(cles.groupe, name="cle")
app.add_typer(maitresse.groupe, name="maitresse")
app.add_typer(postes.groupe, name="poste")
app.add_typer(arretes.groupe, name="arrete")
app.add_typer(journal.groupe, name="journal")
