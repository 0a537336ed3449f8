"""PURE. What must stand before a présérie starts, and before it is closed; as sentences in French, one per lack."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.preseries.jalons import nom_du_jalon

_AVANT_CLOTURE = ("reunion_deploiement", "autorisation_generalisation")


@dataclass(frozen=True, slots=True)
class Preparatifs:
    """How ready a présérie is: ``jalons`` are those dated, ``pilotes`` those that have not left."""

    autorisation_cnda: bool
    jalons: Collection[str]
    pilotes: int


def manquants_au_demarrage(presents: Preparatifs, requis: Sequence[str]) -> list[str]:
    """``requis`` are the jalons that the référentiel asks for (source, « Pré requis »)."""
    manques = []
    if not presents.autorisation_cnda:
        manques.append("l'autorisation du logiciel par le CNDA (PUT /logiciels/{code}, autorisation_cnda)")
    manques += _jalons_manquants(presents.jalons, requis)
    if presents.pilotes == 0:
        manques.append("au moins un pilote (PUT /preseries/{code}/pilotes/{numero_am})")
    return manques


def manquants_a_la_cloture(traces_coupees: bool, jalons: Collection[str]) -> list[str]:
    """Source: a meeting starts the deployment, the traces are switched off, then generalisation is authorised."""
    manques = _jalons_manquants(jalons, _AVANT_CLOTURE[:1])
    if not traces_coupees:
        manques.append("la désactivation des traces (PUT /preseries/{code}/traces-postes, actives à false)")
    return manques + _jalons_manquants(jalons, _AVANT_CLOTURE[1:])


def _jalons_manquants(presents: Collection[str], requis: Sequence[str]) -> list[str]:
    return [f"{nom_du_jalon(jalon)} (jalon {jalon})" for jalon in requis if jalon not in presents]
