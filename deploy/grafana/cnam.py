"""« Cnam »: every présérie, what its verdict hangs on, and what has to be chased."""

from grafana_foundation_sdk.builders import stat, table
from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

from deploy.grafana import preseries
from deploy.grafana.cadre import choix_des_preseries, tableau_de_bord
from deploy.grafana.panneaux import (
    ALERTE,
    FOND_ETAT,
    GRIS,
    OU_JAMAIS,
    VERT,
    VIGILANCE,
    Colonne,
    chiffre,
    colorer,
    tableau,
    textes,
)
from deploy.grafana.requetes import PRESERIE, critere, nombre, preserie, somme

_CRITERES = {
    "enregistrement": "Enregistrement",
    "anomalies": "Anomalies",
    "scor": "SCOR",
    "prerequis": "Prérequis",
    "satisfaction": "Satisfaction",
}
_STATUTS = (
    DynamicConfigValue(
        "mappings",
        textes(
            ("preparation", "en préparation", "blue"),
            ("en_cours", "en cours", VERT),
            ("validee", "validée", "purple"),
            ("cloturee", "clôturée", GRIS),
            ("abandonnee", "abandonnée", GRIS),
        ),
    ),
    DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
)
_ACQUIS = "count by (preserie) ({}) == {}"
_VERS_L_EDITEUR = DynamicConfigValue(
    "links",
    [
        {
            "title": "Ouvrir le tableau de son éditeur",
            "url": "/d/traces-postes-editeur?var-editeur=${__data.fields.editeur}"
            "&var-preserie=${__data.fields.preserie}",
        }
    ],
)


def _vue_d_ensemble() -> list[stat.Panel]:
    etat = critere("preserie", "critere")
    bloquantes = preserie("preserie_anomalies_ouvertes", "preserie", "operation", filtre='bloquante="true"')
    return [
        chiffre(
            "Préséries suivies",
            "Préséries dont la supervision montre les chiffres.",
            nombre(preserie("preserie_critere_etat", "preserie")),
        ),
        chiffre(
            "Cinq critères atteints",
            "Préséries dont le verdict proposé est favorable.",
            nombre(_ACQUIS.format(f"{etat} == 1", len(_CRITERES))),
            paliers=((None, "text"), (1, VERT)),
        ),
        chiffre(
            "Un critère en échec",
            "Préséries dont un critère au moins n'est pas atteint : le verdict proposé est défavorable.",
            nombre(f"count by (preserie) ({etat} == 0)"),
            paliers=ALERTE,
        ),
        chiffre("Anomalies bloquantes", "Anomalies bloquantes ouvertes.", somme(bloquantes), paliers=ALERTE),
        chiffre(
            "Pilotes silencieux",
            "Pilotes installés dont plus rien n'arrive alors que leur présérie attend des traces.",
            somme(preserie("preserie_pilotes", "preserie", filtre='etat="silencieux"')),
            paliers=VIGILANCE,
        ),
        chiffre(
            "Traces après désactivation",
            "Traces encore envoyées à des préséries qui n'en veulent plus.",
            somme(preserie("preserie_traces_apres_desactivation", "preserie")),
            paliers=VIGILANCE,
        ),
    ]


def _etat_des_preseries() -> table.Panel:
    criteres = {
        code: Colonne(titre, critere(*PRESERIE, filtre=f'critere="{code}"'), rendu=FOND_ETAT)
        for code, titre in _CRITERES.items()
    }
    executions = preserie("preserie_executions", *PRESERIE, "enregistree")
    bloquantes = preserie("preserie_anomalies_ouvertes", *PRESERIE, "operation", filtre='bloquante="true"')
    derniere = preserie("preserie_derniere_reception_timestamp_seconds", *PRESERIE)
    return tableau(
        "État des préséries",
        "Les cinq critères et les chiffres qui les décident. La présérie mène au tableau de son éditeur.",
        PRESERIE,
        {
            "statut": Colonne(
                "Statut", f"{preserie('preserie_statut', *PRESERIE, 'statut')} == 1", rendu=_STATUTS, etiquette="statut"
            ),
            **criteres,
            "taux": Colonne(
                "Taux",
                preserie("preserie_taux_enregistrement", *PRESERIE),
                "percentunit",
                preseries.TAUX_COLORE,
            ),
            "executions": Colonne("Exécutions", somme(executions, *PRESERIE)),
            "bloquantes": Colonne("Bloquantes", somme(bloquantes, *PRESERIE), rendu=colorer(ALERTE)),
            "installes": Colonne("Pilotes", preserie("preserie_pilotes", *PRESERIE, filtre='etat="installe"')),
            "silencieux": Colonne(
                "Silencieux",
                preserie("preserie_pilotes", *PRESERIE, filtre='etat="silencieux"'),
                rendu=colorer(VIGILANCE),
            ),
            "derniere": Colonne("Dernière réception", f"1000 * {derniere}", "dateTimeAsIso", OU_JAMAIS),
        },
        liens={"preserie": _VERS_L_EDITEUR},
    )


def _recompte() -> table.Panel:
    dernier = preserie("preserie_recompte_timestamp_seconds", "editeur", "preserie")
    return tableau(
        "Recompte",
        "Écarts entre les chiffres tenus et les traces brutes, au dernier « traces-postes recompter ». Tout écart est "
        "à signaler avant de prononcer un verdict.",
        ("editeur", "preserie"),
        {
            "ecarts": Colonne(
                "Écarts",
                preserie("preserie_recompte_ecarts", "editeur", "preserie"),
                rendu=(*colorer(ALERTE), *OU_JAMAIS),
            ),
            "dernier": Colonne("Dernier recompte", f"1000 * {dernier}", "dateTimeAsIso", OU_JAMAIS),
        },
        largeur=12,
    )


def cnam() -> Dashboard:
    return tableau_de_bord(
        "cnam",
        "Cnam",
        "Toutes les préséries : leurs cinq critères, ce qui les décide et ce qui appelle une relance. Les chiffres "
        "sont ceux des bilans.",
        choix_des_preseries(un_editeur=False),
        [
            ("Vue d'ensemble", [*_vue_d_ensemble(), _etat_des_preseries(), preseries.criteres()]),
            ("Enregistrement", [preseries.taux_d_enregistrement(), preseries.executions()]),
            ("SCOR", preseries.scor_des_deux_phases()),
            (
                "Anomalies et pilotes",
                [
                    preseries.anomalies("editeur", "preserie"),
                    preseries.anomalies_dans_le_temps(),
                    preseries.pilotes(),
                    preseries.silence(),
                ],
            ),
            ("Réceptions", [preseries.traces_recues(), preseries.apres_desactivation()]),
            (
                "Versions et recompte",
                [preseries.versions("editeur", "preserie"), preseries.taux_par_version(), _recompte()],
            ),
        ],
        depuis="now-7d",
        rafraichi="1m",
    )
