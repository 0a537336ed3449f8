"""Which servers to trust, and the workstation's own certificate for a proxy that asks for one."""

import ssl
from pathlib import Path

import httpx

from app.poste.erreurs import ReglageInvalide


def contexte_tls(
    *, certificat: Path | None = None, cle: Path | None = None, autorite: Path | None = None
) -> ssl.SSLContext | None:
    """What `ClientPoste` takes as `tls`; None where nothing is asked for. The files are PEM.

    `certificat` may be followed by its chain, and hold its key itself if `cle` is left out. Where `autorite` is
    given, no other authority is trusted. Raises ReglageInvalide.
    """
    if cle and not certificat:
        raise ReglageInvalide("La clé d'un certificat ne sert qu'avec lui : donnez aussi le certificat du poste.")
    if not certificat and not autorite:
        return None
    contexte = _confiance(autorite)
    if certificat:
        _presenter(contexte, certificat, cle)
    return contexte


def _confiance(autorite: Path | None) -> ssl.SSLContext:
    if autorite is None:
        return httpx.create_ssl_context()
    _lire(autorite)
    try:
        return ssl.create_default_context(cafile=autorite)
    except ssl.SSLError:
        raise ReglageInvalide(
            f"{autorite} ne contient pas de certificat d'autorité en PEM : redemandez ce fichier à qui vous l'a remis."
        ) from None


def _presenter(contexte: ssl.SSLContext, certificat: Path, cle: Path | None) -> None:
    _lire(certificat)
    if cle:
        _lire(cle)
    try:
        # An empty password: OpenSSL would ask for that of an encrypted key on the terminal.
        contexte.load_cert_chain(certificat, cle, password="")
    except ssl.SSLError as erreur:
        if erreur.reason == "KEY_VALUES_MISMATCH":
            raise ReglageInvalide(
                f"La clé de {cle or certificat} n'est pas celle du certificat de {certificat} : donnez les deux "
                "fichiers que vous avez reçus ensemble."
            ) from None
        raise ReglageInvalide(
            f"Le certificat de {certificat}, ou sa clé, cherchée dans {cle or certificat}, n'est pas utilisable : il "
            "faut les deux, en PEM, et une clé sans mot de passe."
        ) from None


def _lire(fichier: Path) -> None:
    """OpenSSL does not say which file cannot be read."""
    try:
        with fichier.open("rb") as flux:
            flux.read(1)
    except OSError as erreur:
        raison = erreur.strerror or type(erreur).__name__
        raise ReglageInvalide(f"{fichier} ne peut pas être lu ({raison}). Vérifiez le chemin et les droits.") from None


def refus_du_serveur(erreur: BaseException) -> bool:
    """Whether the connection failed because we do not trust the server's certificate."""
    cause: BaseException | None = erreur
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None
