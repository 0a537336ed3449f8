"""The four ways a sending ends before its source does; what was not acknowledged is given back."""

from collections.abc import Sequence

from app.poste.erreurs import ErreurPoste
from app.poste.lots import TraceEncodee
from app.poste.reprise import Issue
from app.poste.resultat import Resultat


class EnvoiInterrompu(ErreurPoste):
    """The sending stopped: `resultat` sums what was acknowledged, `non_acquittees` gives back all the rest.

    What is given back can be passed to `ClientPoste.envoyer` as it is: the ids have not changed, so a trace
    that the service did record before its answer was lost comes back as a doublon. Sent from a spool, nothing
    is given back: the spool holds it.
    """

    modele = "L'envoi s'est arrêté ({motif}). Relancez-le."

    def __init__(self, issue: Issue, resultat: Resultat, non_acquittees: Sequence[TraceEncodee] = ()) -> None:
        self.issue = issue
        self.code = issue.code
        self.detail = issue.detail
        self.resultat = resultat
        self.non_acquittees = tuple(non_acquittees)
        # The detail is added after formatting: it comes from the network and may hold braces.
        explication = self.modele.format(motif=issue.motif)
        if issue.detail:
            explication += f" Réponse du service : « {issue.detail} » ({issue.code})."
        super().__init__(f"{explication} Traces non acquittées, à conserver : {self.restantes}.")

    @property
    def restantes(self) -> int:
        return self.resultat.restantes


class CleRefusee(EnvoiInterrompu):
    """401, or 403 for the key: only a new key helps."""

    modele = (
        "La clé d'accès est refusée ({motif}). Demandez une nouvelle clé à qui vous a remis celle-ci, puis "
        "relancez l'envoi des traces conservées."
    )


class CertificatRefuse(EnvoiInterrompu):
    """403 of the proxy: it wants the workstation's certificate; neither the key nor the traces are at fault."""

    modele = (
        "Le certificat du poste manque ou est refusé ({motif}) ; les traces ne sont pas en cause. Configurez "
        "celui que vous avez reçu, ou demandez un certificat à qui vous a remis la clé d'accès, puis relancez "
        "l'envoi des traces conservées."
    )


class EnvoiImpossible(EnvoiInterrompu):
    """The service refuses the whole request: the same request would be refused again."""

    modele = (
        "Le service refuse la requête entière ({motif}). Vérifiez l'adresse du service et que chaque trace "
        "est du JSON valide, puis relancez l'envoi."
    )


class ServiceInjoignable(EnvoiInterrompu):
    """No usable answer for as long as the client's patience lasts."""

    modele = (
        "Le service n'a pas répondu comme attendu ({motif}). Vérifiez l'adresse et le réseau, ou attendez "
        "qu'il soit rétabli, puis relancez l'envoi des mêmes traces."
    )
