"""POST /traces and GET /traces/consigne."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from app.acces.dependances import acces_courant, exiger, verifier_role
from app.acces.roles import ECRIVENT_DES_TRACES, Acces
from app.traces import consigne
from app.traces.corps import lire_corps
from app.traces.debit import Debit
from app.traces.refus import TraceRefusee
from app.traces.service import Reception, recevoir
from app.traces.tri import Emetteur

routes = APIRouter(tags=["Traces"])


@routes.post("/traces", summary="Recevoir une trace, ou jusqu'à 1 000", response_model=None)
async def poster(requete: Request) -> Response:
    """Answers once all that it acknowledges is committed to disk."""
    acces = await acces_courant(requete)
    verifier_role(acces, *ECRIVENT_DES_TRACES)
    etat = requete.app.state
    debit: Debit | None = etat.debit
    if debit is not None:
        debit.admettre(acces.cle_id, time.monotonic())
    corps = await lire_corps(requete)
    reception = await recevoir(corps, _emetteur(acces), etat.registre, etat.ecrivain)
    return _repondre(reception)


@routes.get("/traces/consigne", summary="Ce que le poste doit faire : envoyer des traces, ou cesser")
async def lire_consigne(
    requete: Request,
    acces: Annotated[Acces, Depends(exiger(*ECRIVENT_DES_TRACES))],
    logiciel: Annotated[str, Query(max_length=63)],
    numero_am: Annotated[str, Query(max_length=9)],
) -> Response:
    """Cacheable by ``ETag``; a workstation that no présérie knows is told ``inactives``."""
    etat = await consigne.lire(requete.app.state.registre, _emetteur(acces), logiciel, numero_am)
    entetes = {"ETag": etat.etag, "Cache-Control": "private, max-age=0, must-revalidate"}
    if etat.etag in [e.strip().removeprefix("W/") for e in requete.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=entetes)
    return JSONResponse(etat.corps(), headers=entetes)


def _emetteur(acces: Acces) -> Emetteur:
    return Emetteur(acces.cle_id, acces.editeur, acces.numero_am)


def _repondre(reception: Reception) -> JSONResponse:
    if reception.seule and reception.rejets:
        _, rejet = reception.rejets[0]
        raise TraceRefusee(rejet.refus, rejet.detail, rejet.champ, rejet.id)
    statut = 201 if reception.seule and reception.enregistrees else 200
    return JSONResponse(_corps(reception), statut)


def _corps(reception: Reception) -> dict[str, Any]:
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
