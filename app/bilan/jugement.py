"""PURE. From what is known of préséries to their bilans, and to the sums over several of them."""

from collections import Counter
from collections.abc import Iterable, Sequence

from app.bilan import criteres, criteres_declares
from app.bilan.a_faire import a_faire
from app.bilan.faits import Faits, Reception
from app.bilan.figures import Cellule, Scor, scor, taux, taux_par_pilote
from app.bilan.liens import Liens
from app.bilan.schemas import (
    BilanLu,
    Chiffres,
    CritereLu,
    Ensemble,
    ExecutionsLues,
    ModaliteLue,
    ReferentielLu,
    ScorLu,
    TracesLues,
)
from app.bilan.verdict import verdict
from app.preseries.annuaire import PARIS
from app.preseries.cycle import TERMINES, Statut
from app.preseries.modalites import Situation, modalites
from app.preseries.pilotes import EtatPilote
from app.traces.refus import Issue


def juger(faits: Faits, *, modalites_aussi: bool = True) -> BilanLu:
    """The bilan of one présérie: figures, criteria, modalités unless nobody reads them, verdict."""
    dossier, comptees = faits.dossier, _fenetre(faits.comptees)
    juges = _criteres(faits, comptees)
    sommes = taux(comptees)
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
        debut_le=faits.debut_le,
        observee_depuis=dossier.observee_depuis,
        criteres=juges,
        modalites=_modalites(faits) if modalites_aussi else [],
        verdict=verdict(critere.etat for critere in juges),
        a_faire=[]
        if Statut(dossier.statut) in TERMINES
        else a_faire(
            juges,
            (sommes.enregistrees, sommes.total),
            dossier.referentiel.enregistrement.seuil,
            dossier.fin_prevue_le,
        ),
        **dict(sommer([faits])),
    )


def _criteres(faits: Faits, comptees: list[Cellule]) -> list[CritereLu]:
    dossier = faits.dossier
    regles = dossier.referentiel
    liens = Liens(dossier.preserie, dossier.observee_depuis, faits.au)
    toutes = _fenetre(faits.cellules) if _fenetre(faits.ecartees) else None
    return [
        criteres.enregistrement(
            taux(comptees),
            taux_par_pilote(comptees),
            regles.enregistrement.seuil,
            liens,
            taux(toutes) if toutes is not None else None,
        ),
        criteres_declares.anomalies(faits.anomalies, faits.succes, regles.operations.requises, liens),
        criteres.scor(
            scor(comptees), regles.scor.non_conformes_max, liens, scor(toutes) if toutes is not None else None
        ),
        criteres_declares.prerequis(faits.jalons.get("prerequis_identifies"), faits.prerequis, liens),
        criteres_declares.satisfaction(
            faits.reponses,
            faits.invites,
            regles.satisfaction.reponses_min,
            tuple(regles.questionnaire.operations),
            liens,
        ),
    ]


def _fenetre(cellules: Iterable[Cellule]) -> list[Cellule]:
    return [c for c in cellules if c.dans_la_fenetre]


def _modalites(faits: Faits) -> list[ModaliteLue]:
    return [ModaliteLue(code=m.code, etat=m.etat, explication=m.explication) for m in modalites(situation(faits))]


def situation(faits: Faits) -> Situation:
    """What its modalités are judged by, on the day that the facts tell of."""
    dossier = faits.dossier
    demarree_le = dossier.demarree_le
    return Situation(
        regles=dossier.referentiel,
        aujourd_hui=faits.aujourd_hui,
        statut=Statut(dossier.statut),
        attend_des_traces=dossier.attend_des_traces,
        cpam=dossier.cpam,
        pilotes=faits.pilotes,
        pilotes_max=dossier.pilotes_max,
        ailleurs=() if Statut(dossier.statut) in TERMINES else faits.ailleurs,  # what comes later is not its own
        solution_sesam_vitale=dossier.solution_sesam_vitale,
        cnda_le=dossier.cnda_le,
        demarree_le=demarree_le.astimezone(PARIS).date() if demarree_le is not None else None,
        fin_prevue_le=dossier.fin_prevue_le,
        jalons=faits.jalons,
        jours_phase_2=faits.jours_phase_2,
        silencieux=sum(EtatPilote.SILENCIEUX in faits.etats(pilote, faits.instant) for pilote in faits.pilotes),
    )


def sommer(plusieurs: Sequence[Faits]) -> Chiffres:
    """The figures of several préséries; ``ensemble`` stands beside where they count a part of the whole."""
    toutes = [c for faits in plusieurs for c in faits.cellules]
    comptees = _fenetre(c for faits in plusieurs for c in faits.comptees)
    ensemble = Ensemble(executions=_executions(toutes), scor=_scor(scor(toutes)))
    partie = any(faits.dossier.observee_depuis is not None or faits.ecartees for faits in plusieurs)
    return Chiffres(
        traces=_traces([r for faits in plusieurs for r in faits.receptions]),
        executions=_executions(comptees),
        scor=_scor(scor(comptees)),
        ensemble=ensemble if partie else None,
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
