"""POST /traces and /traces/essai, GET /traces/consigne."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import JSONResponse, Response

from app.acces.dependances import exiger
from app.acces.roles import ECRIVENT_DES_TRACES, Acces
from app.erreurs import CorpsTropGrand, Surcharge
from app.formes import CODE, NUMERO_AM
from app.reponses import problemes
from app.traces import consigne, reception
from app.traces.debit import trop_de_requetes
from app.traces.lecture import TRACES_MAX, TROP_DE_TRACES
from app.traces.refus import DETAILS, DU_REGISTRE, Refus, TraceRefusee
from app.traces.schemas import Accuse, ConsigneLue
from app.traces.tri import Emetteur

routes = APIRouter(tags=["Traces"])
_ID = "b905579f-cf67-429f-aff0-fd26193585f8"
_CHAMPS = {
    Refus.HORS_PERIMETRE: "type_prescription",
    Refus.TRACE_INVALIDE: "erreur",
    Refus.DONNEE_PERSONNELLE: "erreur.message",
    Refus.LOGICIEL_INCONNU: "logiciel",
    Refus.LOGICIEL_INTERDIT: "logiciel",
    Refus.PILOTE_INTERDIT: "numero_am",
    Refus.PILOTE_INCONNU: "numero_am",
    Refus.IDENTIFIANT_REUTILISE: "id",
}
_INVALIDE = "erreur : champ requis quand « resultat » vaut echec."
_TRACE = {"$ref": "#/components/schemas/TraceRecue"}
_TRACES = {"type": "array", "items": _TRACE, "maxItems": TRACES_MAX}
CORPS_DE_TRACES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Une trace (objet), ou un tableau de 1 000 traces au plus ; 1 Mio au plus, même décompressé. "
        "« Content-Encoding: gzip » est accepté.",
        "content": {"application/json": {"schema": {"oneOf": [_TRACE, _TRACES]}}},
    }
}
"""For ``openapi_extra`` of a route that reads the raw body itself."""
_ETAG = {
    "ETag": {
        "description": "Empreinte de la consigne, à redonner dans « If-None-Match ».",
        "schema": {"type": "string"},
    }
}


def _refusee(refus: Refus, id_trace: str | None = _ID) -> TraceRefusee:
    return TraceRefusee(refus, DETAILS.get(refus, _INVALIDE), _CHAMPS.get(refus), id_trace)


@routes.post(
    reception.CHEMIN,
    summary="Recevoir une trace, ou jusqu'à 1 000",
    description="""Répond une fois sur disque tout ce que la réponse acquitte. Une même trace renvoyée est un doublon :
elle est acceptée et ne change rien. Après une réponse perdue, ou un statut 408, 429, 500, 502, 503 ou 504, renvoyez
les mêmes traces avec les mêmes « id ».

- Un objet : 201 enregistrée, 200 doublon ; refusée, un problème (403, 409, 410 ou 422).
- Un tableau : toujours 200 ; chaque trace vaut pour elle-même, et « rejets » dit lesquelles sont refusées et pourquoi.
  Ne renvoyez pas telle quelle une trace refusée.""",
    dependencies=[Depends(exiger(*ECRIVENT_DES_TRACES))],
    response_model=Accuse,
    responses={
        "200": {"description": "Tableau traité, ou trace seule déjà connue (doublon)."},
        "201": {"model": Accuse, "description": "Trace seule enregistrée."},
        **problemes(*map(_refusee, Refus), CorpsTropGrand(TROP_DE_TRACES), trop_de_requetes(1), Surcharge),
    },
    openapi_extra=CORPS_DE_TRACES,
)
async def poster_traces(requete: Request) -> Response:
    """Documents what ``app.main`` serves without passing through here, and answers the same."""
    return await reception.repondre(requete.scope, requete.receive)


@routes.post(
    reception.CHEMIN_ESSAI,
    summary="Essayer des traces sans rien enregistrer",
    description="""Le banc d'essai des éditeurs : même corps et même réponse qu'à l'envoi, mais rien n'est enregistré ni
compté. Ce que le registre ne connaît pas encore (logiciel, pilote, présérie non ouverte), ou plus (traces désactivées),
n'est ici qu'un avertissement.""",
    dependencies=[Depends(exiger(*ECRIVENT_DES_TRACES))],
    response_model=Accuse,
    responses={
        "200": {"description": "Tableau essayé, ou trace seule déjà connue (doublon)."},
        "201": {"model": Accuse, "description": "Trace seule qui serait enregistrée."},
        **problemes(
            *(_refusee(refus) for refus in Refus if refus not in DU_REGISTRE),
            CorpsTropGrand(TROP_DE_TRACES),
            trop_de_requetes(1),
            Surcharge,
        ),
    },
    openapi_extra=CORPS_DE_TRACES,
)
async def essayer_traces(requete: Request) -> Response:
    """Likewise."""
    return await reception.repondre(requete.scope, requete.receive)


@routes.get(
    "/traces/consigne",
    summary="Ce que le poste doit faire : envoyer des traces, ou cesser",
    description="À relire après « prochaine_consultation_s » secondes, avec l'« ETag » reçu dans « If-None-Match » : "
    "304 si rien n'a changé. Un poste qu'aucune présérie ne connaît reçoit « inactives ».",
    response_model=ConsigneLue,
    responses={
        "200": {"description": "La consigne.", "headers": _ETAG},
        "304": {"description": "La consigne n'a pas changé.", "headers": _ETAG},
        **problemes(_refusee(Refus.LOGICIEL_INTERDIT, None), _refusee(Refus.PILOTE_INTERDIT, None)),
    },
)
async def lire_consigne(
    requete: Request,
    acces: Annotated[Acces, Depends(exiger(*ECRIVENT_DES_TRACES))],
    logiciel: Annotated[str, Query(pattern=CODE)],
    numero_am: Annotated[str, Query(pattern=NUMERO_AM)],
    if_none_match: Annotated[str, Header(alias="If-None-Match")] = "",
) -> Response:
    """Cacheable by ``ETag``; a workstation that no présérie knows is told ``inactives``."""
    emetteur = Emetteur(acces.cle_id, acces.editeur, acces.numero_am)
    etat = await consigne.lire(requete.app.state.registre, emetteur, logiciel, numero_am)
    entetes = {"ETag": etat.etag, "Cache-Control": "private, max-age=0, must-revalidate"}
    if {etat.etag, "*"} & {e.strip().removeprefix("W/") for e in if_none_match.split(",")}:
        return Response(status_code=304, headers=entetes)
    return JSONResponse(etat.corps(), headers=entetes)
