"""PURE. The five criteria as people read them: état by word and sign, figure, threshold, with and without."""

from collections.abc import Mapping

from app.bilan.conformite import Conformite
from app.bilan.faits import Faits
from app.bilan.schemas import (
    BilanLu,
    Critere,
    CritereAnomalies,
    CritereEnregistrement,
    CriterePrerequis,
    CritereSatisfaction,
    CritereScor,
    Etat,
)
from app.francais import accorder
from app.rapport.formats import intervalle, moyenne, nombre, part, typographier
from app.rapport.formes import CritereMontre

ETATS: Mapping[Etat, tuple[str, str]] = {
    Etat.ATTEINT: ("atteint", "✓"),
    Etat.NON_ATTEINT: ("non atteint", "✗"),
    Etat.INDETERMINE: ("indéterminé", "?"),
}
NOMS = {
    "enregistrement": "Enregistrement dans la base",
    "anomalies": "Anomalies dues au logiciel",
    "scor": "Arrêt de l'envoi par SCOR",
    "prerequis": "Prérequis techniques au déploiement",
    "satisfaction": "Satisfaction des utilisateurs",
}


def montrer(bilan: BilanLu, faits: Faits) -> list[CritereMontre]:
    return [_montrer(critere, bilan, faits) for critere in bilan.criteres]


def _montrer(critere: Critere, bilan: BilanLu, faits: Faits) -> CritereMontre:
    mesure, seuil, details = _chiffres(critere, bilan, faits)
    etat, signe = ETATS[critere.etat]
    return CritereMontre(
        nom=NOMS[critere.code],
        code_etat=critere.etat.value,
        etat=etat,
        signe=signe,
        mesure=mesure,
        seuil=seuil,
        explication=typographier(critere.explication),
        details=[typographier(detail) for detail in details],
    )


def _chiffres(critere: Critere, bilan: BilanLu, faits: Faits) -> tuple[str, str, list[str]]:
    match critere:
        case CritereEnregistrement():
            seuil = faits.dossier.referentiel.enregistrement.seuil
            mesure = part(bilan.executions.enregistrees, bilan.executions.total)
            return mesure, f"au moins {part(seuil.numerateur, seuil.denominateur)}", _enregistrement(critere)
        case CritereAnomalies():
            ouvertes = accorder(len(critere.bloquantes), "bloquante ouverte", "bloquantes ouvertes")
            return ouvertes, "aucune", _anomalies(critere)
        case CritereScor():
            tolerees = faits.dossier.referentiel.scor.non_conformes_max
            phase_2 = bilan.scor.phase_2
            connues = phase_2.conforme + critere.non_conformes
            au_plus = accorder(tolerees, "non conforme", "non conformes") if tolerees else "aucune non conforme"
            return part(phase_2.conforme, connues), au_plus, _scor(critere)
        case CriterePrerequis():
            valides = sum(p.valide_le is not None for p in critere.prerequis)
            mesure = f"{accorder(valides, 'validé', 'validés')} sur {len(critere.prerequis)}"
            return mesure, "liste achevée, tous validés", []
        case CritereSatisfaction():
            au_moins = f"{accorder(critere.reponses_min, 'réponse', 'réponses')} au moins, sans frein ouvert"
            return accorder(critere.reponses, "réponse", "réponses"), au_moins, _satisfaction(critere)
    raise ValueError(critere.code)


def _enregistrement(critere: CritereEnregistrement) -> list[str]:
    details = []
    if critere.intervalle is not None:
        bas, haut = intervalle(critere.intervalle)
        details.append(f"Intervalle de confiance à 95 % (Wilson) : de {bas} à {haut} ; mesure {critere.solidite}.")
    if critere.executions_restantes:
        encore = accorder(critere.executions_restantes, "exécution enregistrée", "exécutions enregistrées")
        details.append(f"Encore {encore} d'affilée rendraient la mesure solide.")
    if critere.sensible_aux_pilotes:
        details.append(f"Sans un seul de ces pilotes, l'état changerait : {', '.join(critere.sensible_aux_pilotes)}.")
    if (avec := critere.avec_ecartees) is not None:
        taux = part(avec.enregistrees, avec.executions)
        details.append(
            f"Avec les exécutions mises à l'écart : {taux}, {nombre(avec.enregistrees)} enregistrées sur "
            f"{nombre(avec.executions)} ; état : {ETATS[avec.etat][0]}."
        )
    return details


def _anomalies(critere: CritereAnomalies) -> list[str]:
    if not critere.ecartees:
        return []
    ecartees = accorder(len(critere.ecartees), "anomalie bloquante mise", "anomalies bloquantes mises")
    return [f"Avec {ecartees} à l'écart ; état : {ETATS[critere.etat_avec_ecartees][0]}."]


def _scor(critere: CritereScor) -> list[str]:
    details = [f"Part des exécutions de phase 2 {Conformite.CONFORME.value}s, parmi celles dont l'état est connu."]
    if (avec := critere.avec_ecartees) is not None:
        non_conformes = accorder(avec.non_conformes, "non conforme", "non conformes")
        details.append(f"Avec les exécutions mises à l'écart : {non_conformes} ; état : {ETATS[avec.etat][0]}.")
    return details


def _satisfaction(critere: CritereSatisfaction) -> list[str]:
    if not critere.invites:
        return []
    taux = part(critere.reponses, critere.invites)
    invites = accorder(critere.invites, "pilote invité", "pilotes invités")
    details = [f"Taux de réponse : {taux}, pour {invites}."]
    if critere.satisfaction.moyenne is not None:
        details.append(f"Note moyenne : {moyenne(critere.satisfaction.moyenne)} sur 5.")
    return details
