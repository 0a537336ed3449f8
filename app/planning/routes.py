"""The planning of a présérie, as JSON or as a file; and pilotes from such a file."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.requests import ClientDisconnect

from app.erreurs import CorpsInvalide, CsvIllisible, ModaliteRefusee, RoleInsuffisant
from app.negociation import prefere
from app.observabilite.medias import CSV
from app.planning import fichier
from app.planning import service as plannings
from app.planning.schemas import ImportLu, PlanningLu
from app.preseries import service, service_pilotes
from app.preseries.dependances import CnamOuEditeur, CodeChemin, Lecteur, versionner
from app.reponses import Reponses, problemes, version
from app.stockage.dependances import SessionLecture, SessionRegistre

routes = APIRouter(tags=["Registre"])
CHEMIN = "/preseries/{code}/planning"
EN_CSV = frozenset({CHEMIN})
"""The addresses to which CSV is sent."""
_EXEMPLE = (
    "numero_am,cpam,sesam_vitale,accord_le,equipement_verifie,forme_le,installation_prevue_le,installe_le,phase_2_le,"
    "retire_le\r\n389391422,33,oui,2026-09-22,oui,2026-10-12,2026-10-12,2026-10-12,2026-10-17,\r\n"
)
_CONTENU = {CSV: {"schema": {"type": "string"}, "examples": {"planning": {"value": _EXEMPLE}}}}
_EN_FICHIER = version("Le planning, en JSON ; en CSV si « Accept » le préfère.")
_EN_FICHIER["200"]["content"] = _CONTENU
_IMPORTE: Reponses = {"200": {"description": "Tout le fichier est importé."}}
_FAUTE = CorpsInvalide(
    "Rien n'est importé : 1 faute, la première à la ligne 3. Corrigez-les et renvoyez tout le fichier.",
    erreurs=[{"champ": "sesam_vitale", "ligne": 3, "message": "« oui » ou « non » attendu"}],
)
_REFUS_D_UN_IMPORT = problemes(
    CsvIllisible("Le fichier est vide : envoyez au moins sa ligne d'en-tête."),
    RoleInsuffisant("La présérie a démarré : seule la Cnam change « phase_2_le »."),
    service.introuvable(),
    service_pilotes.deja_engage(),
    ModaliteRefusee,
    service.terminee(),
    _FAUTE,
)


async def _fichier(requete: Request) -> bytes:
    """Read before the registry is reserved for this change: a slow sender holds up nobody."""
    try:
        return await requete.body()
    except ClientDisconnect:
        raise CsvIllisible("Le fichier s'est interrompu en chemin : renvoyez-le.") from None


Fichier = Annotated[bytes, Depends(_fichier)]


@routes.get(
    CHEMIN,
    summary="Le planning des installations d'une présérie",
    description="Ce que l'éditeur communique au GIE SESAM-Vitale et à la Cnam : le N° AM, la CPAM et les dates de "
    "chaque pilote, dans l'ordre des installations, prévues ou faites. En CSV avec « Accept: text/csv » : le fichier "
    "peut être corrigé et importé tel quel.",
    response_model=PlanningLu,
    responses=_EN_FICHIER | problemes(service.introuvable()),
)
async def lire_planning(
    code: CodeChemin, acces: Lecteur, session: SessionLecture, requete: Request, reponse: Response
) -> PlanningLu | Response:
    lu = versionner(reponse, await plannings.exporter(session, acces, code))
    reponse.headers["Vary"] = "Accept"
    if not prefere(",".join(requete.headers.getlist("accept")), CSV, "application/json"):
        return lu
    entetes = {**reponse.headers, "Content-Disposition": f'attachment; filename="{code}.csv"'}
    return Response(fichier.ecrire(lu.elements), media_type=CSV, headers=entetes)


@routes.post(
    CHEMIN,
    summary="Importer des pilotes",
    description="Un fichier CSV (« , » ou « ; », UTF-8) inscrit ou modifie des pilotes, tous ou aucun, et ne retire "
    "personne. Ses colonnes sont les champs d'un pilote et « numero_am », dans n'importe quel ordre ; une colonne "
    "absente laisse comme elle est la valeur d'un pilote connu. Jours : AAAA-MM-JJ ou JJ/MM/AAAA. Chaque ligne en "
    "faute est nommée. Une fois la présérie démarrée, seule la Cnam change « phase_2_le ».",
    responses=_IMPORTE | _REFUS_D_UN_IMPORT,
    openapi_extra={"requestBody": {"required": True, "content": _CONTENU}},
)
async def importer_pilotes(
    code: CodeChemin, auteur: CnamOuEditeur, contenu: Fichier, session: SessionRegistre
) -> ImportLu:
    return await plannings.importer(session, auteur, code, contenu)
