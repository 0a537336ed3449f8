"""Entries made to measure, and what a verification of the database says of them."""

import asyncio
import subprocess

from app.acces.roles import Acces, Role
from app.journal import service
from app.journal.depot import Fait, noter
from app.journal.verification import Tete, Verification
from app.reglages import Reglages
from app.stockage.base import Base
from tests.processus.lancement import COMMANDE, PATIENCE_S, environnement

CNAM = Acces(1, Role.CNAM)
NUMEROS_AM = ("389391422", "2B9391422")


def fait(numero: int = 0, **champs: object) -> Fait:
    """A change of a pilote, whose N° AM lies beside."""
    modele: dict[str, object] = {
        "action": "modification",
        "objet": "pilote",
        "code": None,
        "editeur": "ortho-soft",
        "preserie": "ortho-plus-lpp",
        "avant": {"cpam": "33", "installe_le": None},
        "apres": {"cpam": "33", "installe_le": f"2026-10-{numero + 10}", "réunion": ["é", 1, True, None, {}]},
        "personnel": {"numero_am": NUMEROS_AM[numero % 2]},
    }
    return Fait(**(modele | champs))  # type: ignore[arg-type]


async def ecrire(base: Base, *faits: Fait, auteur: Acces | None = CNAM) -> None:
    """Notes each in a transaction of its own."""
    for un in faits:
        async with base.ecriture() as session:
            await noter(session, auteur, un)


async def verifier(base: Base, attendue: Tete | None = None) -> tuple[Verification, Tete]:
    async with base.lecture() as session:
        return await service.verifier(session, attendue, lambda _lues, _sur: None)


async def commande(reglages: Reglages, *arguments: str, entree: str = "") -> subprocess.CompletedProcess[str]:
    """A command on the tests' database; ``entree`` is its standard input."""
    secrets = {
        nom: valeur.get_secret_value()
        for nom in ("database_url", "cle_maitresse", "cle_signature")
        if (valeur := getattr(reglages, nom)) is not None
    }
    autres = {"cles_publiques": reglages.cles_publiques, "data_dir": str(reglages.data_dir)}
    env = environnement(**secrets, **autres) | {"COLUMNS": "120"}

    def lancer() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMANDE, *arguments],
            env=env,
            input=entree,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    return await asyncio.to_thread(lancer)
