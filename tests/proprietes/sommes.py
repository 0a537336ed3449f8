"""Which list stands behind each cell of a bilan, of a breakdown and of the metrics, and how many rows it has."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.outils import Service

Corps = dict[str, Any]
Chemin = tuple[str | int, ...]
Liste = tuple[str, Corps]
"""A route, and its filters beside the présérie."""
_COMMUNES = frozenset({"editeur", "module", "logiciel", "categorie_ps", "preserie"})
_SANS_LISTE = frozenset(
    {
        *("preserie_taux_enregistrement", "preserie_critere_etat", "preserie_derniere_reception_timestamp_seconds"),
        *("preserie_statut", "preserie_version_en_recul", "preserie_recompte_ecarts"),
        "preserie_recompte_timestamp_seconds",
    }
)


def cellules(bilan: Corps, chemin: Chemin = ()) -> Iterator[tuple[Chemin, int]]:
    """Every whole number of a bilan, with the way to it."""
    contenus = bilan.items() if isinstance(bilan, dict) else enumerate(bilan)
    for cle, valeur in contenus:
        if isinstance(valeur, dict | list):
            yield from cellules(valeur, (*chemin, cle))  # type: ignore[arg-type]
        elif isinstance(valeur, int) and not isinstance(valeur, bool):
            yield (*chemin, cle), valeur


def derriere(bilan: Corps, chemin: Chemin) -> Liste | None:
    """The list behind a cell; None for a number that counts nothing that was received."""
    depuis = {"depuis": bilan["observee_depuis"]} if bilan["observee_depuis"] else {}
    match chemin:
        case ("traces", "enregistrees"):
            return "/traces", {}
        case ("traces", "doublons"):
            return "/receptions", {"issue": "doublon"}
        case ("traces", "rejetees"):
            return "/receptions", {"issue": "rejetee"}
        case ("ensemble", *reste):
            return _des_executions(tuple(reste), {})
        case ("criteres", 0, "executions_restantes") | ("criteres", 4, *_):
            return None
        case ("criteres", int(rang), "listes", int(place), "nombre"):
            adresse = urlsplit(bilan["criteres"][rang]["listes"][place]["lien"])
            return adresse.path, {nom: v for nom, v in parse_qs(adresse.query).items() if nom not in ("preserie", "au")}
        case ("criteres", 1, ("bloquantes" | "ecartees") as lesquelles, int(rang), "occurrences"):
            anomalie = bilan["criteres"][1][lesquelles][rang]
            filtres = {"operation": anomalie["operation"], "erreur_code": anomalie["code"]}
            return "/traces", {**filtres, "erreur_origine": "logiciel", "resultat": "echec"}
        case ("criteres", 2, "non_conformes"):
            return "/executions", {"phase": 2, "conformite": ["double_envoi", "piece_manquante"], **depuis}
    return _des_executions(chemin, depuis)


def _des_executions(chemin: Chemin, depuis: Corps) -> Liste:
    match chemin:
        case ("executions", "total"):
            return "/executions", depuis
        case ("executions", "enregistrees"):
            return "/executions", {"enregistree": "true", **depuis}
        case ("executions", "tentatives"):
            return "/tentatives", depuis
        case ("scor", ("phase_1" | "phase_2") as phase, conformite):
            return "/executions", {"phase": phase[-1], "conformite": conformite, **depuis}
    raise AssertionError(f"No list is known for the cell {chemin}.")


def derriere_la_ligne(axe: str, ligne: Corps, depuis: str | None) -> Iterator[tuple[int, Liste]]:
    """Each cell of one line of a breakdown, with its list."""
    filtres = {axe: ligne["cle"]} | ({"depuis": depuis} if depuis else {})
    yield ligne["executions"], ("/executions", filtres)
    yield ligne["enregistrees"], ("/executions", filtres | {"enregistree": "true"})
    yield ligne["tentatives"], ("/tentatives", filtres)


def derriere_la_serie(famille: str, etiquettes: Mapping[str, str], depuis: str | None) -> Liste | None:
    """The list behind a series of the metrics; None for one that counts nothing."""
    fenetre = {"depuis": depuis} if depuis else {}
    siennes = {nom: valeur for nom, valeur in etiquettes.items() if nom not in _COMMUNES}
    code = etiquettes["preserie"]
    match famille:
        case "preserie_executions" | "preserie_scor_executions" | "preserie_version_executions":
            return "/executions", siennes | fenetre
        case "preserie_traces":
            return ("/traces", {}) if siennes["issue"] == "enregistree" else ("/receptions", siennes)
        case "preserie_traces_apres_desactivation":
            return "/receptions", {"code": "traces-desactivees"}
        case "preserie_anomalies_ouvertes":
            return f"/preseries/{code}/anomalies", siennes
        case "preserie_pilotes":
            return f"/bilan/preseries/{code}/pilotes", siennes
    assert famille in _SANS_LISTE, famille
    return None


async def lignes(service: Service, preserie: str, liste: Liste, au: str | None, limite: int = 1000) -> list[Corps]:
    """A whole list, page after page."""
    route, filtres = liste
    nommee = {} if preserie in route else {"preserie": preserie}
    parametres = nommee | {"limite": limite} | filtres | ({"au": au} if au else {})
    elements: list[Corps] = []
    while True:
        page = await service.lire(f"{route}?{urlencode(parametres, doseq=True)}")
        elements += page["elements"]
        if page["suivant"] is None:
            return elements
        parametres["apres"] = page["suivant"]
