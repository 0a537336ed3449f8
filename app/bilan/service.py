"""Use cases: the bilan of a présérie, its breakdowns, and the executions behind every figure. All on one snapshot."""

from datetime import datetime

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.bilan import criteres, depot
from app.bilan.conformite import Conformite, conformite
from app.bilan.depot import Dossier, Filtre
from app.bilan.figures import Cellule, Scor, scor, taux, taux_par_pilote
from app.bilan.identifiants import CleExecution, lire_identifiant
from app.bilan.schemas import (
    Axe,
    BilanLu,
    Ensemble,
    ExecutionDetaillee,
    ExecutionLue,
    ExecutionsLues,
    ReferentielLu,
    ScorLu,
    TraceLue,
    TracesLues,
    Ventilation,
)
from app.bilan.verdict import verdict
from app.erreurs import CorpsInvalide, Introuvable
from app.parametres import Page
from app.referentiels import REFERENTIELS
from app.traces.refus import Refus


async def dossier_visible(session: AsyncSession, acces: Acces, code: str) -> Dossier:
    """Raises Introuvable (404) also where the présérie is another's: that it exists is not theirs to know."""
    dossier = await depot.dossier(session, code)
    if dossier is None or not acces.voit_preserie(code, dossier.editeur):
        raise Introuvable("Aucune présérie de ce code ne vous est connue : vérifiez le code, ou demandez à la Cnam.")
    return dossier


async def bilan(session: AsyncSession, acces: Acces, code: str) -> BilanLu:
    dossier = await dossier_visible(session, acces, code)
    preserie = dossier.preserie
    referentiel = REFERENTIELS[preserie.categorie_ps]
    toutes = await depot.cellules(session, preserie)
    operations = await depot.operations(session, preserie.id)
    fenetre = [c for c in toutes if c.dans_la_fenetre]
    juges = [
        criteres.enregistrement(taux(fenetre), taux_par_pilote(fenetre), referentiel.enregistrement.seuil),
        criteres.anomalies(
            await depot.anomalies(session, preserie.id),
            {nom: operation.succes for nom, operation in operations.items()},
            referentiel.operations.requises,
        ),
        criteres.scor(scor(fenetre)),
        criteres.prerequis(),
        criteres.satisfaction(),
    ]
    execution = operations.get("execution")
    return BilanLu(
        preserie=preserie.code,
        editeur=dossier.editeur,
        module=dossier.module,
        logiciel=dossier.logiciel,
        categorie_ps=preserie.categorie_ps,
        statut=preserie.statut,
        referentiel=ReferentielLu(code=preserie.categorie_ps, version=preserie.referentiel_version),
        calcule_le=dossier.lu_le,
        debut_le=execution.premiere_le if execution is not None else None,
        observee_depuis=preserie.observee_depuis,
        traces=_traces(await depot.receptions(session, preserie.id)),
        executions=_executions(fenetre),
        scor=_scor(scor(fenetre)),
        ensemble=Ensemble(executions=_executions(toutes), scor=_scor(scor(toutes)))
        if preserie.observee_depuis is not None
        else None,
        criteres=list(juges),
        modalites=[],
        verdict=verdict(critere.etat for critere in juges),
    )


async def ventilation(session: AsyncSession, acces: Acces, code: str, axe: Axe) -> Ventilation:
    dossier = await dossier_visible(session, acces, code)
    return Ventilation(par=axe, lignes=await depot.ventiler(session, dossier.preserie, axe))


async def lister_executions(
    session: AsyncSession, acces: Acces, code: str, filtre: Filtre, apres: str | None, limite: int
) -> Page[ExecutionLue]:
    dossier = await dossier_visible(session, acces, code)
    cle = lire_identifiant(apres) if apres is not None else None
    if apres is not None and cle is None:
        message = "curseur illisible : reprenez « suivant » de la page précédente"
        raise CorpsInvalide(f"apres : {message}.", erreurs=[{"champ": "apres", "message": message}])
    lignes = await depot.executions(session, dossier.preserie.id, filtre, cle, limite + 1)
    elements = [ExecutionLue.model_validate(_execution(ligne, code)) for ligne in lignes[:limite]]
    return Page(elements=elements, suivant=elements[-1].id if len(lignes) > limite else None)


async def detailler_execution(session: AsyncSession, acces: Acces, identifiant: str) -> ExecutionDetaillee:
    """One execution with the traces that it was folded from."""
    cle = lire_identifiant(identifiant)
    trouvee = await depot.une_execution(session, cle) if cle is not None else None
    if cle is None or trouvee is None or not acces.voit_preserie(trouvee["preserie"], trouvee["editeur"]):
        raise Introuvable("Aucune exécution de cet identifiant ne vous est connue : reprenez-le dans /executions.")
    traces = await depot.traces(session, trouvee["preserie_id"], cle)
    return ExecutionDetaillee.model_validate(
        {**_execution(trouvee, trouvee["preserie"]), "traces": [_trace(trace) for trace in traces]}
    )


def _traces(receptions: dict[str, tuple[int, datetime]]) -> TracesLues:
    nombres = {issue: nombre for issue, (nombre, _) in receptions.items()}
    return TracesLues(
        enregistrees=nombres.get("enregistree", 0),
        doublons=nombres.get("doublon", 0),
        rejetees=sum(nombres.get(refus.value, 0) for refus in Refus),
        derniere_le=max((derniere for _, derniere in receptions.values()), default=None),
    )


def _executions(cellules: list[Cellule]) -> ExecutionsLues:
    sommes = taux(cellules)
    return ExecutionsLues(total=sommes.total, enregistrees=sommes.enregistrees, tentatives=sommes.tentatives)


def _scor(matrice: Scor) -> ScorLu:
    return ScorLu.model_validate({f"phase_{phase}": dict(cases) for phase, cases in matrice.items()})


def _execution(e: RowMapping, preserie: str) -> dict[str, object]:
    cle = CleExecution(e["pilote_id"], e["pseudonyme"], e["numero_execution"])
    etat: Conformite = conformite(e["phase"], e["enregistree"], e["scor_succes"], e["scor_echec"])
    return {**e, "id": str(cle), "preserie": preserie, "pilote": e["numero_am"], "conformite": etat.value}


def _trace(t: RowMapping) -> TraceLue:
    return TraceLue.model_validate({**t, "id": str(t["id"]), "resultat": "succes" if t["succes"] else "echec"})
