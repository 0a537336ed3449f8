"""POST /traces and /traces/essai on the server's own interface: routing and dependencies cost more than a trace."""

import time
from functools import lru_cache

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.acces.dependances import verifier_role
from app.acces.roles import ECRIVENT_DES_TRACES
from app.accueil import EN_MAIN, EnMain
from app.erreurs import ErreurMetier
from app.observabilite import mesures, problemes
from app.observabilite.requetes import GABARIT, reponse_probleme
from app.preseries.cycle import EtatTraces
from app.stockage.base import ERREURS_DE_BASE
from app.traces.corps import lire_corps
from app.traces.refus import Issue, TraceRefusee
from app.traces.schemas import Accuse
from app.traces.service import Reception, essayer, recevoir
from app.traces.tri import Emetteur

CHEMIN = "/traces"
CHEMIN_ESSAI = "/traces/essai"
CHEMINS = frozenset({CHEMIN, CHEMIN_ESSAI})
_ENREGISTREES = mesures.TRACES[Issue.ENREGISTREE]
_DOUBLONS = mesures.TRACES[Issue.DOUBLON]


async def servir(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application behind ``POST /traces`` and ``POST /traces/essai``."""
    scope[GABARIT] = scope["path"]
    en_main: EnMain | None = scope.get(EN_MAIN)
    try:
        try:
            reponse = await repondre(scope, receive)
        except ErreurMetier as erreur:
            reponse = reponse_probleme(Request(scope), erreur)
        except ERREURS_DE_BASE as erreur:
            reponse = await problemes.base(Request(scope), erreur)
        await reponse(scope, receive, send)
    finally:
        if en_main is not None:
            en_main.rendre()


async def repondre(scope: Scope, receive: Receive) -> Response:
    """The answer, once all that it acknowledges is committed to disk; raises what a caller is refused for."""
    etat = scope["app"].state
    entetes = dict(scope["headers"])
    autorisation = entetes.get(b"authorization")
    acces = await etat.portier.reconnaitre(autorisation.decode("latin-1") if autorisation is not None else None)
    verifier_role(acces, *ECRIVENT_DES_TRACES)
    if etat.debit is not None:
        etat.debit.admettre(acces.cle_id, time.monotonic())
    borne = etat.bornes.corps(scope, receive)
    try:
        corps = await lire_corps(entetes, borne)
    finally:
        borne.lacher()
    if (en_main := scope.get(EN_MAIN)) is not None:
        en_main.prendre(len(corps))
    emetteur = Emetteur(acces.cle_id, acces.editeur, acces.numero_am)
    if scope["path"] == CHEMIN_ESSAI:
        return _accuser(await essayer(corps, emetteur, etat.registre, etat.base))
    reception = await recevoir(corps, emetteur, etat.registre, etat.ecrivain)
    _compter(reception)
    return _accuser(reception)


def _compter(reception: Reception) -> None:
    if reception.enregistrees:
        _ENREGISTREES(reception.enregistrees)
    if reception.doublons:
        _DOUBLONS(reception.doublons)
    for _, rejet in reception.rejets:
        mesures.TRACES[rejet.refus](1)


def _accuser(reception: Reception) -> Response:
    if reception.seule and reception.rejets:
        _, rejet = reception.rejets[0]
        raise TraceRefusee(rejet.refus, rejet.detail, rejet.champ, rejet.id)
    statut = 201 if reception.seule and reception.enregistrees else 200
    if reception.rejets or reception.avertissements:
        return _reponse(statut, reception)
    return _reponse_sans_remarque(
        statut, reception.recues, reception.enregistrees, reception.doublons, reception.traces_postes
    )


@lru_cache(maxsize=4096)
def _reponse_sans_remarque(
    statut: int, recues: int, enregistrees: int, doublons: int, traces_postes: EtatTraces
) -> Response:
    """Most answers are one of a few: nearly every trace is recorded, and says no more than that."""
    return _reponse(statut, Reception(False, recues, enregistrees, doublons, traces_postes=traces_postes))


def _reponse(statut: int, reception: Reception) -> Response:
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
            {"index": index, "code": code, "detail": detail} for index, code, detail in reception.avertissements
        ],
        "traces_postes": reception.traces_postes.value,
    }
