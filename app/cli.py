"""The command line: run the service, migrate, manage keys, send a file of traces, show the example."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
import uvicorn
from pydantic import SecretStr, ValidationError
from rich.console import Console
from rich.table import Table
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.acces import depot
from app.acces.roles import Acces, Role, bornes_manquantes
from app.demonstration.deroule import derouler
from app.observabilite.partage import mesures_partagees
from app.poste.affichage import barre, tableau
from app.poste.erreurs import ErreurPoste
from app.poste.simulation import compter_traces
from app.poste.simulation import simuler as envoyer
from app.preseries import depot as registre
from app.preseries.enveloppe import Coffre
from app.preseries.registre import verifier_la_cle, verifier_les_referentiels
from app.reglages import ReglageInvalide, Reglages
from app.serveur import Protocole
from app.stockage.base import ERREURS_DE_BASE, Base
from app.stockage.embarque import PostgresEmbarqueImpossible
from app.stockage.ouverture import base_ouverte
from app.stockage.schema import migrer as migrer_schema
from app.stockage.secrets_locaux import cle_maitresse

app = typer.Typer(
    name="traces-postes",
    help="Le service des traces postes : préséries de l'ordonnance numérique.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cles = typer.Typer(help="Clés d'accès : créer, lister, révoquer.", no_args_is_help=True)
app.add_typer(cles, name="cle")
console = Console()

T = TypeVar("T")
Hote = Annotated[str, typer.Option("--host", help="Adresse d'écoute.")]
Port = Annotated[int, typer.Option("--port", help="Port d'écoute.")]


@app.command()
def serve(
    host: Hote = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(help="Processus qui servent.", min=1)] = 1,
    migrate: Annotated[bool, typer.Option("--migrate", help="Migrer d'abord le schéma.")] = False,
) -> None:
    """Lance le service ; sans TRACES_POSTES_DATABASE_URL, avec PostgreSQL embarqué."""
    signal.signal(signal.SIGTERM, _sortir)
    with _erreurs_dites(), base_ouverte(Reglages(), migrations=migrate) as reglages:
        _transmettre(reglages)
        asyncio.run(_verifier(reglages))
        typer.echo(f"Service sur http://{host}:{port} ; Ctrl-C pour arrêter.")
        _servir(
            uvicorn.Config(
                "app.main:create_app",
                factory=True,
                host=host,
                port=port,
                workers=workers,
                loop="uvloop",
                http=Protocole,
                ws="none",
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=15,
            )
        )


@app.command()
def migrer() -> None:
    """Amène le schéma à la version de ce code, avec TRACES_POSTES_MIGRATION_URL ou DATABASE_URL."""
    with _erreurs_dites():
        reglages = Reglages()
        url = reglages.migration_url or reglages.database_url
        if url is None:
            with base_ouverte(reglages):
                pass
        else:
            migrer_schema(url.get_secret_value())
    console.print("Le schéma est à jour.")


@cles.command("creer")
def creer_cle(
    role: Annotated[Role, typer.Option(help="Ce que la clé permet.")],
    editeur: Annotated[str | None, typer.Option(help="Code de l'éditeur (rôles editeur et poste).")] = None,
    numero_am: Annotated[str | None, typer.Option(help="Réserver une clé de poste à ce N° AM.")] = None,
    preserie: Annotated[list[str] | None, typer.Option(help="Limiter une clé de lecture à ces préséries.")] = None,
    expire_le: Annotated[datetime | None, typer.Option(help="Fin de validité, en UTC.")] = None,
    libelle: Annotated[str | None, typer.Option(help="À qui la clé est confiée.")] = None,
) -> None:
    """Crée une clé et l'affiche, une seule fois, seule sur la dernière ligne."""
    if (manque := bornes_manquantes(role, editeur, numero_am, preserie)) is not None:
        _echouer(manque)
    fin = expire_le.replace(tzinfo=UTC) if expire_le is not None else None
    if fin is not None and fin <= datetime.now(UTC):
        _echouer("--expire-le est déjà passé : donnez un instant à venir, en UTC.")
    bornes = frozenset(preserie) if preserie else None
    acces = Acces(0, role, editeur, numero_am, bornes, fin)

    async def creer(base: Base) -> str:
        async with base.ecriture() as session:
            if editeur is not None and await registre.editeur(session, editeur) is None:
                typer.echo(
                    f"L'éditeur {editeur} n'est pas encore au registre : la clé vaudra dès qu'il y sera.", err=True
                )
            cle, cle_id = await depot.creer(session, acces, libelle)
        typer.echo(f"Clé n° {cle_id}, rôle {role.value}. Notez-la : elle ne sera plus affichée.", err=True)
        return cle

    typer.echo(_avec_base(creer))


@cles.command("lister")
def lister_cles() -> None:
    """Liste les clés, sans les clés elles-mêmes."""

    async def lister(base: Base) -> Table:
        table = Table("N°", "Rôle", "Limites", "Libellé")
        for titre in ("Créée le", "Expire le", "Révoquée le"):
            table.add_column(titre, no_wrap=True)
        async with base.lecture() as session:
            for c in await depot.lister(session):
                dates = [d.date().isoformat() if d else "" for d in (c.creee_le, c.expire_le, c.revoquee_le)]
                limites = " ".join(filter(None, [c.editeur_code, c.numero_am, *(c.preseries or [])]))
                table.add_row(str(c.id), c.role, limites, c.libelle or "", *dates)
        return table

    console.print(_avec_base(lister))


@cles.command("revoquer")
def revoquer_cle(numero: Annotated[int, typer.Argument(help="N° de la clé, voir « cle lister ».")]) -> None:
    """Révoque une clé : plus aucun processus ne l'accepte une seconde après."""

    async def revoquer(base: Base) -> bool:
        async with base.ecriture() as session:
            return await depot.revoquer(session, numero)

    if not _avec_base(revoquer):
        _echouer(f"Aucune clé en cours ne porte le n° {numero} : voyez « traces-postes cle lister ».")
    console.print(f"La clé n° {numero} est révoquée.")


@app.command()
def simuler(
    fichier: Annotated[Path, typer.Argument(help="Traces, une par ligne (NDJSON).", exists=True, dir_okay=False)],
    cle: Annotated[str, typer.Option(envvar="TRACES_POSTES_CLE", help="Clé d'accès de rôle poste, editeur ou cnam.")],
    url: Annotated[str, typer.Option(help="Adresse du service.")] = "http://127.0.0.1:8000",
    connexions: Annotated[int, typer.Option(min=1, help="Envois simultanés.")] = 1,
    taille_lot: Annotated[int, typer.Option(min=1, max=1000, help="Traces par envoi.")] = 500,
    melange: Annotated[int | None, typer.Option(help="Graine pour mélanger les traces.")] = None,
) -> None:
    """Envoie un fichier de traces comme le ferait un poste : par lots compressés, avec reprises."""
    with _erreurs_dites(), barre(compter_traces(fichier)) as avancement:
        envoi = envoyer(
            fichier, url, cle, connexions=connexions, taille_lot=taille_lot, melange=melange, avancement=avancement
        )
        resultat = asyncio.run(envoi)
    console.print(tableau(resultat))


@app.command()
def demo(host: Hote = "127.0.0.1", port: Port = 8000) -> None:
    """Déroule l'exemple : service, registre, traces, bilan ; sert ensuite jusqu'à Ctrl-C (sauf DEMO_EXIT=1)."""
    signal.signal(signal.SIGTERM, _sortir)
    with _erreurs_dites(), base_ouverte(Reglages()) as reglages:
        _transmettre(reglages)
        derouler(reglages, host, port, rester=os.environ.get("DEMO_EXIT") != "1")


def _servir(config: uvicorn.Config) -> None:
    """From here on a stop is a flag that uvicorn reads: what a handler raises within a callback would be lost."""
    if config.workers > 1:
        prises = [config.bind_socket()]
        with mesures_partagees():
            Multiprocess(config, sockets=prises).run()
        return
    serveur = uvicorn.Server(config)
    for signe in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signe, serveur.handle_exit)
    serveur.run()
    if not serveur.started and not serveur.should_exit:
        raise typer.Exit(STARTUP_FAILURE)


def _avec_base(action: Callable[[Base], Coroutine[Any, Any, T]]) -> T:
    with _erreurs_dites(), base_ouverte(Reglages()) as reglages:
        return asyncio.run(_executer(reglages, action))


async def _verifier(reglages: Reglages) -> None:
    """A database that is away may come back; a foreign master key or a missing référentiel will not mend itself."""
    coffre = Coffre(cle_maitresse(reglages))

    async def verifier(base: Base) -> None:
        await verifier_les_referentiels(base)
        await verifier_la_cle(base, coffre)

    with suppress(*ERREURS_DE_BASE):
        await _executer(reglages, verifier)


async def _executer(reglages: Reglages, action: Callable[[Base], Coroutine[Any, Any, T]]) -> T:
    url = reglages.database_url or SecretStr("")
    base = Base(url.get_secret_value(), pool_taille=2, delai_s=reglages.ecriture_delai_s)
    try:
        return await action(base)
    finally:
        await base.fermer()


def _transmettre(reglages: Reglages) -> None:
    """Workers are processes of their own: they find in their environment what was opened for them."""
    for nom in ("database_url", "cle_maitresse"):
        secret: SecretStr | None = getattr(reglages, nom)
        if secret is not None:
            os.environ[f"TRACES_POSTES_{nom.upper()}"] = secret.get_secret_value()


@contextmanager
def _erreurs_dites() -> Iterator[None]:
    """One line in French instead of a traceback, for what a person can mend."""
    try:
        yield
    except ValidationError as erreur:
        noms = ", ".join(sorted({f"TRACES_POSTES_{str(e['loc'][0]).upper()}" for e in erreur.errors()}))
        _echouer(f"Réglage invalide : {noms}. Voyez docs/reglages.md.")
    except (ReglageInvalide, PostgresEmbarqueImpossible, ErreurPoste) as erreur:
        _echouer(str(erreur))
    except ERREURS_DE_BASE as erreur:
        _echouer(
            f"La base de données ne répond pas ou n'est pas migrée ({type(erreur).__name__}) : vérifiez son adresse."
        )


def _echouer(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


def _sortir(_signal: int, _cadre: object) -> NoReturn:
    sys.exit(0)
