"""PURE. Ed25519 signatures, and the public keys that check them (RFC 8032, 8037, 7638)."""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from app.arretes.canonique import Illisible, canonique, lire

TAILLE = 32
Cles = Mapping[str, bytes]
"""Public keys by their ids."""


class Signataire:
    """Signs with the present key; publishes it and the former ones. The private key never leaves it."""

    def __init__(self, graine: bytes, anciennes: Sequence[bytes] = ()) -> None:
        self._privee = Ed25519PrivateKey.from_private_bytes(graine)
        publique = self._privee.public_key().public_bytes_raw()
        self.cle = identifiant(publique)
        self.cles: Cles = {self.cle: publique} | par_identifiant(anciennes)

    def signer(self, message: Mapping[str, Any]) -> bytes:
        """Of the canonical JSON of a message."""
        return self._privee.sign(canonique(message))

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The JWK Set of the public keys, the present one first."""
        return {
            "keys": [_jwk(publique) | {"kid": cle, "use": "sig", "alg": "EdDSA"} for cle, publique in self.cles.items()]
        }


def publique(graine: bytes) -> bytes:
    """The public key of a private one."""
    return Ed25519PrivateKey.from_private_bytes(graine).public_key().public_bytes_raw()


def par_identifiant(publiques: Sequence[bytes]) -> dict[str, bytes]:
    return {identifiant(une): une for une in publiques}


def identifiant(publique: bytes) -> str:
    """The RFC 7638 thumbprint of a public key."""
    return _base64url(hashlib.sha256(canonique(_jwk(publique))).digest())


def signature_valide(publique: bytes, signature: str, message: Mapping[str, Any]) -> bool:
    """Whether ``signature``, in base64 as it was written, is this key's over the canonical JSON of the message."""
    try:
        octets = base64.b64decode(signature, validate=True)
        if base64.b64encode(octets).decode() != signature:
            return False  # spare bits of the last character: another spelling of the same bytes
        Ed25519PublicKey.from_public_bytes(publique).verify(octets, canonique(message))
    except (ValueError, InvalidSignature):  # binascii.Error and Illisible are ValueErrors
        return False
    return True


def lire_cles(octets: bytes) -> Cles:
    """The public keys of a PEM file, a JWK or a JWK Set; raises Illisible where there is none."""
    if octets.lstrip().startswith(b"-----BEGIN"):
        return par_identifiant([_pem(octets)])
    document = lire(octets)
    cles = document.get("keys", [document]) if isinstance(document, dict) else []
    trouvees = [_de_jwk(cle) for cle in cles if isinstance(cle, dict)] if isinstance(cles, list) else []
    if not trouvees:
        raise Illisible("il ne contient aucune clé publique Ed25519")
    return par_identifiant(trouvees)


def _pem(octets: bytes) -> bytes:
    try:
        cle = load_pem_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise Illisible("ce n'est pas une clé publique en PEM") from None
    if not isinstance(cle, Ed25519PublicKey):
        raise Illisible("cette clé n'est pas une clé Ed25519")
    return cle.public_bytes_raw()


def _de_jwk(cle: Mapping[str, Any]) -> bytes:
    x = cle.get("x")
    if (cle.get("kty"), cle.get("crv")) != ("OKP", "Ed25519") or not isinstance(x, str):
        raise Illisible("une clé n'est pas une clé publique Ed25519 (kty OKP, crv Ed25519, x)")
    try:
        octets = base64.b64decode(x + "=" * (-len(x) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if len(octets) != TAILLE:
        raise Illisible(f"une clé ne fait pas {TAILLE} octets")
    return octets


def _jwk(publique: bytes) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(publique)}


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
