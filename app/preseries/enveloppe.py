"""PURE but for the randomness of nonces. The key of a présérie's pseudonyms, wrapped by a master key.

AES-256-GCM, bound to the présérie's code: a wrapped key moved to another présérie does not open.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.reglages import ReglageInvalide

_NONCE = 12
TAILLE_CLE = 32


@dataclass(frozen=True, slots=True)
class Enveloppe:
    """A wrapped key, and the code of its présérie."""

    octets: bytes
    preserie: str


class Coffre:
    """Wraps and opens keys; master keys never leave it. ``anciennes``: former ones, tried after the present one.

    Every method raises ReglageInvalide where none of them is the one that wrapped.
    """

    def __init__(self, cle_maitresse: bytes, anciennes: Sequence[bytes] = ()) -> None:
        self._presente = AESGCM(cle_maitresse)
        self._toutes = (self._presente, *map(AESGCM, anciennes))

    def nouvelle_cle(self, preserie: str, comme: Enveloppe | None = None) -> bytes:
        """A new key, already wrapped for one présérie: under the master key that opens ``comme``, else the present one.

        So that all of a database is under one master key, until all of it is wrapped again at once.
        """
        aes = self._presente if comme is None else self._ouvrir(comme)[0]
        return _envelopper(aes, secrets.token_bytes(TAILLE_CLE), preserie)

    def ouvrir(self, enveloppe: Enveloppe) -> bytes:
        return self._ouvrir(enveloppe)[1]

    def reenvelopper(self, enveloppe: Enveloppe) -> bytes | None:
        """The same key under the present master key; None where it is under that one already."""
        aes, cle = self._ouvrir(enveloppe)
        return None if aes is self._presente else _envelopper(self._presente, cle, enveloppe.preserie)

    def _ouvrir(self, enveloppe: Enveloppe) -> tuple[AESGCM, bytes]:
        nonce, scelle = enveloppe.octets[:_NONCE], enveloppe.octets[_NONCE:]
        for aes in self._toutes:
            try:
                return aes, aes.decrypt(nonce, scelle, enveloppe.preserie.encode())
            except (InvalidTag, ValueError):  # too short for a nonce
                continue
        raise ReglageInvalide(
            "TRACES_POSTES_CLE_MAITRESSE n'est pas la clé sous laquelle cette base a été remplie : donnez celle-là, ou "
            "ajoutez-la à TRACES_POSTES_CLES_MAITRESSES_ANCIENNES pour la remplacer (docs/cles.md)."
        )


def _envelopper(aes: AESGCM, cle: bytes, preserie: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + aes.encrypt(nonce, cle, preserie.encode())
