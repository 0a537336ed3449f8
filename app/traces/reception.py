"""POST /traces on the server's own interface: routing and dependencies cost more than all that a trace needs."""

import time

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.acces.dependances import verifier_role
from app.acces.roles import ECRIVENT_DES_TRACES
from app.erreurs import ErreurMetier
from app.observabilite import problemes
from app.observabilite.bornes import borner
from app.observabilite.requetes import GABARIT, reponse_probleme
from app.stockage.base import ERREURS_DE_BASE
from app.traces.corps import lire_corps
from app.traces.refus import TraceRefusee
from app.traces.schemas import Accuse
from app.traces.service import Reception, recevoir
from app.traces.tri import Emetteur

CHEMIN = "/traces"


async def servir(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application behind ``POST /traces``."""
    scope[GABARIT] = CHEMIN
    try:
        reponse = await repondre(scope, receive)
    except ErreurMetier as erreur:
        reponse = reponse_probleme(Request(scope), erreur)
    except ERREURS_DE_BASE as erreur:
        reponse = await problemes.base(Request(scope), erreur)
    await reponse(scope, receive, send)


async def repondre(scope: Scope, receive: Receive) -> Response:
    """The answer, once all that it acknowledges is committed to disk; raises what a caller is refused for."""
    etat = scope["app"].state
    entetes = dict(scope["headers"])
    autorisation = entetes.get(b"authorization")
    acces = await etat.portier.reconnaitre(autorisation.decode("latin-1") if autorisation is not None else None)
    verifier_role(acces, *ECRIVENT_DES_TRACES)
    if etat.debit is not None:
        etat.debit.admettre(acces.cle_id, time.monotonic())
    corps = await lire_corps(entetes, borner(scope, receive, etat.reglages.corps_delai_s))
    emetteur = Emetteur(acces.cle_id, acces.editeur, acces.numero_am)
    return _accuser(await recevoir(corps, emetteur, etat.registre, etat.ecrivain))


def _accuser(reception: Reception) -> Response:
    if reception.seule and reception.rejets:
        _, rejet = reception.rejets[0]
        raise TraceRefusee(rejet.refus, rejet.detail, rejet.champ, rejet.id)
    statut = 201 if reception.seule and reception.enregistrees else 200
    return Response(to_json(_corps(reception)), statut, media_type="application/json")


def _corps(reception: Reception) -> Accuse:
    return {
        "recues": reception.recues,
        "enregistrees": reception.enregistrees,
        "doublons": reception.doublons,
        "rejetees": len(reception.rejets),
        "rejets": [
            {"index": index, "id": r.id, "code": r.refus.value, "champ": r.champ, "detail": r.detail}
            for index, r in reception.rejets
        ],
        "avertissements": [
            {"index": index, "code": "horloge-decalee", "detail": detail} for index, detail in reception.decalages
        ],
        "traces_postes": reception.traces_postes.value,
    }
