"""PURE. Keyed digests under the key of a présérie: the ordonnance's pseudonym, and a trace's content.

The pseudonym is HMAC-SHA-256 (DOMAIN, « Privacy ») truncated to 128 bits, as RFC 4868 does; the content's digest is
keyed BLAKE2b of 128 bits, which takes a third of the time. Without the key they say nothing; once it is destroyed they
say nothing to anybody.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from app.traces.schemas import TraceRecue

TAILLE = 16
_ORIGINE = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECONDE = timedelta(microseconds=1)


def pseudonyme(cle: bytes, ordonnance: str) -> bytes:
    """The 16 bytes that stand for an ordonnance within one présérie."""
    return hmac.digest(cle, b"ordonnance\0" + ordonnance.encode(), "sha256")[:TAILLE]


def empreinte(cle: bytes, trace: TraceRecue, emise_le: datetime) -> bytes:
    """The 16 bytes that stand for a trace's content: equal values, however written, give the same (DOMAIN).

    ``emise_le`` is the same instant in UTC.
    """
    erreur = trace.get("erreur")
    faits = (
        (emise_le - _ORIGINE) // _MICROSECONDE,
        trace["numero_am"],
        trace.get("poste"),
        trace.get("sequence"),
        trace["version"],
        trace["operation"],
        trace.get("ordonnance"),
        trace.get("numero_execution") or 1,
        trace.get("type_prescription"),
        trace["resultat"],
        trace.get("scor_envoye"),
        trace.get("duree_ms"),
        erreur and (erreur["code"], erreur["origine"], erreur.get("bloquante") or False, erreur.get("message")),
    )
    # Python's literal of these facts, in ASCII: unambiguous, and the same in every version of Python and Unicode.
    return hashlib.blake2b(ascii(faits).encode(), digest_size=TAILLE, key=cle, person=b"trace").digest()
