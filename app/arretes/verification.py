"""PURE. What is wrong with a sealed bilan as a document: its digest, its signature, those of its approvals.

A key within the document is never looked at: whoever alters it can sign it anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.arretes.canonique import Illisible, canonique, empreinte, lire
from app.arretes.messages import SIGNES_D_UNE_APPROBATION, message_approbation, message_arrete
from app.arretes.signature import Cles, signature_valide

_FORME = {"id": str, "contenu": dict, "empreinte": str, "signature": str, "cle": str, "approbations": list}
_CHAMPS_D_UNE_APPROBATION = {*SIGNES_D_UNE_APPROBATION, "signature", "cle"}
_PARTIES = {"cnam": "la Cnam", "editeur": "l'éditeur"}
_SENS = {"approuve": "approuvé", "refuse": "refusé"}


@dataclass(slots=True)
class Verification:
    """``constats``: what is wrong; ``verifie``: what was looked at and is right, or could not be looked at."""

    constats: list[str] = field(default_factory=list)
    verifie: list[str] = field(default_factory=list)


def lire_document(octets: bytes) -> dict[str, Any]:
    """Raises Illisible where this is no sealed bilan, or holds more, for which nobody would vouch."""
    document = lire(octets)
    if not isinstance(document, dict):
        raise Illisible("ce n'est pas un objet JSON")
    for champ, forme in _FORME.items():
        if not isinstance(document.get(champ), forme):
            raise Illisible(f"le champ {champ} manque ou n'a pas la forme attendue")
    if document.keys() - _FORME.keys():
        raise Illisible("il contient d'autres champs que ceux d'un bilan arrêté")
    canonique(document)
    return document


def verifier(document: Mapping[str, Any], cles: Cles) -> Verification:
    """Against public keys that are trusted, by their ids."""
    faite = Verification()
    if empreinte(document["contenu"]) == document["empreinte"]:
        faite.verifie.append("L'empreinte est celle du contenu.")
    else:
        faite.constats.append("contenu ou empreinte : modifié, l'un n'est pas l'empreinte de l'autre.")
    message = message_arrete(document["id"], document["empreinte"])
    if (faute := _faute(document, message, cles)) is not None:
        faite.constats.append(faute)
    else:
        faite.verifie.append(f"La signature est celle de la clé {document['cle']}.")
    vues: list[str] = []
    for rang, approbation in enumerate(document["approbations"]):
        _verifier_une_approbation(faite, document, rang, approbation, cles, vues)
    return faite


def _verifier_une_approbation(
    faite: Verification, document: Mapping[str, Any], rang: int, approbation: Any, cles: Cles, vues: list[str]
) -> None:
    ou = f"approbations[{rang}]"
    if not isinstance(approbation, dict) or approbation.keys() != _CHAMPS_D_UNE_APPROBATION:
        faite.constats.append(f"{ou} : ses champs ne sont pas ceux d'une approbation.")
        return
    partie, sens = approbation["partie"], approbation["sens"]
    if partie not in tuple(_PARTIES) or sens not in tuple(_SENS):
        faite.constats.append(f"{ou} : la partie ou le sens n'existe pas.")
        return
    if partie in vues:
        faite.constats.append(f"{ou} : la même partie s'y prononce deux fois.")
    vues.append(partie)
    message = message_approbation(document["id"], document["empreinte"], approbation)
    if (faute := _faute(approbation, message, cles)) is not None:
        faite.constats.append(f"{ou}.{faute}")
        return
    faite.verifie.append(f"Il est {_SENS[sens]} par {_PARTIES[partie]}, le {approbation['le']}.")


def _faute(signe: Mapping[str, Any], message: Mapping[str, Any], cles: Cles) -> str | None:
    cle, signature = signe["cle"], signe["signature"]
    publique = cles.get(cle) if isinstance(cle, str) else None
    if publique is None:
        return "cle : ce n'est pas une clé de confiance ; donnez sa clé publique par --cle-publique si c'en est une."
    valide = isinstance(signature, str) and signature_valide(publique, signature, message)
    return None if valide else "signature : elle ne vaut pas pour ce qu'elle signe, qui a été modifié, ou elle-même."
