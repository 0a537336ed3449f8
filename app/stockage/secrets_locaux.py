"""The master key: given by the environment, or made once and kept by embedded mode. There is no default."""

import base64
import os
import secrets
from pathlib import Path

from app.reglages import ReglageInvalide, Reglages

TAILLE = 32


def cle_maitresse(reglages: Reglages) -> bytes:
    """The 32 bytes that wrap the préséries' keys.

    Raises ReglageInvalide where it is missing outside embedded mode, or is not 32 bytes in base64.
    """
    if reglages.cle_maitresse is not None:
        return _decoder(reglages.cle_maitresse.get_secret_value())
    if reglages.database_url is not None:
        raise ReglageInvalide(
            "TRACES_POSTES_CLE_MAITRESSE manque : donnez-lui 32 octets en base64 (par exemple « openssl rand -base64 "
            "32 »), les mêmes pour toutes les instances, et gardez-les hors de la base."
        )
    return _decoder(_lire_ou_creer(reglages.data_dir / "cle_maitresse"))


def en_texte(cle: bytes) -> str:
    """The form in which ``TRACES_POSTES_CLE_MAITRESSE`` bears a key."""
    return base64.b64encode(cle).decode()


def _decoder(texte: str) -> bytes:
    try:
        cle = base64.b64decode(texte.strip(), altchars=b"-_" if {"-", "_"} & set(texte) else None, validate=True)
    except ValueError:  # binascii.Error, or a character that is not ASCII
        cle = b""
    if len(cle) != TAILLE:
        raise ReglageInvalide(f"TRACES_POSTES_CLE_MAITRESSE doit valoir {TAILLE} octets en base64.")
    return cle


def _lire_ou_creer(fichier: Path) -> str:
    if not fichier.exists():
        fichier.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        essai = fichier.with_name(f".{fichier.name}.{os.getpid()}")
        with os.fdopen(os.open(essai, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as flux:
            flux.write(en_texte(secrets.token_bytes(TAILLE)))
            flux.flush()
            os.fsync(flux.fileno())
        try:
            os.link(essai, fichier)  # whole or not at all, and never over another process's key
        except FileExistsError:
            pass
        finally:
            essai.unlink()
    return fichier.read_text(errors="replace")
