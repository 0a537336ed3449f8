"""The kinds of panels that the dashboards are made of, each with the same frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import common, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.common import (
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

P = TypeVar("P", timeseries.Panel, stat.Panel, table.Panel, statetimeline.Panel)
Panneau = timeseries.Panel | stat.Panel | table.Panel | statetimeline.Panel
Paliers = tuple[tuple[float | None, str], ...]
"""From which value on, which colour; the first from None."""

SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
VERT, ORANGE, ROUGE, GRIS = "green", "orange", "red", "#8e8e8e"
NEUTRE: Paliers = ((None, "text"),)
ALERTE: Paliers = ((None, VERT), (1, ROUGE))
VIGILANCE: Paliers = ((None, VERT), (1, ORANGE))


def textes(*valeurs: tuple[str, str, str]) -> list[ValueMapping]:
    """Value, what is shown instead, its colour."""
    return [ValueMap({valeur: ValueMappingResult(texte, couleur) for valeur, texte, couleur in valeurs})]


ETATS = textes(("1", "atteint", VERT), ("0", "non atteint", ROUGE), ("-1", "indéterminé", GRIS))
ETIQUETTES = {
    "editeur": "Éditeur",
    "module": "Module",
    "logiciel": "Logiciel",
    "preserie": "Présérie",
    "critere": "Critère",
    "operation": "Opération",
    "bloquante": "Bloquante",
    "version": "Version",
    "instance": "Réplique",
}


@dataclass(frozen=True, slots=True)
class Colonne:
    """A column: its title, what fills it, its unit, and how its cells are drawn.

    ``etiquette``: a label of its series that is shown instead of their values.
    """

    titre: str
    expr: str
    unite: str = "none"
    rendu: Sequence[DynamicConfigValue] = ()
    etiquette: str = ""


def _paliers(paliers: Paliers) -> builders.ThresholdsConfig:
    return builders.ThresholdsConfig().steps([Threshold(valeur, couleur) for valeur, couleur in paliers])


def colorer(paliers: Paliers) -> Sequence[DynamicConfigValue]:
    """Cells whose text has the colour of their value."""
    return (
        DynamicConfigValue("thresholds", _paliers(paliers).build()),
        DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
    )


def a_defaut(texte: str) -> Sequence[DynamicConfigValue]:
    """Cells that say so where there is no figure."""
    sans = DashboardSpecialValueMapOptions(SpecialValueMatch.NULL_AND_NAN, ValueMappingResult(texte, GRIS))
    return (DynamicConfigValue("mappings", [SpecialValueMap(sans)]),)


FOND_ETAT = (
    DynamicConfigValue("mappings", ETATS),
    DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
)
OU_JAMAIS = a_defaut("jamais")


def _cadre(panneau: P, titre: str, description: str, unite: str, largeur: int, hauteur: int) -> P:
    return (
        panneau.title(titre)
        .description(description)
        .unit(unite)
        .datasource(SOURCE)
        .no_value("Rien à montrer")
        .span(largeur)
        .height(hauteur)
    )


def _requete(ref_id: str, expr: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(ref_id).expr(expr).datasource(SOURCE)


def _lettre(rang: int) -> str:
    return chr(ord("A") + rang)


def courbes(
    titre: str,
    description: str,
    unite: str,
    series: Mapping[str, str],
    *,
    seuil: float | None = None,
    maximum: float | None = None,
    largeur: int = 12,
) -> timeseries.Panel:
    """Curves: ``series`` maps the legend of each query to it; ``seuil`` is drawn as a line."""
    panneau = _cadre(timeseries.Panel(), titre, description, unite, largeur, 8)
    panneau.min(0).fill_opacity(5).show_points(VisibilityMode.NEVER)
    panneau.legend(
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.BOTTOM)
        .calcs(["lastNotNull", "max"])
    )
    panneau.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    if maximum is not None:
        panneau.max(maximum)
    if seuil is not None:
        panneau.thresholds(_paliers(((None, ROUGE), (seuil, VERT))))
        panneau.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.DASHED))
    for rang, (legende, expr) in enumerate(series.items()):
        panneau.with_target(_requete(_lettre(rang), expr).legend_format(legende).range())
    return panneau


def chiffre(
    titre: str,
    description: str,
    expr: str,
    *,
    unite: str = "none",
    paliers: Paliers = NEUTRE,
    valeurs: list[ValueMapping] | None = None,
) -> stat.Panel:
    """One figure, now."""
    panneau = _cadre(stat.Panel(), titre, description, unite, 4, 4)
    panneau.thresholds(_paliers(paliers)).mappings(valeurs or [])
    panneau.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return panneau.with_target(_requete("A", expr).instant())


def etats(titre: str, description: str, legende: str, expr: str) -> statetimeline.Panel:
    """The état of criteria over time, a band each."""
    panneau = _cadre(statetimeline.Panel(), titre, description, "none", 24, 9)
    panneau.mappings(ETATS).fill_opacity(80).line_width(0)
    panneau.legend(common.VizLegendOptions().show_legend(False))
    panneau.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.SINGLE))
    return panneau.with_target(_requete("A", expr).legend_format(legende).range())


def tableau(
    titre: str,
    description: str,
    etiquettes: Sequence[str],
    colonnes: Mapping[str, Colonne],
    *,
    liens: Mapping[str, DynamicConfigValue] | None = None,
    largeur: int = 24,
) -> table.Panel:
    """A row for each combination of these labels; ``liens``: where the cells of a label lead."""
    panneau = _cadre(table.Panel(), titre, description, "none", largeur, 8)
    # Grafana names a column of values after its query only where there are several.
    valeurs = {ref_id: f"Value #{ref_id}" if len(colonnes) > 1 else "Value" for ref_id in colonnes}
    noms = {ref_id: colonne.etiquette or valeurs[ref_id] for ref_id, colonne in colonnes.items()}
    ordre = {nom: rang for rang, nom in enumerate((*etiquettes, *noms.values()))}
    cachees = {nom: True for nom in ("Time", *valeurs.values()) if nom not in noms.values()}
    panneau.no_value("—").with_transformation(DataTransformerConfig("merge", options={}))
    panneau.with_transformation(
        DataTransformerConfig("organize", options={"excludeByName": cachees, "indexByName": ordre, "renameByName": {}})
    )
    for etiquette in etiquettes:
        lien = (liens or {}).get(etiquette)
        panneau.override_by_name(
            etiquette, [DynamicConfigValue("displayName", ETIQUETTES[etiquette]), *([lien] if lien else [])]
        )
    for ref_id, colonne in colonnes.items():
        panneau.with_target(_requete(ref_id, colonne.expr).instant().format(PromQueryFormat.TABLE))
        propres = [DynamicConfigValue("displayName", colonne.titre), DynamicConfigValue("unit", colonne.unite)]
        panneau.override_by_name(noms[ref_id], [*propres, *colonne.rendu])
    panneau.sort_by([common.TableSortByFieldState().display_name(ETIQUETTES[etiquettes[0]])])
    return panneau
