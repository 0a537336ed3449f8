"""PURE. Every modalité of a présérie with its état and a sentence that says why (DOMAIN, « Modalités »)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from app.francais import accorder, enumerer, jour
from app.preseries.contraintes import Ecart, PiloteJuge, Semaine, ecarts, nombre_de_pilotes, premiere_semaine
from app.preseries.cycle import Statut
from app.preseries.jalons import nom_du_jalon
from app.referentiels.regles import Referentiel


class EtatModalite(StrEnum):
    """``sans_objet``: does not apply, or not yet."""

    RESPECTEE = "respectee"
    NON_RESPECTEE = "non_respectee"
    SANS_OBJET = "sans_objet"


_RESPECTEE, _NON_RESPECTEE, _SANS_OBJET = EtatModalite
_Jugement = tuple[EtatModalite, str]


@dataclass(frozen=True, slots=True)
class Modalite:
    """One rule, whether it is kept, and why."""

    code: str
    etat: EtatModalite
    explication: str


@dataclass(frozen=True)
class Situation:
    """What is known of a présérie on a day.

    ``ailleurs``: N° AM that count in the other open préséries of its logiciel and catégorie. ``cnda_le``,
    ``demarree_le``: days, None without. ``jours_phase_2``: phase 2 executions by day. ``silencieux``: how many of the
    installed pilotes fell silent.
    """

    regles: Referentiel
    aujourd_hui: date
    statut: Statut
    attend_des_traces: bool
    cpam: Sequence[str]
    pilotes: Sequence[PiloteJuge]
    pilotes_max: int | None
    ailleurs: Collection[str]
    solution_sesam_vitale: bool
    cnda_le: date | None
    demarree_le: date | None
    fin_prevue_le: date | None
    jalons: Mapping[str, date]
    jours_phase_2: Mapping[date, int]
    silencieux: int

    @cached_property
    def comptes(self) -> list[PiloteJuge]:
        return [pilote for pilote in self.pilotes if pilote.compte]

    @cached_property
    def installes(self) -> list[PiloteJuge]:
        return [p for p in self.comptes if p.installe_le is not None and p.installe_le <= self.aujourd_hui]

    @cached_property
    def semaine(self) -> Semaine | None:
        return premiere_semaine(self.pilotes, self.regles)

    @cached_property
    def nombre(self) -> int:
        """Pilotes of the logiciel, this présérie's and the others'."""
        return nombre_de_pilotes(self.pilotes, self.ailleurs)

    @cached_property
    def ecarts(self) -> list[Ecart]:
        return ecarts(self.regles, self.cpam, self.pilotes, pilotes_max=self.pilotes_max, ailleurs=self.ailleurs)


def modalites(situation: Situation) -> list[Modalite]:
    """Every rule, in the order in which the domain lists them."""
    return [Modalite(code, *juger(situation)) for code, juger in _REGLES.items()]


def _sauf_ecart(s: Situation, modalite: str, respectee: str) -> _Jugement:
    """A binding rule: what breaks it says so."""
    trouves = [ecart.explication for ecart in s.ecarts if ecart.modalite == modalite]
    return (_NON_RESPECTEE, " ".join(trouves)) if trouves else (_RESPECTEE, respectee)


def _pilotes_max(s: Situation) -> _Jugement:
    maximum = s.pilotes_max or s.regles.pilotes.max
    releve = ", maximum fixé par une prolongation" if s.pilotes_max else ""
    pilotes = accorder(s.nombre, "pilote", "pilotes")
    return _sauf_ecart(s, "pilotes_max", f"{pilotes} pour ce logiciel, pour {maximum} au plus{releve}.")


def _pilotes_min(s: Situation) -> _Jugement:
    minimum = s.regles.pilotes.min
    dits = f"{accorder(s.nombre, 'pilote', 'pilotes')} pour ce logiciel"
    if s.nombre >= minimum:
        return _RESPECTEE, f"{dits}, pour {minimum} au moins."
    if s.demarree_le is None:
        return _SANS_OBJET, f"{dits} ; il en faudra {minimum} au moins au démarrage."
    return _NON_RESPECTEE, f"{dits}, pour {minimum} au moins : inscrivez-en {minimum - s.nombre} de plus."


def _premiere_semaine(s: Situation) -> _Jugement:
    if s.semaine is None:
        return _SANS_OBJET, "Aucune installation n'est encore prévue ni faite : la première ouvrira la semaine."
    return _sauf_ecart(
        s,
        "premiere_semaine",
        f"{accorder(s.semaine.installations, 'installation', 'installations')} en première semaine, {_dates(s.semaine)}"
        f", pour {s.regles.premiere_semaine.installations_max} au plus.",
    )


def _arret_scor(s: Situation) -> _Jugement:
    if s.semaine is None or s.demarree_le is None:
        jours = accorder(s.regles.premiere_semaine.jours, "jour", "jours")
        attendu = "d'installation prévue ou faite" if s.semaine is None else "de présérie démarrée"
        return _SANS_OBJET, f"Pas encore {attendu} : l'arrêt de SCOR se vérifie sur {jours} dès la première."
    debut, fin = s.semaine.debut, s.semaine.fin
    vues = sum(nombre for le, nombre in s.jours_phase_2.items() if debut <= le <= fin)
    if vues:
        executions = accorder(vues, "exécution", "exécutions")
        return _RESPECTEE, f"{executions} de phase 2 en première semaine, {_dates(s.semaine)}."
    if s.aujourd_hui <= fin:
        return _SANS_OBJET, f"Aucune exécution de phase 2 encore : la première semaine court jusqu'au {jour(fin)}."
    return _NON_RESPECTEE, (
        f"Aucune exécution de phase 2 en première semaine, {_dates(s.semaine)} : l'arrêt de SCOR n'y est pas vérifié."
    )


def _majorite_sesam_vitale(s: Situation) -> _Jugement:
    if not s.regles.pilotes.majorite_sesam_vitale:
        return _SANS_OBJET, "Le référentiel de la présérie ne demande pas cette majorité."
    if not s.solution_sesam_vitale:
        return _SANS_OBJET, "L'éditeur n'a pas de solution SESAM-Vitale."
    if not s.comptes:
        return _SANS_OBJET, _SANS_PILOTE
    nombre, equipes = len(s.comptes), sum(pilote.sesam_vitale for pilote in s.comptes)
    dits = f"{accorder(equipes, 'pilote équipé', 'pilotes équipés')} d'un logiciel SESAM-Vitale sur {nombre}"
    if 2 * equipes > nombre:
        return _RESPECTEE, f"{dits}, soit plus de la moitié."
    return _NON_RESPECTEE, f"{dits} ; il en faut plus de la moitié, soit {nombre // 2 + 1} au moins."


def _cpam(s: Situation) -> _Jugement:
    regle = s.regles.cpam
    noms = enumerer(f"{code} {regle.referentes.get(code, '')}" for code in sorted(set(s.cpam))) if s.cpam else ""
    admises = f"{regle.min} à " * (regle.min < regle.max) + accorder(regle.max, "admise", "admises")
    respectee = f"{len(set(s.cpam))} CPAM parmi les référentes ({noms}), pour {admises}."
    return _sauf_ecart(s, "cpam", respectee)


def _pilotes_cpam(s: Situation) -> _Jugement:
    if not s.comptes:
        return _SANS_OBJET, _SANS_PILOTE
    pilotes = accorder(len(s.comptes), "pilote", "pilotes")
    siennes = enumerer(sorted(set(s.cpam))) if s.cpam else ""
    return _sauf_ecart(s, "pilotes_cpam", f"{pilotes}, aucun hors des CPAM de la présérie ({siennes}).")


def _accord(s: Situation) -> _Jugement:
    dates = [(p.accord_le, le) for p in s.comptes if (le := p.installation_le) is not None]
    if not dates:
        return _SANS_OBJET, "Aucune installation n'est encore prévue ni faite."
    tardifs = sum(accord_le > le for accord_le, le in dates)
    if tardifs:
        return _NON_RESPECTEE, (
            f"{accorder(tardifs, 'installation précède', 'installations précèdent')} l'accord de principe du pilote, "
            f"sur {len(dates)}."
        )
    installations = accorder(len(dates), "installation", "installations")
    return _RESPECTEE, f"{installations}, aucune avant l'accord de principe du pilote."


def _equipement(s: Situation) -> _Jugement:
    sans = sum(not pilote.equipement_verifie for pilote in s.installes)
    return _chez_les_installes(s, sans, "sans équipement vérifié (carte CPX, matériel, version compatible)")


def _formation(s: Situation) -> _Jugement:
    sans = sum(pilote.forme_le is None or pilote.forme_le > s.aujourd_hui for pilote in s.installes)
    return _chez_les_installes(s, sans, "sans formation faite")


def _chez_les_installes(s: Situation, fautifs: int, faute: str) -> _Jugement:
    if not s.installes:
        return _SANS_OBJET, "Aucun pilote n'est encore installé."
    if fautifs:
        return _NON_RESPECTEE, (
            f"{accorder(fautifs, 'pilote installé', 'pilotes installés')} sur {len(s.installes)} {faute}."
        )
    installes = accorder(len(s.installes), "pilote installé", "pilotes installés")
    return _RESPECTEE, f"{installes}, aucun {faute}."


def _information_cpam(s: Situation) -> _Jugement:
    le = s.jalons.get("information_cpam")
    if le is not None and le <= s.aujourd_hui:
        return _RESPECTEE, f"Les CPAM de la présérie sont informées depuis le {jour(le)}."
    if s.demarree_le is None:
        quand = f"seront informées le {jour(le)}" if le is not None else "sont à informer d'ici le démarrage"
        return _SANS_OBJET, f"Les CPAM {quand} (jalon information_cpam)."
    sans = f"mais les CPAM ne seront informées que le {jour(le)}" if le is not None else "sans information des CPAM"
    return _NON_RESPECTEE, f"La présérie a démarré le {jour(s.demarree_le)}, {sans} (jalon information_cpam)."


def _reunion_lancement(s: Situation) -> _Jugement:
    le = s.jalons.get("reunion_lancement")
    if s.semaine is None:
        if le is None:
            return _SANS_OBJET, "Aucune installation n'est encore prévue ni faite : la réunion est à tenir avant."
        return _RESPECTEE, f"La réunion de lancement est du {jour(le)}, avant toute installation."
    premiere = f"la première installation, du {jour(s.semaine.debut)}"
    if le is not None and le <= s.semaine.debut:
        return _RESPECTEE, f"La réunion de lancement est du {jour(le)}, au plus tard le jour de {premiere}."
    if le is not None:
        return _NON_RESPECTEE, f"La réunion de lancement est du {jour(le)}, après {premiere}."
    if s.aujourd_hui <= s.semaine.debut:
        return _SANS_OBJET, f"La réunion de lancement est à tenir avant {premiere} (jalon reunion_lancement)."
    return _NON_RESPECTEE, f"Aucune réunion de lancement avant {premiere} (jalon reunion_lancement)."


def _prerequis_entree(s: Situation) -> _Jugement:
    dates = {"l'autorisation du CNDA": s.cnda_le}
    dates |= {nom_du_jalon(code): s.jalons.get(code) for code in s.regles.entree.jalons}
    manquants = enumerer(nom for nom, le in dates.items() if le is None) if None in dates.values() else ""
    if s.demarree_le is None:
        if manquants:
            return _SANS_OBJET, f"La présérie n'a pas démarré ; il manque encore {manquants}."
        return _RESPECTEE, f"Tout est là avant le démarrage : {_dater(dates)}."
    debut = f"au démarrage du {jour(s.demarree_le)}"
    if manquants:
        return _NON_RESPECTEE, f"Il manquait, {debut} : {manquants}."
    tardifs = {nom: le for nom, le in dates.items() if le is not None and le > s.demarree_le}
    if tardifs:
        return _NON_RESPECTEE, f"Il manquait, {debut} : {_dater(tardifs)}."
    return _RESPECTEE, f"Tout était là {debut} : {_dater(dates)}."


def _transmission(s: Situation) -> _Jugement:
    if not s.attend_des_traces:
        return _SANS_OBJET, "La présérie n'attend pas de traces."
    jours = accorder(s.regles.pilotes.silence_jours, "jour", "jours")
    return _chez_les_installes(s, s.silencieux, f"dont rien n'est reçu depuis plus de {jours}")


def _fin_prevue(s: Situation) -> _Jugement:
    if s.fin_prevue_le is None:
        if s.demarree_le is None:
            return _SANS_OBJET, "La fin est à prévoir d'ici le démarrage (fin_prevue_le)."
        return _NON_RESPECTEE, "Aucune fin n'est prévue (fin_prevue_le)."
    fin = f"La fin est prévue le {jour(s.fin_prevue_le)}"
    if s.statut is Statut.EN_COURS and s.aujourd_hui > s.fin_prevue_le:
        return _NON_RESPECTEE, f"{fin}, qui est passé : décidez de la suite, ou prolongez."
    return _RESPECTEE, f"{fin}."


def _dates(semaine: Semaine) -> str:
    return f"du {jour(semaine.debut)} au {jour(semaine.fin)}"


def _dater(dates: Mapping[str, date | None]) -> str:
    return enumerer(f"{nom} ({jour(le)})" for nom, le in dates.items() if le is not None)


_SANS_PILOTE = "Aucun pilote n'est encore inscrit."
_REGLES: Mapping[str, Callable[[Situation], _Jugement]] = {
    "pilotes_max": _pilotes_max,
    "pilotes_min": _pilotes_min,
    "premiere_semaine": _premiere_semaine,
    "arret_scor": _arret_scor,
    "majorite_sesam_vitale": _majorite_sesam_vitale,
    "cpam": _cpam,
    "pilotes_cpam": _pilotes_cpam,
    "accord": _accord,
    "equipement": _equipement,
    "formation": _formation,
    "information_cpam": _information_cpam,
    "reunion_lancement": _reunion_lancement,
    "prerequis_entree": _prerequis_entree,
    "transmission": _transmission,
    "fin_prevue": _fin_prevue,
}
CODES = tuple(_REGLES)
