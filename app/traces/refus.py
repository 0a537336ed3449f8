"""PURE. The enumerated reasons for which a trace is refused, in the order of the contract."""

from enum import StrEnum

from app.erreurs import ErreurMetier, Faute


class Refus(StrEnum):
    """A trace with several faults gets the first of these (CONTRACT, « Traces »)."""

    HORS_PERIMETRE = "hors-perimetre"
    TRACE_INVALIDE = "trace-invalide"
    DONNEE_PERSONNELLE = "donnee-personnelle"
    LOGICIEL_INCONNU = "logiciel-inconnu"
    LOGICIEL_INTERDIT = "logiciel-interdit"
    PILOTE_INTERDIT = "pilote-interdit"
    PILOTE_INCONNU = "pilote-inconnu"
    PRESERIE_NON_OUVERTE = "preserie-non-ouverte"
    TRACES_DESACTIVEES = "traces-desactivees"
    IDENTIFIANT_REUTILISE = "identifiant-reutilise"


DU_REGISTRE = (Refus.LOGICIEL_INCONNU, Refus.PILOTE_INCONNU, Refus.PRESERIE_NON_OUVERTE, Refus.TRACES_DESACTIVEES)
"""Refusals for what the registry does not hold yet, or no longer: POST /traces/essai makes them warnings."""
HORLOGE_DECALEE = "horloge-decalee"


class Issue(StrEnum):
    """What became of a trace that was sorted as fit to be written."""

    ENREGISTREE = "enregistree"
    DOUBLON = "doublon"
    DESACTIVEE = Refus.TRACES_DESACTIVEES.value
    REUTILISEE = Refus.IDENTIFIANT_REUTILISE.value
    IMPOSSIBLE = Refus.TRACE_INVALIDE.value
    FERMEE = "fermee"
    """Its présérie was open when it was sorted, and no longer when it was written: to be sorted again."""


STATUTS: dict[Refus, int] = {
    Refus.HORS_PERIMETRE: 422,
    Refus.TRACE_INVALIDE: 422,
    Refus.DONNEE_PERSONNELLE: 422,
    Refus.LOGICIEL_INCONNU: 422,
    Refus.LOGICIEL_INTERDIT: 403,
    Refus.PILOTE_INTERDIT: 403,
    Refus.PILOTE_INCONNU: 422,
    Refus.PRESERIE_NON_OUVERTE: 409,
    Refus.TRACES_DESACTIVEES: 410,
    Refus.IDENTIFIANT_REUTILISE: 409,
}

TITRES: dict[Refus, str] = {
    Refus.HORS_PERIMETRE: "Hors du périmètre de l'ordonnance numérique",
    Refus.TRACE_INVALIDE: "Trace invalide",
    Refus.DONNEE_PERSONNELLE: "Donnée personnelle dans la trace",
    Refus.LOGICIEL_INCONNU: "Logiciel inconnu",
    Refus.LOGICIEL_INTERDIT: "Logiciel d'un autre éditeur",
    Refus.PILOTE_INTERDIT: "Pilote d'une autre clé",
    Refus.PILOTE_INCONNU: "Pilote inconnu",
    Refus.PRESERIE_NON_OUVERTE: "Présérie non ouverte",
    Refus.TRACES_DESACTIVEES: "Traces postes désactivées",
    Refus.IDENTIFIANT_REUTILISE: "Identifiant réutilisé",
}

DETAILS: dict[Refus, str] = {
    Refus.HORS_PERIMETRE: "L'imagerie et les transports ne relèvent pas de l'ordonnance numérique : n'envoyez pas "
    "de trace pour ces prescriptions.",
    Refus.DONNEE_PERSONNELLE: "Un NIR a été reconnu dans un texte libre : retirez toute donnée de patient de la "
    "trace avant de l'envoyer.",
    Refus.LOGICIEL_INCONNU: "Ce logiciel n'est pas au registre : vérifiez le code « logiciel », ou demandez son "
    "inscription à la Cnam.",
    Refus.LOGICIEL_INTERDIT: "Ce logiciel appartient à un autre éditeur que votre clé : utilisez la clé de son "
    "éditeur.",
    Refus.PILOTE_INTERDIT: "Votre clé est réservée à un autre N° AM : utilisez la clé de ce pilote.",
    Refus.PILOTE_INCONNU: "Ce N° AM n'est pilote d'aucune présérie de ce logiciel : vérifiez « numero_am », ou "
    "faites inscrire le pilote.",
    Refus.PRESERIE_NON_OUVERTE: "La présérie de ce pilote n'est pas ouverte : attendez, pour envoyer des traces, "
    "qu'une présérie de ce pilote ait démarré.",
    Refus.TRACES_DESACTIVEES: "Les traces de cette présérie sont désactivées : cessez l'envoi et désactivez-les sur "
    "le poste.",
    Refus.IDENTIFIANT_REUTILISE: "Cet « id » désigne déjà une trace d'un autre contenu, qui reste seule retenue : "
    "donnez à chaque trace un nouvel UUID.",
}


class TraceRefusee(ErreurMetier):
    """The refusal of a trace that was sent alone, as a problem."""

    def __init__(self, refus: Refus, detail: str, champ: str | None, id_trace: str | None) -> None:
        fautes: list[Faute] = [{"champ": champ, "message": detail}] if champ else []
        super().__init__(detail, erreurs=fautes, complements={"id": id_trace} if id_trace else None)
        self.code, self.titre, self.statut = refus.value, TITRES[refus], STATUTS[refus]
