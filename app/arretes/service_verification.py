"""Use case: a sealed bilan beside the database: what was stored, and what its raw traces give once more."""

import json
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.arretes import depot
from app.arretes.ecarts import TEXTES, Ecart, ecarts, restreindre
from app.arretes.empreintes import changements, empreinte_traces, nombre
from app.arretes.modeles import Arrete
from app.arretes.service import Document, contenu_au, document
from app.arretes.verification import Verification
from app.preseries.modeles import Preserie

_AU_PLUS = 50
"""Traces that are named, at most."""


async def confronter(session: AsyncSession, presente: Document, *, intact: bool) -> Verification:
    """All on the session's snapshot; ``intact``: whether the document's content is what was signed."""
    faite = Verification()
    try:
        trouve = await depot.trouver(session, UUID(presente["id"]))
    except ValueError:
        trouve = None
    if trouve is None:
        faite.constats.append("id : la base n'a pas de bilan arrêté de cet identifiant.")
        return faite
    arrete, preserie, _ = trouve
    approbations = await depot.approbations(session, arrete.id)
    try:
        gardee = document(arrete, approbations)
        a_cote = (datetime.fromisoformat(gardee["contenu"]["au"]), gardee["contenu"]["verdict"])
    except (ValueError, KeyError, TypeError):
        faite.constats.append("contenu : la base n'en garde plus rien de lisible.")
        return faite
    if a_cote != (arrete.au, arrete.verdict):
        faite.constats.append("au ou verdict : la base en garde d'autres à côté du contenu.")
    _comparer_a_la_base(faite, presente, gardee)
    if preserie.purgee_le is not None:
        faite.verifie.append("Les traces brutes de la présérie sont purgées : le bilan n'en est pas recalculé.")
        return faite
    reference = presente["contenu"] if intact else gardee["contenu"]
    await _recalculer(session, faite, arrete, preserie, reference)
    return faite


def _comparer_a_la_base(faite: Verification, presente: Document, gardee: Document) -> None:
    """An approval given after the file was fetched is no fault of it, but is told: who reads it must know."""
    dites = {une.get("partie") for une in presente["approbations"] if isinstance(une, dict)}
    depuis = [une for une in gardee["approbations"] if une["partie"] not in dites]
    gardee = gardee | {"approbations": [une for une in gardee["approbations"] if une["partie"] in dites]}
    differents = ecarts(presente, gardee)
    faite.constats += [f"{chemin} : le fichier et la base diffèrent." for chemin, _, _ in differents]
    if not differents:
        faite.verifie.append("Le fichier et la base disent la même chose.")
    for une in depuis:
        quoi = "une approbation" if une["sens"] == "approuve" else "un refus"
        faite.verifie.append(f"Attention : la base a {quoi} ({une['partie']}) qui manque à ce fichier.")


async def _recalculer(
    session: AsyncSession, faite: Verification, arrete: Arrete, preserie: Preserie, reference: dict[str, Any]
) -> None:
    feuilles = await depot.feuilles(session, preserie.id, arrete.au)
    recalcule = await contenu_au(session, preserie, arrete.au, feuilles)
    differents = ecarts(reference, restreindre(recalcule, reference), sauf=TEXTES | {"empreinte_traces"})
    faite.constats += [_differe(ecart) for ecart in differents]
    if not differents:
        faite.verifie.append("Le bilan recalculé des traces brutes est celui qui est arrêté.")
    if empreinte_traces(feuilles) == reference.get("empreinte_traces"):
        faite.verifie.append(f"Les {nombre(feuilles)} traces sont celles de l'arrêté, inchangées.")
        return
    gardees = await depot.feuilles_gardees(session, arrete.id)
    if gardees is None or empreinte_traces(gardees) != reference.get("empreinte_traces"):
        faite.constats.append("empreinte_traces : des traces ont changé ; leurs empreintes aussi, qui les nommeraient.")
        return
    trouves = changements(gardees, feuilles)
    faite.constats += [
        f"trace {trace} : {changement} depuis l'arrêté." for trace, changement in islice(trouves, _AU_PLUS)
    ]
    if restent := sum(1 for _ in trouves):
        faite.constats.append(f"… et {restent} autres traces.")


def _differe(ecart: Ecart) -> str:
    chemin, *valeurs = ecart
    arrete, recalcule = (json.dumps(valeur, ensure_ascii=False) for valeur in valeurs)
    return f"contenu.{chemin} : {arrete} arrêté, {recalcule} recalculé des traces brutes."
