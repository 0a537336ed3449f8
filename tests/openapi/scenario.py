"""What a software house does with a generated client. Run by ``test_client`` on a real service: ``URL`` and ``CLE``."""

import os
from datetime import UTC, datetime
from uuid import UUID, uuid4

from client_engendre import AuthenticatedClient, Client
from client_engendre.api.bilan import lire_bilan, lister_executions
from client_engendre.api.registre import lister_pilotes
from client_engendre.api.supervision import lire_pret
from client_engendre.api.traces import lire_consigne, poster_traces
from client_engendre.models import (
    Accuse,
    BilanLu,
    Conformite,
    CritereEnregistrement,
    ErreurRecue,
    ErreurRecueOrigine,
    Etat,
    Probleme,
    TraceRecue,
    TraceRecueOperation,
    TraceRecueResultat,
    TraceRecueTypePrescriptionType0,
    Verdict,
)

PRESERIE, PILOTE = "ortho-plus-lpp", "389391422"
EMISE_LE = datetime(2026, 10, 20, 9, 12, 44, 120_000, UTC)


def trace(**champs: object) -> TraceRecue:
    commun = {
        "id": uuid4(),
        "emise_le": EMISE_LE,
        "numero_am": PILOTE,
        "logiciel": "ortho-plus",
        "version": "4.2.1",
        "operation": TraceRecueOperation.EXECUTION,
        "type_prescription": TraceRecueTypePrescriptionType0.DISPOSITIFS_MEDICAUX,
        "resultat": TraceRecueResultat.SUCCES,
    }
    return TraceRecue(**(commun | champs))


def echec(**champs: object) -> TraceRecue:
    erreur = ErreurRecue(
        code="TLS-0042", origine=ErreurRecueOrigine.TELESERVICE, bloquante=False, message="délai dépassé"
    )
    return trace(resultat=TraceRecueResultat.ECHEC, erreur=erreur, scor_envoye=True, **champs)


def envoyer(client: AuthenticatedClient) -> None:
    seule = trace(ordonnance="ORD0000000000001", scor_envoye=False)
    for enregistrees in (1, 0):
        accuse = poster_traces.sync(client=client, body=seule)
        assert isinstance(accuse, Accuse)
        assert (accuse.enregistrees, accuse.doublons) == (enregistrees, 1 - enregistrees)
    inconnue = trace(ordonnance="ORD0000000000003", numero_am="999999999")
    accuse = poster_traces.sync(client=client, body=[echec(ordonnance="ORD0000000000002"), inconnue])
    assert isinstance(accuse, Accuse)
    assert (accuse.recues, accuse.enregistrees, accuse.rejetees) == (2, 1, 1)
    (rejet,) = accuse.rejets
    assert (rejet.index, rejet.code, rejet.champ) == (1, "pilote-inconnu", "numero_am")
    assert UUID(rejet.id) == inconnue.id
    refus = poster_traces.sync_detailed(client=client, body=inconnue)
    assert refus.status_code == 422
    assert isinstance(refus.parsed, Probleme)
    assert refus.parsed.type_ == "urn:traces-postes:probleme:pilote-inconnu"
    assert (refus.parsed.id, refus.parsed.erreurs[0].champ) == (inconnue.id, "numero_am")


def lire(client: AuthenticatedClient) -> None:
    bilan = lire_bilan.sync(PRESERIE, client=client)
    assert isinstance(bilan, BilanLu)
    assert (bilan.executions.total, bilan.executions.enregistrees, bilan.traces.doublons) == (2, 1, 1)
    assert (bilan.verdict, bilan.debut_le) == (Verdict.DEFAVORABLE, EMISE_LE)
    enregistrement = bilan.criteres[0]
    assert isinstance(enregistrement, CritereEnregistrement)
    assert (enregistrement.etat, enregistrement.mesure) == (Etat.NON_ATTEINT, 0.5)
    page = lister_executions.sync(client=client, preserie=PRESERIE, enregistree=False, limite=10)
    (execution,) = page.elements
    assert (execution.conformite, execution.premiere_le, execution.phase) == (Conformite.CONFORME, EMISE_LE, 2)
    assert page.suivant is None
    consigne = lire_consigne.sync(client=client, logiciel="ortho-plus", numero_am=PILOTE)
    assert (consigne.traces_postes, consigne.prochaine_consultation_s) == ("actives", 900)
    pilotes = lister_pilotes.sync(PRESERIE, client=client, limite=2)
    assert [pilote.numero_am for pilote in pilotes.elements] == ["333098086", "337492589"]


def main() -> None:
    url = os.environ["URL"]
    client = AuthenticatedClient(base_url=url, token=os.environ["CLE"])
    assert lire_pret.sync(client=Client(base_url=url)).statut == "pret"
    envoyer(client)
    lire(client)
    refus = lire_bilan.sync(PRESERIE, client=AuthenticatedClient(base_url=url, token="fausse"))  # noqa: S106
    assert isinstance(refus, Probleme)
    assert (refus.status, refus.type_.rpartition(":")[2]) == (401, "cle-refusee")


if __name__ == "__main__":
    main()
