"""PURE. The report's last sections: the quality of the data, what was sealed, day by day, and where figures open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.bilan.schemas import BilanLu
from app.bilan.statistiques import wilson
from app.francais import accorder, enumerer
from app.rapport.courbe import Jour
from app.rapport.criteres_montres import NOMS
from app.rapport.formats import FINE, INSECABLE, instant, intervalle, le_jour, nombre, part, typographier
from app.rapport.formes import Cellule, Section, Tableau, tableau
from app.rapport.schemas import QualiteLue

_VERDICTS = {"favorable": "✓ favorable", "defavorable": "✗ défavorable", "en_attente": "? en attente"}
_PARTIES = {"cnam": "la Cnam", "editeur": "l'éditeur"}
_SENS = {"approuve": "✓ a approuvé", "refuse": "✗ a refusé"}


@dataclass(frozen=True, slots=True)
class Avis:
    """What one side made of a sealed bilan."""

    partie: str
    le: datetime
    sens: str
    motif: str | None
    cle: str


@dataclass(frozen=True, slots=True)
class BilanArrete:
    """``cle`` is the id of the key that signed it; ``ecarts``: figures that differ today, None in a report of then."""

    id: str
    au: datetime
    verdict: str
    empreinte: str
    cle: str
    en_vigueur: bool
    ecarts: int | None
    avis: Sequence[Avis]


def qualite(lue: QualiteLue | None, purgee_le: datetime | None) -> Section:
    titre = "Qualité des données"
    if lue is None:
        return Section("qualite", titre, [f"Les traces brutes sont purgées depuis le {instant(purgee_le)}."])
    postes = ", ".join(f"{p.numero_am} {p.poste or '(sans nom)'} : {nombre(p.perdues)}" for p in lue.sequences.postes)
    lignes: list[list[str | Cellule]] = [
        [
            "Exécutions dont une trace est émise plus d'un jour après leur premier succès",
            nombre(lue.executions_repetees),
            _exemples(lue.repetees),
        ],
        [
            "Traces dont l'horloge avance de plus de 5 minutes, ou précède l'accord du pilote",
            nombre(lue.horloges_decalees),
            _exemples([t.execution or t.id for t in lue.decalees]),
        ],
        ["Traces perdues avant réception, d'après leurs numéros", nombre(lue.sequences.perdues), postes or "—"],
        ["Intervalles de numéros jamais reçus", nombre(lue.sequences.trous), "—"],
    ]
    phrases = [
        typographier(
            "Aucun de ces nombres n'entre dans les critères ; une exécution s'ouvre à « /executions/{identifiant} »."
        )
    ]
    montre = tableau("Ce qui étonne dans les données", ("Constat", "Nombre", "Premiers exemples"), lignes, (1,))
    return Section("qualite", titre, phrases, [montre])


def _exemples(identifiants: Sequence[str]) -> str:
    montres = list(dict.fromkeys(identifiants))[:3]
    return ", ".join(montres) + (", …" if len(identifiants) > len(montres) else "") or "—"


def arretes(connus: Sequence[BilanArrete]) -> Section:
    """Each sealed bilan with what names it, and the approvals of both sides."""
    titre = "Bilans arrêtés et signatures"
    if not connus:
        return Section("arretes", titre, ["Aucun bilan n'est arrêté."])
    tableaux = []
    for a in connus:
        lignes = [
            ["Identifiant", a.id],
            ["Tel que connu au", instant(a.au)],
            ["État", _etat(a)],
            ["Verdict", _VERDICTS[a.verdict]],
            ["Empreinte (SHA-256)", a.empreinte],
            ["Clé de signature", a.cle],
        ]
        if a.ecarts is not None:
            lignes.insert(3, ["Écarts à ce jour", _ecarts(a.ecarts)])
        for un in a.avis:
            motif = f"{FINE}; motif{INSECABLE}: {un.motif}" if un.motif is not None else ""
            lignes += [
                [f"Avis de {_PARTIES[un.partie]}", f"{_SENS[un.sens]}, le {instant(un.le)}{motif}"],
                ["Clé de cet avis", un.cle],
            ]
        nomme = f"Bilan arrêté {a.id[:8]}, tel que connu au {instant(a.au)}"
        tableaux.append(tableau(nomme, ("Ce qui est arrêté", "Valeur"), lignes))
    return Section("arretes", titre, [f"{accorder(len(connus), 'bilan arrêté', 'bilans arrêtés')}."], tableaux)


def _etat(a: BilanArrete) -> str:
    """Whether it is the one that stands, or who refused it."""
    if refus := [_PARTIES[un.partie] for un in a.avis if un.sens == "refuse"]:
        return f"✗ refusé par {enumerer(refus)}"
    return "✓ en vigueur" if a.en_vigueur else "– dépassé"


def _ecarts(nombre_d_ecarts: int) -> str:
    return f"{accorder(nombre_d_ecarts, 'écart', 'écarts')} depuis" if nombre_d_ecarts else "aucun écart"


def par_jour(jours: Sequence[Jour]) -> Tableau:
    """What the curve is drawn from; the latest day first."""
    lignes = []
    for j in reversed(jours):
        bas, haut = intervalle(wilson(j.enregistrees, j.executions))
        taux = part(j.enregistrees, j.executions)
        lignes.append([le_jour(j.le), nombre(j.executions), nombre(j.enregistrees), taux, bas, haut])
    colonnes = ("Jour", "Exécutions", "Enregistrées", "Taux", "Borne basse", "Borne haute")
    return tableau("Taux d'enregistrement par jour, avec son intervalle à 95 %", colonnes, lignes, range(1, 6))


def listes(bilan: BilanLu) -> Section:
    """Every figure of a criterion with the address of the list that it counts."""
    lignes: list[list[str | Cellule]] = [
        [NOMS[critere.code], typographier(liste.libelle), nombre(liste.nombre), Cellule(liste.lien, liste.lien)]
        for critere in bilan.criteres
        for liste in critere.listes
    ]
    colonnes = ("Critère", "Ce qui est compté", "Nombre", "Adresse")
    dit = "Chaque chiffre s'ouvre sur la liste de ce qu'il compte, à cette adresse du service, avec une clé d'accès."
    montre = tableau("Où s'ouvre chaque chiffre", colonnes, lignes, (2,))
    return Section("listes", "Où s'ouvre chaque chiffre", [dit], [montre])
