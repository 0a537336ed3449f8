"""PURE. The two criteria that executions decide, 1 and 3: état, figures, and a sentence that says why (DOMAIN)."""

from collections.abc import Mapping
from datetime import date

from app.bilan.conformite import NON_CONFORMES, Conformite
from app.bilan.figures import Scor, Taux
from app.bilan.liens import Liens
from app.bilan.schemas import CritereEnregistrement, CritereScor, Etat, ScorAvecEcartees, TauxAvecEcartees
from app.bilan.statistiques import atteint, executions_restantes, surement_atteint, surement_manque, wilson
from app.francais import accorder, jour
from app.referentiels import Fraction

_CONFORMITES: Mapping[Conformite, str] = {
    Conformite.CONFORME: "Exécutions de phase 2 conformes",
    Conformite.DOUBLE_ENVOI: "Doubles envois",
    Conformite.PIECE_MANQUANTE: "Pièces manquantes",
    Conformite.EN_ATTENTE: "Exécutions de phase 2 en attente",
}


def enregistrement(
    total: Taux, par_pilote: Mapping[str, Taux], seuil: Fraction, liens: Liens, avec: Taux | None = None
) -> CritereEnregistrement:
    """Criterion 1: registered executions / executions reaches the threshold; ``avec`` counts those set aside, too."""
    listes = [
        liens.executions("Exécutions enregistrées", total.enregistrees, enregistree="true"),
        liens.executions("Exécutions non enregistrées", total.total - total.enregistrees, enregistree="false"),
    ]
    avec_ecartees = None
    if avec is not None:
        listes.append(liens.ecartees("Exécutions mises à l'écart", avec.total - total.total))
        avec_ecartees = TauxAvecEcartees(
            etat=_etat_du_taux(avec.enregistrees, avec.total, seuil),
            mesure=_mesure(avec.enregistrees, avec.total),
            executions=avec.total,
            enregistrees=avec.enregistrees,
        )
    reussies, nombre = total.enregistrees, total.total
    solide = bool(nombre) and (surement_atteint(reussies, nombre, seuil) or surement_manque(reussies, nombre, seuil))
    return CritereEnregistrement(
        etat=_etat_du_taux(reussies, nombre, seuil),
        explication=_dire_le_taux(reussies, nombre, seuil, liens.depuis),
        listes=listes,
        mesure=_mesure(reussies, nombre),
        seuil=seuil.valeur,
        intervalle=wilson(reussies, nombre) if nombre else None,
        solidite=("solide" if solide else "fragile") if nombre else None,
        executions_restantes=executions_restantes(reussies, nombre, seuil) if nombre else None,
        sensible_aux_pilotes=_sensible(total, par_pilote, seuil) if nombre else [],
        avec_ecartees=avec_ecartees,
    )


def scor(matrice: Scor, tolerees: int, liens: Liens, avec: Scor | None = None) -> CritereScor:
    """Criterion 3: of the phase 2 executions of a known state, no more than ``tolerees`` are non conformes."""
    phase_2 = matrice[2]
    conformes, non_conformes = _connues(matrice)
    connues = conformes + non_conformes
    avec_ecartees = None
    if avec is not None:
        bonnes, mauvaises = _connues(avec)
        avec_ecartees = ScorAvecEcartees(
            etat=_etat_du_scor(bonnes, mauvaises, tolerees),
            mesure=_mesure(bonnes, bonnes + mauvaises),
            non_conformes=mauvaises,
        )
    return CritereScor(
        etat=_etat_du_scor(conformes, non_conformes, tolerees),
        explication=_dire_le_scor(phase_2, connues, non_conformes, tolerees),
        listes=[
            *(
                liens.executions(libelle, phase_2[code], phase="2", conformite=code.value)
                for code, libelle in _CONFORMITES.items()
            ),
            *(
                liens.ecartees(f"{libelle}, mises à l'écart", nombre, phase="2", conformite=code.value)
                for code, libelle in _CONFORMITES.items()
                if avec is not None and (nombre := avec[2][code] - phase_2[code])
            ),
        ],
        mesure=_mesure(conformes, connues),
        seuil=max(connues - tolerees, 0) / connues if connues else 1.0,
        non_conformes=non_conformes,
        avec_ecartees=avec_ecartees,
    )


def pourcentage(partie: int, tout: int) -> str:
    """A share in per cent with two decimals, cut and not rounded: 79,99 % never shows as 80 %."""
    centiemes = partie * 10_000 // tout
    entier, reste = divmod(centiemes, 100)
    return f"{entier} %" if reste == 0 and partie * 100 % tout == 0 else f"{entier},{reste:02d} %"


def _mesure(partie: int, tout: int) -> float | None:
    """For display: integers decide."""
    return partie / tout if tout else None


def _etat_du_taux(reussies: int, nombre: int, seuil: Fraction) -> Etat:
    if not nombre:
        return Etat.INDETERMINE
    return Etat.ATTEINT if atteint(reussies, nombre, seuil) else Etat.NON_ATTEINT


def _dire_le_taux(reussies: int, nombre: int, seuil: Fraction, depuis: date | None) -> str:
    if not nombre:
        fin = f" depuis le {jour(depuis)}, où commence l'observation." if depuis is not None else "."
        return f"Aucune exécution n'a encore été reçue{fin}"
    return (
        f"{accorder(reussies, 'exécution enregistrée', 'exécutions enregistrées')} sur {nombre}, "
        f"soit {pourcentage(reussies, nombre)} ; le seuil est de {pourcentage(seuil.numerateur, seuil.denominateur)}."
    )


def _connues(matrice: Scor) -> tuple[int, int]:
    """Phase 2 executions that conform, and that do not."""
    return matrice[2][Conformite.CONFORME], sum(matrice[2][code] for code in NON_CONFORMES)


def _etat_du_scor(conformes: int, non_conformes: int, tolerees: int) -> Etat:
    if not conformes + non_conformes:
        return Etat.INDETERMINE
    return Etat.NON_ATTEINT if non_conformes > tolerees else Etat.ATTEINT


def _dire_le_scor(phase_2: Mapping[Conformite, int], connues: int, non_conformes: int, tolerees: int) -> str:
    tolerance = f" ; le référentiel tolère {accorder(tolerees, 'non conforme', 'non conformes')}" if tolerees else ""
    if not connues:
        return "Aucune exécution de phase 2 n'a encore d'état SCOR connu."
    if non_conformes:
        return (
            f"{accorder(non_conformes, 'exécution', 'exécutions')} de phase 2 non "
            f"{'conforme' if non_conformes < 2 else 'conformes'} sur {connues} : "
            f"{accorder(phase_2[Conformite.DOUBLE_ENVOI], 'double envoi', 'doubles envois')}, "
            f"{accorder(phase_2[Conformite.PIECE_MANQUANTE], 'pièce manquante', 'pièces manquantes')}{tolerance}."
        )
    if connues == 1:
        return f"La seule exécution de phase 2 d'état connu est conforme{tolerance}."
    return f"Les {connues} exécutions de phase 2 d'état connu sont conformes{tolerance}."


def _sensible(total: Taux, par_pilote: Mapping[str, Taux], seuil: Fraction) -> list[str]:
    etat = _etat_du_taux(total.enregistrees, total.total, seuil)
    return [
        pilote
        for pilote, sien in par_pilote.items()
        if total.total > sien.total
        and _etat_du_taux(total.enregistrees - sien.enregistrees, total.total - sien.total, seuil) is not etat
    ]
