"""PURE. The five criteria, each with its état, its figures, and a sentence that says why (DOMAIN, « The five »)."""

from collections.abc import Mapping, Sequence
from datetime import date

from app.bilan.conformite import NON_CONFORMES, Conformite
from app.bilan.figures import Scor, Taux
from app.bilan.schemas import (
    AnomalieLue,
    CritereAnomalies,
    CritereEnregistrement,
    CriterePrerequis,
    CritereSatisfaction,
    CritereScor,
    Etat,
)
from app.bilan.statistiques import atteint, executions_restantes, surement_atteint, surement_manque, wilson
from app.francais import accorder, jour
from app.referentiels import Fraction


def enregistrement(
    total: Taux, par_pilote: Mapping[str, Taux], seuil: Fraction, depuis: date | None = None
) -> CritereEnregistrement:
    """Criterion 1: registered executions / executions reaches the threshold; ``depuis`` is where the window begins."""
    if total.total == 0:
        return CritereEnregistrement(
            etat=Etat.INDETERMINE,
            explication="Aucune exécution n'a encore été reçue"
            + (f" depuis le {jour(depuis)}, où commence l'observation." if depuis is not None else "."),
            mesure=None,
            seuil=seuil.valeur,
            intervalle=None,
            solidite=None,
            executions_restantes=None,
            sensible_aux_pilotes=[],
        )
    reussies, nombre = total.enregistrees, total.total
    solide = surement_atteint(reussies, nombre, seuil) or surement_manque(reussies, nombre, seuil)
    return CritereEnregistrement(
        etat=_etat_du_taux(reussies, nombre, seuil),
        explication=f"{accorder(reussies, 'exécution enregistrée', 'exécutions enregistrées')} sur {nombre}, "
        f"soit {pourcentage(reussies, nombre)} ; "
        f"le seuil est de {pourcentage(seuil.numerateur, seuil.denominateur)}.",
        mesure=reussies / nombre,
        seuil=seuil.valeur,
        intervalle=wilson(reussies, nombre),
        solidite="solide" if solide else "fragile",
        executions_restantes=executions_restantes(reussies, nombre, seuil),
        sensible_aux_pilotes=_sensible(total, par_pilote, seuil),
    )


def anomalies(trouvees: Sequence[AnomalieLue], succes: Mapping[str, int], requises: Sequence[str]) -> CritereAnomalies:
    """Criterion 2: no open intrinsic blocking anomaly, and each required operation seen to succeed."""
    bloquantes = [a for a in trouvees if a.bloquante]
    manquantes = [operation for operation in requises if not succes.get(operation)]
    if bloquantes:
        codes = ", ".join(f"{a.code} ({a.operation})" for a in bloquantes)
        etat, explication = Etat.NON_ATTEINT, f"Anomalies bloquantes ouvertes, dues au logiciel : {codes}."
    elif manquantes:
        etat = Etat.INDETERMINE
        explication = f"Opérations dont aucun succès n'a encore été vu : {', '.join(manquantes)}."
    else:
        etat = Etat.ATTEINT
        explication = (
            "Aucune anomalie bloquante due au logiciel, et chaque opération requise a réussi au moins une fois."
        )
    return CritereAnomalies(etat=etat, explication=explication, bloquantes=bloquantes, operations_a_observer=manquantes)


def scor(matrice: Scor, tolerees: int) -> CritereScor:
    """Criterion 3: of the phase 2 executions of a known state, no more than ``tolerees`` are non conformes."""
    phase_2 = matrice[2]
    conformes = phase_2[Conformite.CONFORME]
    non_conformes = sum(phase_2[code] for code in NON_CONFORMES)
    connues = conformes + non_conformes
    tolerance = f" ; le référentiel tolère {accorder(tolerees, 'non conforme', 'non conformes')}" if tolerees else ""
    if not connues:
        etat, explication = Etat.INDETERMINE, "Aucune exécution de phase 2 n'a encore d'état SCOR connu."
    elif non_conformes:
        etat = Etat.NON_ATTEINT if non_conformes > tolerees else Etat.ATTEINT
        explication = (
            f"{accorder(non_conformes, 'exécution', 'exécutions')} de phase 2 non "
            f"{'conforme' if non_conformes < 2 else 'conformes'} sur {connues} : "
            f"{accorder(phase_2[Conformite.DOUBLE_ENVOI], 'double envoi', 'doubles envois')}, "
            f"{accorder(phase_2[Conformite.PIECE_MANQUANTE], 'pièce manquante', 'pièces manquantes')}{tolerance}."
        )
    elif connues == 1:
        etat, explication = Etat.ATTEINT, f"La seule exécution de phase 2 d'état connu est conforme{tolerance}."
    else:
        etat, explication = Etat.ATTEINT, f"Les {connues} exécutions de phase 2 d'état connu sont conformes{tolerance}."
    return CritereScor(
        etat=etat,
        explication=explication,
        mesure=conformes / connues if connues else None,
        seuil=max(connues - tolerees, 0) / connues if connues else 1.0,
        non_conformes=non_conformes,
    )


def prerequis(identifies_le: date | None) -> CriterePrerequis:
    """Criterion 4: the prerequisites of deployment are identified; there may be none."""
    if identifies_le is None:
        return CriterePrerequis(
            etat=Etat.INDETERMINE,
            explication="Les prérequis techniques au déploiement ne sont pas encore identifiés.",
        )
    return CriterePrerequis(
        etat=Etat.ATTEINT,
        explication=f"Les prérequis techniques au déploiement sont identifiés depuis le {jour(identifies_le)}.",
    )


def satisfaction() -> CritereSatisfaction:
    """Criterion 5: undecided as long as too few pilotes have answered."""
    return CritereSatisfaction(
        etat=Etat.INDETERMINE, explication="Aucun pilote n'a encore répondu au questionnaire de satisfaction."
    )


def pourcentage(partie: int, tout: int) -> str:
    """A share in per cent with two decimals, cut and not rounded: 79,99 % never shows as 80 %."""
    centiemes = partie * 10_000 // tout
    entier, reste = divmod(centiemes, 100)
    return f"{entier} %" if reste == 0 and partie * 100 % tout == 0 else f"{entier},{reste:02d} %"


def _etat_du_taux(reussies: int, nombre: int, seuil: Fraction) -> Etat:
    return Etat.ATTEINT if atteint(reussies, nombre, seuil) else Etat.NON_ATTEINT


def _sensible(total: Taux, par_pilote: Mapping[str, Taux], seuil: Fraction) -> list[str]:
    etat = _etat_du_taux(total.enregistrees, total.total, seuil)
    return [
        pilote
        for pilote, sien in par_pilote.items()
        if total.total > sien.total
        and _etat_du_taux(total.enregistrees - sien.enregistrees, total.total - sien.total, seuil) is not etat
    ]
