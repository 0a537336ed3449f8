"""PURE. Keyed digests under the key of a présérie: the ordonnance's pseudonym, and a trace's content.

Both are HMAC-SHA-256 truncated to 128 bits (as RFC 4868 does), each over its own domain prefix, so that neither can
be mistaken for the other. Without the key they say nothing; once it is destroyed they say nothing to anybody.
"""

import hmac
from datetime import datetime

from app.traces.schemas import TraceRecue

TAILLE = 16


def pseudonyme(cle: bytes, ordonnance: str) -> bytes:
    """The 16 bytes that stand for an ordonnance within one présérie."""
    return hmac.digest(cle, b"ordonnance\0" + ordonnance.encode(), "sha256")[:TAILLE]


def empreinte(cle: bytes, trace: TraceRecue, emise_le: datetime) -> bytes:
    """The 16 bytes that stand for a trace's content: equal values, however written, give the same (DOMAIN).

    ``emise_le`` is the same instant in UTC. Texts hold no NUL, so joining on it is unambiguous; an absent value is
    nothing, a present one starts with ``=``.
    """
    erreur = trace.get("erreur")
    faits: tuple[object, ...] = (
        emise_le.isoformat(),
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
        *(
            (erreur["code"], erreur["origine"], erreur.get("bloquante") or False, erreur.get("message"))
            if erreur
            else ()
        ),
    )
    contenu = "\0".join(["" if fait is None else f"={fait}" for fait in faits])
    return hmac.digest(cle, b"trace\0" + contenu.encode(), "sha256")[:TAILLE]
