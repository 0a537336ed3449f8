"""The reference workstation client: sends traces in lots, resends what was lost, stops when it is told to.

Read it in this order: `lots` (pure: traces become lots), `reprise` (pure: what follows from an answer),
`resultat` (pure: the sums), `consigne` (may this workstation still send?), `certificat` (TLS), `client`
(one HTTP attempt), `envoi` (lots in flight, retries, stops); then `spool` (traces on disk until they are
answered for), `support` (its file), `exclusivite` (one process at a time on it) and `tournee` (sends what it
holds). `simulation` sends a file; `affichage` shows progress and sums. It imports nothing else of `app`: a
software house can read it alone and write it again in its own language.
"""

from app.poste.certificat import contexte_tls
from app.poste.client import ClientPoste
from app.poste.consigne import PosteSuivi
from app.poste.erreurs import (
    DejaRetirees,
    EcritureRefusee,
    ErreurPoste,
    ErreurSpool,
    FichierInvalide,
    ReglageInvalide,
    SpoolIllisible,
    SpoolOccupe,
    SpoolPlein,
    TraceNonEncodable,
)
from app.poste.interruptions import (
    CertificatRefuse,
    CleRefusee,
    EnvoiImpossible,
    EnvoiInterrompu,
    ServiceInjoignable,
)
from app.poste.lots import Trace, TraceEncodee
from app.poste.reglages import Reglages, Temps
from app.poste.resultat import Rejet, Resultat
from app.poste.simulation import simuler
from app.poste.spool import Refus, Spool
from app.poste.tournee import vider

__all__ = [
    "CertificatRefuse",
    "CleRefusee",
    "ClientPoste",
    "DejaRetirees",
    "EcritureRefusee",
    "EnvoiImpossible",
    "EnvoiInterrompu",
    "ErreurPoste",
    "ErreurSpool",
    "FichierInvalide",
    "PosteSuivi",
    "Refus",
    "ReglageInvalide",
    "Reglages",
    "Rejet",
    "Resultat",
    "ServiceInjoignable",
    "Spool",
    "SpoolIllisible",
    "SpoolOccupe",
    "SpoolPlein",
    "Temps",
    "Trace",
    "TraceEncodee",
    "TraceNonEncodable",
    "contexte_tls",
    "simuler",
    "vider",
]
