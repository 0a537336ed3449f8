"""The panels of the préséries that the dashboards of the Cnam and of an éditeur both show."""

from grafana_foundation_sdk.builders import statetimeline, table, timeseries
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from deploy.grafana.panneaux import ALERTE, ROUGE, VERT, Colonne, a_defaut, colorer, courbes, etats, tableau, textes
from deploy.grafana.requetes import SEUIL, critere, evolution, preserie, somme, taux

TAUX_COLORE = (*colorer(((None, ROUGE), (SEUIL.valeur, VERT))), *a_defaut("sans exécution"))
_EN_RECUL = (*colorer(ALERTE), DynamicConfigValue("mappings", textes(("1", "oui", ROUGE), ("0", "non", VERT))))


def criteres() -> statetimeline.Panel:
    return etats(
        "Les cinq critères dans le temps",
        "État de chaque critère de chaque présérie. Le verdict est favorable quand les cinq sont atteints ; un critère "
        "reste indéterminé tant que rien ne permet d'en juger.",
        "{{preserie}} · {{critere}}",
        critere("preserie", "critere"),
    )


def taux_d_enregistrement() -> timeseries.Panel:
    return courbes(
        "Taux d'enregistrement",
        "Exécutions enregistrées dans la base de l'Assurance Maladie, sur les exécutions de la fenêtre des critères. "
        "La ligne est le seuil du critère. Sans exécution, pas de courbe.",
        "percentunit",
        {"{{preserie}}": preserie("preserie_taux_enregistrement", "preserie")},
        seuil=SEUIL.valeur,
        maximum=1,
    )


def executions() -> timeseries.Panel:
    return courbes(
        "Exécutions",
        "Exécutions de la fenêtre des critères, enregistrées ou non. Une prolongation peut ouvrir une nouvelle "
        "fenêtre : le nombre repart alors de plus bas.",
        "none",
        {
            "{{preserie}} · enregistrées": preserie("preserie_executions", "preserie", filtre='enregistree="true"'),
            "{{preserie}} · non enregistrées": preserie(
                "preserie_executions", "preserie", filtre='enregistree="false"'
            ),
        },
    )


def scor(phase: int, regle: str) -> timeseries.Panel:
    return courbes(
        f"SCOR en phase {phase}",
        f"Exécutions de phase {phase}, par conformité de l'envoi de la pièce justificative par SCOR. {regle}",
        "none",
        {
            "{{preserie}} · {{conformite}}": preserie(
                "preserie_scor_executions", "preserie", "conformite", filtre=f'phase="{phase}"'
            )
        },
    )


def scor_des_deux_phases() -> list[timeseries.Panel]:
    return [
        scor(1, "La pièce part toujours par SCOR ; sans effet sur le critère."),
        scor(2, "La pièce ne part par SCOR que si l'exécution n'a pas pu être enregistrée : un double envoi ou une "
                "pièce manquante met le critère en échec."),
    ]  # fmt: skip


def anomalies(*etiquettes: str) -> table.Panel:
    """``etiquettes`` tell the préséries; operation and bloquante come after them."""
    toutes = (*etiquettes, "operation", "bloquante")
    return tableau(
        "Anomalies ouvertes",
        "Anomalies intrinsèques au logiciel encore ouvertes, par opération. Une seule anomalie bloquante met le "
        "critère en échec.",
        toutes,
        {"nombre": Colonne("Ouvertes", f"{preserie('preserie_anomalies_ouvertes', *toutes)} > 0")},
        largeur=12,
    )


def anomalies_dans_le_temps() -> timeseries.Panel:
    bloquantes, autres = (
        somme(
            preserie("preserie_anomalies_ouvertes", "preserie", "operation", filtre=f'bloquante="{dite}"'), "preserie"
        )
        for dite in ("true", "false")
    )
    return courbes(
        "Anomalies ouvertes dans le temps",
        "Anomalies intrinsèques ouvertes, toutes opérations ensemble, bloquantes ou non.",
        "none",
        {"{{preserie}} · bloquantes": bloquantes, "{{preserie}} · non bloquantes": autres},
    )


def pilotes() -> timeseries.Panel:
    return courbes(
        "Pilotes",
        "Pilotes installés et, parmi eux, ceux dont plus rien n'arrive alors que la présérie attend des traces.",
        "none",
        {"{{preserie}} · {{etat}}": preserie("preserie_pilotes", "preserie", "etat")},
    )


def traces_recues() -> timeseries.Panel:
    return courbes(
        "Traces reçues sur 24 heures",
        "Réceptions des 24 heures qui précèdent, par issue. Les doublons sont des renvois sans effet ; un refus a son "
        "code et sa marche à suivre dans la réponse faite au poste.",
        "none",
        {"{{preserie}} · {{issue}}": evolution("preserie_traces", "preserie", "issue", duree="1d")},
    )


def silence() -> timeseries.Panel:
    return courbes(
        "Depuis la dernière réception",
        "Temps écoulé depuis que quelque chose est arrivé pour la présérie, traces refusées comprises. Sans réception, "
        "pas de courbe.",
        "s",
        {"{{preserie}}": f"time() - {preserie('preserie_derniere_reception_timestamp_seconds', 'preserie')}"},
    )


def apres_desactivation() -> timeseries.Panel:
    return courbes(
        "Traces reçues après désactivation",
        "Traces refusées parce que les traces postes de la présérie sont désactivées : des postes n'ont pas lu la "
        "consigne. La liste des postes de la présérie dit lesquels.",
        "none",
        {"{{preserie}}": preserie("preserie_traces_apres_desactivation", "preserie")},
    )


def versions(*etiquettes: str) -> table.Panel:
    """``etiquettes`` tell the préséries."""
    toutes = (*etiquettes, "version")
    mesure = "preserie_version_executions"
    return tableau(
        "Versions",
        "Exécutions de la fenêtre des critères selon la version qui a émis leur première trace : les dix plus "
        "récentes, et les autres ensemble. En recul : le taux de la version est nettement inférieur à celui de la "
        "version apparue avant elle.",
        toutes,
        {
            "total": Colonne("Exécutions", somme(preserie(mesure, *toutes, "enregistree"), *toutes)),
            "perdues": Colonne("Non enregistrées", preserie(mesure, *toutes, filtre='enregistree="false"')),
            "taux": Colonne("Taux d'enregistrement", taux(mesure, *toutes), "percentunit", TAUX_COLORE),
            "recul": Colonne("En recul", preserie("preserie_version_en_recul", *toutes), rendu=_EN_RECUL),
        },
    )


def taux_par_version() -> timeseries.Panel:
    return courbes(
        "Taux d'enregistrement par version",
        "Une version qui apparaît part de zéro exécution : sa courbe ne vaut que par leur nombre. La ligne est le "
        "seuil du critère, qui se juge toutes versions ensemble.",
        "percentunit",
        {"{{preserie}} · {{version}}": taux("preserie_version_executions", "preserie", "version")},
        seuil=SEUIL.valeur,
        maximum=1,
    )
