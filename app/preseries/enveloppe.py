"""PURE but for the randomness of nonces. The key of a présérie's pseudonyms, wrapped by the master key.

AES-256-GCM, bound to the présérie's code: a wrapped key moved to another présérie does not open.
"""

import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
TAILLE_CLE = 32


class Coffre:
    """Wraps and opens keys; the master key never leaves it."""

    def __init__(self, cle_maitresse: bytes) -> None:
        self._aes = AESGCM(cle_maitresse)

    def nouvelle_cle(self, preserie: str) -> bytes:
        """A new key, already wrapped for one présérie."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._aes.encrypt(nonce, secrets.token_bytes(TAILLE_CLE), preserie.encode())

    def ouvrir(self, enveloppee: bytes, preserie: str) -> bytes:
        """Raises cryptography's InvalidTag where the master key is not the one that wrapped it."""
        return self._aes.decrypt(enveloppee[:_NONCE], enveloppee[_NONCE:], preserie.encode())
