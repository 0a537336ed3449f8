"""The master and signing keys: given by the environment, or made once and kept by embedded mode. No default."""

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
        return _decoder("CLE_MAITRESSE", reglages.cle_maitresse.get_secret_value())
    if reglages.database_url is not None:
        raise ReglageInvalide(
            "TRACES_POSTES_CLE_MAITRESSE manque : donnez-lui 32 octets en base64 (par exemple « openssl rand -base64 "
            "32 »), les mêmes pour toutes les instances, et gardez-les hors de la base."
        )
    return _decoder("CLE_MAITRESSE", _lire_ou_creer(reglages.data_dir / "cle_maitresse"))


def cles_maitresses_anciennes(reglages: Reglages) -> list[bytes]:
    """The former master keys, which open what they wrapped; raises ReglageInvalide for any other text."""
    return _decoder_liste("CLES_MAITRESSES_ANCIENNES", reglages.cles_maitresses_anciennes.get_secret_value())


def cle_signature(reglages: Reglages) -> bytes:
    """The private Ed25519 key (its 32-byte seed) that signs sealed bilans; raises ReglageInvalide likewise."""
    if reglages.cle_signature is not None:
        return _decoder("CLE_SIGNATURE", reglages.cle_signature.get_secret_value())
    if reglages.database_url is not None:
        raise ReglageInvalide(
            "TRACES_POSTES_CLE_SIGNATURE manque : donnez-lui 32 octets en base64 (par exemple « openssl rand -base64 "
            "32 »), les mêmes pour toutes les instances. Elle signe les bilans arrêtés : gardez-la hors de la base."
        )
    return _decoder("CLE_SIGNATURE", _lire_ou_creer(_fichier_de_signature(reglages)))


def cle_signature_presente(reglages: Reglages) -> bytes | None:
    """The same for who only verifies: None where there is none, and none is made."""
    if reglages.cle_signature is None and not _fichier_de_signature(reglages).exists():
        return None
    return cle_signature(reglages.model_copy(update={"database_url": None}))


def cles_publiques(reglages: Reglages) -> list[bytes]:
    """The public keys of former signing keys, in base64 or base64url; raises ReglageInvalide for any other text."""
    return _decoder_liste("CLES_PUBLIQUES", reglages.cles_publiques)


def _fichier_de_signature(reglages: Reglages) -> Path:
    return reglages.data_dir / "cle_signature"


def en_texte(cle: bytes) -> str:
    """The form in which settings bear a key."""
    return base64.b64encode(cle).decode()


def _decoder_liste(nom: str, texte: str) -> list[bytes]:
    textes = filter(None, (un.strip() for un in texte.split(",")))
    return [_decoder(nom, un + "=" * (-len(un) % 4)) for un in textes]  # a JWK's has no padding


def _decoder(nom: str, texte: str) -> bytes:
    try:
        cle = base64.b64decode(texte.strip(), altchars=b"-_" if {"-", "_"} & set(texte) else None, validate=True)
    except ValueError:  # binascii.Error, or a character that is not ASCII
        cle = b""
    if len(cle) != TAILLE:
        raise ReglageInvalide(f"TRACES_POSTES_{nom} doit valoir {TAILLE} octets en base64.")
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
