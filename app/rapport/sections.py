"""PURE. The report's sections after the criteria: what the figures are made of, and how the présérie is run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.anomalies.schemas import AnomalieLue, StatutAnomalie
from app.bilan.faits import Faits
from app.bilan.figures import Taux, taux_par_pilote
from app.bilan.liens import Liens
from app.bilan.schemas import AFaire, BilanLu, CriterePrerequis, CritereSatisfaction, ExecutionsLues, ScorLu
from app.francais import accorder
from app.preseries.annuaire import PARIS
from app.preseries.modalites import EtatModalite
from app.preseries.pilotes import EtatPilote
from app.questionnaire.regles import Reponse, masquer
from app.rapport.criteres_montres import NOMS
from app.rapport.formats import ABSENT, INSECABLE, instant, le_jour, mot, moyenne, nombre, part, typographier
from app.rapport.formes import Cellule, Section, Tableau, tableau

MODALITES: Mapping[str, str] = {
    "pilotes_max": "Nombre de pilotes, au plus",
    "pilotes_min": "Nombre de pilotes, au moins",
    "premiere_semaine": "Installations en première semaine",
    "arret_scor": "Arrêt de SCOR vérifié en première semaine",
    "majorite_sesam_vitale": "Majorité de pilotes SESAM-Vitale",
    "cpam": "CPAM référentes",
    "pilotes_cpam": "CPAM des pilotes",
    "accord": "Accord de principe avant l'installation",
    "equipement": "Équipement vérifié",
    "formation": "Formation des pilotes",
    "information_cpam": "Information des CPAM",
    "reunion_lancement": "Réunion de lancement",
    "prerequis_entree": "Prérequis d'entrée",
    "transmission": "Transmission des traces",
    "fin_prevue": "Fin prévue",
}
_ETATS_MODALITE = {
    EtatModalite.RESPECTEE: "✓ respectée",
    EtatModalite.NON_RESPECTEE: "✗ non respectée",
    EtatModalite.SANS_OBJET: "– sans objet",
}
_STATUTS = {
    StatutAnomalie.OUVERTE: "✗ ouverte",
    StatutAnomalie.CORRIGEE: "✓ corrigée",
    StatutAnomalie.ECARTEE: "– écartée",
}
_ROLES = {"cnam": "la Cnam", "editeur": "l'éditeur", "pilotes": "les pilotes"}
CONFORMITES = {
    "conforme": "Conforme",
    "double_envoi": "Double envoi",
    "piece_manquante": "Pièce manquante",
    "en_attente": "En attente",
}


@dataclass(frozen=True, slots=True)
class Ecartee:
    """An execution that stands set aside: what it is, when it was, with which key of the Cnam (``cle_id``), and why."""

    identifiant: str
    numero_am: str
    jour: date
    type_prescription: str
    enregistree: bool
    conformite: str
    le: datetime
    cle_id: int
    motif: str


@dataclass(frozen=True, slots=True)
class PrerequisDecrit:
    code: str
    libelle: str
    description: str | None
    valide_le: date | None
    preuve: str | None


def a_faire(taches: Sequence[AFaire]) -> Section:
    lignes = [
        [NOMS[t.critere], typographier(t.quoi), ", ".join(_ROLES[q] for q in t.qui), le_jour(t.avant_le)]
        for t in taches
    ]
    if not lignes:
        return Section("manque", "Ce qui manque", ["Rien : chaque critère est atteint."])
    colonnes = ("Critère", "Ce qu'il faut", "Qui", "Avant le")
    return Section("manque", "Ce qui manque", tableaux=[tableau("Ce qui manque à chaque critère", colonnes, lignes)])


def executions(bilan: BilanLu, liens: Liens) -> Section:
    """Executions and the SCOR matrix: of the criteria's window, and of everything where that is more."""
    phrases = []
    if bilan.observee_depuis is not None:
        phrases.append(f"Les critères comptent les exécutions depuis le {le_jour(bilan.observee_depuis)}.")
    tableaux = [
        _executions("Exécutions comptées par les critères", bilan.executions, liens),
        _scor("Envois par SCOR des exécutions comptées", bilan.scor, liens),
    ]
    if bilan.ensemble is not None:
        phrases.append("L'ensemble compte aussi celles d'avant et celles qui sont mises à l'écart.")
        tableaux += [
            _executions("Exécutions, ensemble", bilan.ensemble.executions),
            _scor("Envois par SCOR, ensemble", bilan.ensemble.scor),
        ]
    traces = bilan.traces
    recues = ("enregistrees", "doublons", "rejetees")
    ligne = [*(nombre(getattr(traces, nom)) for nom in recues), instant(traces.derniere_le)]
    colonnes = ("Enregistrées", "Doublons", "Rejetées", "Dernière réception")
    tableaux.append(tableau("Traces reçues", colonnes, [ligne], (0, 1, 2, 3)))
    return Section("executions", "Exécutions et envois par SCOR", phrases, tableaux)


def _executions(titre: str, lues: ExecutionsLues, liens: Liens | None = None) -> Tableau:
    autres = lues.total - lues.enregistrees
    comptees: list[tuple[int, dict[str, str]]] = [
        (lues.total, {}),
        (lues.enregistrees, {"enregistree": "true"}),
        (autres, {"enregistree": "false"}),
    ]
    ligne = [
        *(Cellule(nombre(n), liens.executions("", n, **filtre).lien if liens else None) for n, filtre in comptees),
        Cellule(part(lues.enregistrees, lues.total)),
        Cellule(nombre(lues.tentatives)),
    ]
    colonnes = ("Exécutions", "Enregistrées", "Non enregistrées", "Taux", "Tentatives")
    return tableau(titre, colonnes, [ligne], range(5))


def _scor(titre: str, lu: ScorLu, liens: Liens | None = None) -> Tableau:
    lignes: list[list[Cellule]] = []
    for phase, cases in (("1", lu.phase_1.model_dump()), ("2", lu.phase_2.model_dump())):
        ligne = [Cellule(f"Phase {phase}")]
        for code in CONFORMITES:
            n = cases.get(code)
            lien = liens.executions("", n, phase=phase, conformite=code).lien if liens and n is not None else None
            ligne.append(Cellule(nombre(n) if n is not None else ABSENT, lien))
        lignes.append([*ligne, Cellule(nombre(sum(cases.values())))])
    return tableau(titre, ("", *CONFORMITES.values(), "Total"), lignes, range(1, 6))


def ecartees(connues: Sequence[Ecartee]) -> Section:
    titre = "Exécutions mises à l'écart"
    if not connues:
        return Section("ecartees", titre, ["Aucune exécution n'est mise à l'écart."])
    dit = "Les critères ne les comptent pas, et chacun dit aussi ce qu'il serait avec elles."
    colonnes = ("Exécution", "Ce qu'elle est", "Mise à l'écart", "Motif")
    lignes: list[list[str | Cellule]] = [
        [
            Cellule(e.identifiant, f"/executions/{e.identifiant}"),
            _decrire(e),
            f"par la Cnam, clé d'accès n°{INSECABLE}{e.cle_id}, le {instant(e.le)}",
            e.motif,
        ]
        for e in connues
    ]
    return Section("ecartees", titre, [dit], [tableau(titre, colonnes, lignes)])


def _decrire(e: Ecartee) -> str:
    enregistree = "enregistrée" if e.enregistree else "non enregistrée"
    scor = CONFORMITES[e.conformite].lower()
    return typographier(
        f"{le_jour(e.jour)}, pilote {e.numero_am} : {mot(e.type_prescription)}, {enregistree}, SCOR : {scor}"
    )


def anomalies(trouvees: Sequence[AnomalieLue], liens: Liens) -> Section:
    """Blocking ones first, and of these the open ones."""
    if not trouvees:
        return Section("anomalies", "Anomalies", ["Aucune anomalie n'est vue ni déclarée."])
    rangs = list(StatutAnomalie)
    triees = sorted(trouvees, key=lambda a: (not a.intrinseque_bloquante, rangs.index(a.statut), a.operation, a.code))
    colonnes = ("Anomalie", "Statut", "Bloquante", "Occur.", "Versions", "Première", "Dernière", "Correction")
    lignes = [_anomalie(a, liens) for a in triees]
    return Section("anomalies", "Anomalies", tableaux=[tableau("Anomalies vues ou déclarées", colonnes, lignes, (3,))])


def _anomalie(a: AnomalieLue, liens: Liens) -> list[Cellule]:
    filtre = {"operation": a.operation, "erreur_code": a.code, "erreur_origine": "logiciel"}
    suite = [f"version {a.version_corrective}"] if a.version_corrective is not None else []
    suite += [f"revue en {', '.join(a.rouverte_par)}"] if a.rouverte_par else []
    suite += [a.motif] if a.motif is not None else []
    nom = f"{a.code} ({mot(a.operation)}, {mot(a.origine)})" + (f" : {a.libelle}" if a.libelle is not None else "")
    return [
        Cellule(nom),
        Cellule(_STATUTS[a.statut]),
        Cellule("oui" if a.bloquante else "non"),
        Cellule(nombre(a.occurrences), liens.traces("", 0, **filtre).lien if a.occurrences else None),
        Cellule(", ".join(a.versions) or ABSENT),
        Cellule(le_jour(a.premiere_le.astimezone(PARIS).date() if a.premiere_le is not None else None)),
        Cellule(le_jour(a.derniere_le.astimezone(PARIS).date() if a.derniere_le is not None else None)),
        Cellule(" ; ".join(suite) or ABSENT),
    ]


def pilotes(faits: Faits, liens: Liens) -> Section:
    """Their executions are those that the criteria count."""
    comptes = taux_par_pilote(c for c in faits.comptees if c.dans_la_fenetre)
    lignes: list[list[str | Cellule]] = []
    for p in sorted(faits.pilotes, key=lambda p: p.numero_am):
        sien = comptes.get(p.numero_am, Taux(0, 0, 0))
        etats = faits.etats(p, faits.instant)
        etat = "retiré" if p.retire_le is not None else "non installé"
        if EtatPilote.INSTALLE in etats:
            etat = "silencieux" if EtatPilote.SILENCIEUX in etats else "installé"
        lien = liens.executions("", sien.total, pilote=p.numero_am).lien
        lignes.append(
            [
                *(p.numero_am, p.cpam, etat, le_jour(p.installe_le), le_jour(p.phase_2_le)),
                *(Cellule(nombre(sien.total), lien), nombre(sien.enregistrees), part(sien.enregistrees, sien.total)),
                instant(faits.suivi(p).derniere_reception),
            ]
        )
    if not lignes:
        return Section("pilotes", "Pilotes", ["Aucun pilote n'est inscrit."])
    colonnes = (
        *("N° AM", "CPAM", "État", "Installé le", "Phase 2 le"),
        *("Exécut.", "Enreg.", "Taux", "Dernière réception"),
    )
    return Section("pilotes", "Pilotes", tableaux=[tableau("Pilotes de la présérie", colonnes, lignes, (5, 6, 7))])


def modalites(bilan: BilanLu) -> Section:
    lignes = [[MODALITES[m.code], _ETATS_MODALITE[m.etat], typographier(m.explication)] for m in bilan.modalites]
    return Section(
        "modalites", "Modalités", tableaux=[tableau("Modalités", ("Modalité", "État", "Explication"), lignes)]
    )


def prerequis(critere: CriterePrerequis, decrits: Sequence[PrerequisDecrit]) -> Section:
    identifies = le_jour(critere.identifies_le)
    dit = f"Liste achevée le {identifies}." if critere.identifies_le is not None else "La liste n'est pas achevée."
    lignes = [
        [
            *(p.code, p.libelle, p.description or ABSENT),
            f"✓ validé le {le_jour(p.valide_le)}" if p.valide_le is not None else "? à valider",
            p.preuve or ABSENT,
        ]
        for p in decrits
    ]
    if not lignes:
        return Section("prerequis", "Prérequis techniques", [dit, "Aucun prérequis n'est inscrit."])
    colonnes = ("Code", "Prérequis", "Description", "État", "Preuve")
    return Section("prerequis", "Prérequis techniques", [dit], [tableau("Prérequis techniques", colonnes, lignes)])


def satisfaction(critere: CritereSatisfaction, reponses: Sequence[Reponse], mots: Sequence[str]) -> Section:
    """Marks, freins, and what pilotes wrote, without anything that looks like an N° AM; ``mots`` name the marks."""
    dit = (
        f"{accorder(critere.reponses, 'réponse', 'réponses')} pour "
        f"{accorder(critere.invites, 'pilote invité', 'pilotes invités')}, "
        f"soit {part(critere.reponses, critere.invites)} ; "
        f"{accorder(critere.freins_ouverts, 'frein bloquant ouvert', 'freins bloquants ouverts')}, "
        f"{accorder(critere.freins_leves, 'levé', 'levés')}."
    )
    notes = {"Satisfaction d'ensemble": critere.satisfaction} | {
        f"Opération « {mot(operation)} »": siennes for operation, siennes in critere.operations.items()
    }
    lignes = [
        [typographier(question), moyenne(n.moyenne), *(nombre(combien) for combien in n.repartition)]
        for question, n in notes.items()
    ]
    colonnes = ("Question", "Moyenne", "1", "2", "3", "4", "5")
    echelle = f"Notes de 1 (« {mots[0]} ») à {len(mots)} (« {mots[-1]} »), et combien de chacune."
    return Section(
        "satisfaction",
        "Satisfaction des utilisateurs",
        [typographier(dit), typographier(echelle)],
        [tableau("Notes données", colonnes, lignes, range(1, 7)), *_ecrits(reponses)],
    )


def _ecrits(reponses: Sequence[Reponse]) -> list[Tableau]:
    lignes = [
        [masquer(r.commentaire) or ABSENT, (masquer(r.frein) or "oui") if r.frein_bloquant else ABSENT, _suite(r)]
        for r in reponses
        if r.commentaire or r.frein_bloquant
    ]
    colonnes = ("Commentaire", "Frein bloquant", "Suite donnée au frein")
    return [tableau("Ce que les pilotes ont écrit", colonnes, lignes)] if lignes else []


def _suite(r: Reponse) -> str:
    if not r.frein_bloquant:
        return ABSENT
    return "✗ ouvert" if r.levee_le is None else f"✓ levé le {instant(r.levee_le)} : {r.motif}"
