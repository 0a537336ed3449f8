"""« Éditeur »: the préséries of one éditeur, what their verdict still lacks, by module, logiciel and version."""

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import preseries
from deploy.grafana.cadre import choix_des_preseries, tableau_de_bord
from deploy.grafana.panneaux import ALERTE, FOND_ETAT, VIGILANCE, Colonne, colorer, tableau
from deploy.grafana.requetes import PRESERIE, SEUIL, critere, executions_manquantes, preserie, somme, taux

_SIENNES = ("module", "logiciel", "preserie")


def _criteres_a_acquerir() -> table.Panel:
    return tableau(
        "Critères à acquérir",
        "Les critères qui ne sont pas atteints, ou dont rien ne permet encore de juger. Le bilan de la présérie dit "
        "pourquoi, et ouvre la liste derrière chaque chiffre.",
        (*_SIENNES, "critere"),
        {"etat": Colonne("État", f"{critere(*_SIENNES, 'critere')} < 1", rendu=FOND_ETAT)},
    )


def _scor(conformite: str) -> str:
    filtre = f'phase="2", conformite=~"{conformite}"'
    return somme(preserie("preserie_scor_executions", *PRESERIE, "conformite", filtre=filtre), *PRESERIE)


def _reste_a_faire() -> table.Panel:
    bloquantes = preserie("preserie_anomalies_ouvertes", *PRESERIE, "operation", filtre='bloquante="true"')
    alerte, vigilance = colorer(ALERTE), colorer(VIGILANCE)
    return tableau(
        "Ce qu'il reste à faire",
        "Ce qui manque aux critères que les traces décident, présérie par présérie. À enregistrer : les exécutions "
        f"enregistrées de suite qui porteraient le taux au seuil, {SEUIL.numerateur}/{SEUIL.denominateur}.",
        PRESERIE,
        {
            "manquantes": Colonne("À enregistrer", executions_manquantes(), rendu=alerte),
            "bloquantes": Colonne("Anomalies bloquantes", somme(bloquantes, *PRESERIE), rendu=alerte),
            "non_conformes": Colonne("SCOR non conformes", _scor("double_envoi|piece_manquante"), rendu=alerte),
            "en_attente": Colonne("SCOR en attente", _scor("en_attente"), rendu=vigilance),
            "silencieux": Colonne(
                "Pilotes silencieux", preserie("preserie_pilotes", *PRESERIE, filtre='etat="silencieux"'),
                rendu=vigilance,
            ),
            "rejetees": Colonne(
                "Traces refusées", preserie("preserie_traces", *PRESERIE, filtre='issue="rejetee"'), rendu=vigilance
            ),
            "desactivees": Colonne(
                "Après désactivation", preserie("preserie_traces_apres_desactivation", *PRESERIE), rendu=vigilance
            ),
        },
    )  # fmt: skip


def _par(axe: str, titre: str) -> table.Panel:
    executions = preserie("preserie_executions", axe, "preserie", "enregistree")
    bloquantes = preserie("preserie_anomalies_ouvertes", axe, "preserie", "operation", filtre='bloquante="true"')
    return tableau(
        titre,
        "Les préséries choisies, ensemble. Le critère, lui, se juge présérie par présérie.",
        (axe,),
        {
            "preseries": Colonne("Préséries", f"count by ({axe}) ({critere(axe, 'preserie')})"),
            "total": Colonne("Exécutions", somme(executions, axe)),
            "taux": Colonne("Taux", taux("preserie_executions", axe), "percentunit", preseries.TAUX_COLORE),
            "bloquantes": Colonne("Anomalies bloquantes", somme(bloquantes, axe), rendu=colorer(ALERTE)),
        },
        largeur=12,
    )


def editeur() -> Dashboard:
    return tableau_de_bord(
        "editeur",
        "Éditeur",
        "Les préséries d'un éditeur : ce qui manque à leur verdict, par module, par logiciel et par version.",
        choix_des_preseries(un_editeur=True),
        [
            ("Ce qui manque au verdict", [_criteres_a_acquerir(), _reste_a_faire(), preseries.criteres()]),
            ("Par module et par logiciel", [_par("module", "Modules"), _par("logiciel", "Logiciels")]),
            ("Par version", [preseries.versions(*_SIENNES), preseries.taux_par_version()]),
            ("Enregistrement", [preseries.taux_d_enregistrement(), preseries.executions()]),
            ("SCOR", preseries.scor_des_deux_phases()),
            ("Anomalies", [preseries.anomalies("logiciel", "preserie"), preseries.anomalies_dans_le_temps()]),
            (
                "Postes",
                [
                    preseries.traces_recues(),
                    preseries.silence(),
                    preseries.pilotes(),
                    preseries.apres_desactivation(),
                ],
            ),
        ],
        depuis="now-7d",
        rafraichi="1m",
    )
