"""What surrounds the panels of a dashboard: its variables, its links, its rows."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.models.dashboard import Dashboard as Tableau
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from deploy.grafana.panneaux import ETIQUETTES, SOURCE, Panneau

Section = tuple[str, Sequence[Panneau]]
_ETIQUETTE = "traces-postes"
# The one that provisioning/datasources makes; another is chosen in Grafana.
_SOURCE_FOURNIE = VariableOption(text="Prometheus (traces postes)", value="traces-postes-prometheus")


def choix(nom: str, mesure: str, *amont: str, plusieurs: bool = True) -> QueryVariable:
    """A variable: the values of a label, among the series that the variables before it leave."""
    filtre = ", ".join(f'{autre}=~"${autre}"' for autre in amont)
    series = f"{mesure}{{{filtre}}}" if filtre else mesure
    variable = (
        QueryVariable(nom)
        .label(ETIQUETTES[nom])
        .datasource(SOURCE)
        .query({"query": f"label_values({series}, {nom})", "refId": nom})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    if plusieurs:
        tout = VariableOption(selected=True, text=["All"], value=["$__all"])
        variable.multi(True).include_all(True).all_value(".+").current(tout)
    return variable


def choix_des_preseries(*, un_editeur: bool) -> list[QueryVariable]:
    """Éditeur, module, logiciel, présérie, each among those that the choices before it leave."""
    noms = ("editeur", "module", "logiciel", "preserie")
    return [
        choix(nom, "preserie_critere_etat", *noms[:rang], plusieurs=rang > 0 or not un_editeur)
        for rang, nom in enumerate(noms)
    ]


def tableau_de_bord(
    uid: str,
    titre: str,
    description: str,
    variables: Sequence[QueryVariable],
    sections: Sequence[Section],
    *,
    depuis: str,
    rafraichi: str,
) -> Tableau:
    """The dashboard; its panels are numbered in order."""
    tableau = (
        Dashboard(f"Traces postes — {titre}")
        .uid(f"{_ETIQUETTE}-{uid}")
        .description(description)
        .tags([_ETIQUETTE])
        .timezone("Europe/Paris")
        .week_start("monday")
        .time(depuis, "now")
        .refresh(rafraichi)
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(DashboardLink("Traces postes").type(DashboardLinkType.DASHBOARDS).tags([_ETIQUETTE]).keep_time(True))
        .with_variable(DatasourceVariable("source").label("Source").type("prometheus").current(_SOURCE_FOURNIE))
    )
    for variable in variables:
        tableau.with_variable(variable)
    for intitule, panneaux in sections:
        tableau.with_row(Row(intitule))
        for panneau in panneaux:
            tableau.with_panel(panneau)
    construit = tableau.build()
    for numero, panneau_construit in enumerate(construit.panels or [], start=1):
        panneau_construit.id_val = numero
    return construit
