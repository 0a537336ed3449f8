"""PURE. From what is known of préséries to their bilans, and to the sums over several of them."""

from collections import Counter
from collections.abc import Iterable, Sequence

from app.bilan import criteres
from app.bilan.faits import Faits, Reception
from app.bilan.figures import Cellule, Scor, scor, taux, taux_par_pilote
from app.bilan.schemas import BilanLu, Chiffres, Ensemble, ExecutionsLues, ReferentielLu, ScorLu, TracesLues
from app.bilan.verdict import verdict
from app.traces.refus import Issue


def juger(faits: Faits) -> BilanLu:
    """The bilan of one présérie: figures, criteria, verdict."""
    dossier = faits.dossier
    referentiel = dossier.referentiel
    fenetre = [c for c in faits.cellules if c.dans_la_fenetre]
    succes = {nom: operation.succes for nom, operation in faits.operations.items()}
    juges = [
        criteres.enregistrement(taux(fenetre), taux_par_pilote(fenetre), referentiel.enregistrement.seuil),
        criteres.anomalies(faits.anomalies, succes, referentiel.operations.requises),
        criteres.scor(scor(fenetre)),
        criteres.prerequis(faits.jalons.get("prerequis_identifies")),
        criteres.satisfaction(),
    ]
    execution = faits.operations.get("execution")
    return BilanLu(
        preserie=dossier.preserie,
        editeur=dossier.editeur,
        module=dossier.module,
        logiciel=dossier.logiciel,
        categorie_ps=dossier.categorie_ps,
        statut=dossier.statut,
        referentiel=ReferentielLu(code=dossier.categorie_ps, version=dossier.referentiel_version),
        calcule_le=dossier.lu_le,
        au=faits.au,
        debut_le=execution.premiere_le if execution is not None else None,
        observee_depuis=dossier.observee_depuis,
        criteres=list(juges),
        modalites=[],
        verdict=verdict(critere.etat for critere in juges),
        **dict(sommer([faits])),
    )


def sommer(plusieurs: Sequence[Faits]) -> Chiffres:
    """The figures of several préséries; ``ensemble`` stands beside where a window hides something of the whole."""
    toutes = [c for faits in plusieurs for c in faits.cellules]
    fenetre = [c for c in toutes if c.dans_la_fenetre]
    ensemble = Ensemble(executions=_executions(toutes), scor=_scor(scor(toutes)))
    return Chiffres(
        traces=_traces([r for faits in plusieurs for r in faits.receptions]),
        executions=_executions(fenetre),
        scor=_scor(scor(fenetre)),
        ensemble=ensemble if any(faits.dossier.observee_depuis is not None for faits in plusieurs) else None,
    )


def compter(receptions: Iterable[Reception]) -> Counter[str]:
    """Receptions by outcome: ``enregistree``, ``doublon``, or the code of the refusal."""
    comptes: Counter[str] = Counter()
    for reception in receptions:
        comptes[reception.issue] += reception.nombre
    return comptes


def _traces(receptions: Sequence[Reception]) -> TracesLues:
    comptes = compter(receptions)
    return TracesLues(
        enregistrees=comptes[Issue.ENREGISTREE],
        doublons=comptes[Issue.DOUBLON],
        rejetees=comptes.total() - comptes[Issue.ENREGISTREE] - comptes[Issue.DOUBLON],
        derniere_le=max((reception.derniere_le for reception in receptions), default=None),
    )


def _executions(cellules: list[Cellule]) -> ExecutionsLues:
    sommes = taux(cellules)
    return ExecutionsLues(total=sommes.total, enregistrees=sommes.enregistrees, tentatives=sommes.tentatives)


def _scor(matrice: Scor) -> ScorLu:
    return ScorLu.model_validate({f"phase_{phase}": dict(cases) for phase, cases in matrice.items()})
