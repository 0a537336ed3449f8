"""PURE. The three criteria that people decide or contest, 2, 4 and 5: état, figures, and why (DOMAIN)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from app.anomalies.schemas import AnomalieLue, StatutAnomalie
from app.bilan.liens import Liens
from app.bilan.schemas import (
    CritereAnomalies,
    CriterePrerequis,
    CritereSatisfaction,
    Etat,
    PrerequisJuge,
)
from app.francais import accorder, enumerer, jour
from app.questionnaire.regles import Reponse
from app.questionnaire.schemas import ResultatsLus


def anomalies(
    trouvees: Sequence[AnomalieLue], succes: Mapping[str, int], requises: Sequence[str], liens: Liens
) -> CritereAnomalies:
    """Criterion 2: no open intrinsic blocking anomaly, and each required operation seen to succeed."""
    graves = [a for a in trouvees if a.intrinseque_bloquante]
    ouvertes = [a for a in graves if a.statut is StatutAnomalie.OUVERTE]
    ecartees = [a for a in graves if a.statut is StatutAnomalie.ECARTEE]
    manquantes = [operation for operation in requises if not succes.get(operation)]
    if ouvertes:
        codes = ", ".join(f"{a.code} ({a.operation})" for a in ouvertes)
        explication = f"Anomalies bloquantes ouvertes, dues au logiciel : {codes}."
    elif manquantes:
        explication = f"Opérations dont aucun succès n'a encore été vu : {', '.join(manquantes)}."
    else:
        explication = (
            "Aucune anomalie bloquante due au logiciel n'est ouverte, et chaque opération requise a réussi au moins "
            "une fois."
        )
    communs = {"bloquante": "true", "origine": "logiciel"}
    return CritereAnomalies(
        etat=_etat_des_anomalies(ouvertes, manquantes),
        explication=explication,
        listes=[
            *(
                liens.de_la_preserie(libelle, len(siennes), "anomalies", statut=statut.value, **communs)
                for libelle, siennes, statut in (
                    ("Anomalies bloquantes ouvertes", ouvertes, StatutAnomalie.OUVERTE),
                    ("Anomalies bloquantes mises à l'écart", ecartees, StatutAnomalie.ECARTEE),
                )
            ),
            *(
                liens.traces(f"Succès de l'opération {o}", succes.get(o, 0), operation=o, resultat="succes")
                for o in requises
            ),
        ],
        bloquantes=ouvertes,
        operations_a_observer=manquantes,
        ecartees=ecartees,
        etat_avec_ecartees=_etat_des_anomalies([*ouvertes, *ecartees], manquantes),
    )


class Prerequis(Protocol):
    """What criterion 4 looks at of a prerequisite."""

    @property
    def code(self) -> str: ...
    @property
    def libelle(self) -> str: ...
    @property
    def valide_le(self) -> date | None: ...


def prerequis(identifies_le: date | None, listes: Sequence[Prerequis], liens: Liens) -> CriterePrerequis:
    """Criterion 4: the prerequisites of deployment are identified, there may be none, and each listed is validated."""
    restent = [p for p in listes if p.valide_le is None]
    if identifies_le is None:
        explication = "Les prérequis techniques au déploiement ne sont pas encore identifiés."
    elif restent:
        explication = (
            f"Les prérequis techniques au déploiement sont identifiés depuis le {jour(identifies_le)} ; "
            f"{accorder(len(restent), 'reste', 'restent')} à valider : {enumerer(p.code for p in restent)}."
        )
    else:
        combien = f" ; les {len(listes)} sont validés" if len(listes) > 1 else ""
        combien = " ; le seul est validé" if len(listes) == 1 else combien
        explication = (
            f"Les prérequis techniques au déploiement sont identifiés depuis le {jour(identifies_le)}{combien}."
        )
    return CriterePrerequis(
        etat=Etat.ATTEINT if identifies_le is not None and not restent else Etat.INDETERMINE,
        explication=explication,
        listes=[
            liens.de_la_preserie("Prérequis validés", len(listes) - len(restent), "prerequis", valide="true"),
            liens.de_la_preserie("Prérequis à valider", len(restent), "prerequis", valide="false"),
        ],
        identifies_le=identifies_le,
        prerequis=[PrerequisJuge(code=p.code, libelle=p.libelle, valide_le=p.valide_le) for p in listes],
    )


def satisfaction(
    reponses: Sequence[Reponse], invites: int, reponses_min: int, operations: Sequence[str], liens: Liens
) -> CritereSatisfaction:
    """Criterion 5: enough pilotes have answered, and no frein bloquant is open; the marks decide nothing."""
    lus = ResultatsLus.de(reponses, invites, operations)
    ouverts, leves = lus.freins_ouverts, lus.freins_leves
    recues = accorder(len(reponses), "pilote a répondu", "pilotes ont répondu")
    recues = recues if reponses else "Aucun pilote n'a encore répondu"
    if ouverts:
        etat = Etat.NON_ATTEINT
        explication = f"{recues} ; {accorder(ouverts, 'frein bloquant ouvert', 'freins bloquants ouverts')}."
    elif len(reponses) < reponses_min:
        etat = Etat.INDETERMINE
        explication = f"{recues} au questionnaire de satisfaction ; il en faut au moins {reponses_min}."
    else:
        etat, explication = Etat.ATTEINT, f"{recues} au questionnaire, sans frein bloquant ouvert."
    return CritereSatisfaction(
        etat=etat,
        explication=explication,
        listes=[
            liens.de_la_preserie("Réponses", len(reponses), "questionnaire/reponses"),
            liens.de_la_preserie("Freins bloquants ouverts", ouverts, "questionnaire/reponses", frein="ouvert"),
            liens.de_la_preserie("Freins bloquants levés", leves, "questionnaire/reponses", frein="leve"),
        ],
        reponses_min=reponses_min,
        **dict(lus),
    )


def _etat_des_anomalies(bloquantes: Sequence[AnomalieLue], manquantes: Sequence[str]) -> Etat:
    if bloquantes:
        return Etat.NON_ATTEINT
    return Etat.INDETERMINE if manquantes else Etat.ATTEINT
