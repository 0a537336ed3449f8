"""What must hold of every answer, whatever was asked."""

import re
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from tests.fuzz.fil import Reponse
from tests.fuzz.requetes import Demande
from tests.fuzz.valeurs import NIR, SECRETS

_CHAMPS = {"type", "title", "status", "detail", "instance"}
_ECHAPPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_ACCUSE = ("recues", "enregistrees", "doublons", "rejetees")


@dataclass
class Releve:
    """What a campaign saw; ``fautes`` are the defects, each with the number of its request."""

    lenteur_max_s: float = 2.0
    demandes: int = 0
    natures: Counter[str] = field(default_factory=Counter)
    statuts: Counter[int] = field(default_factory=Counter)
    accuses: Counter[str] = field(default_factory=Counter)
    sans_reponse: Counter[str] = field(default_factory=Counter)
    plus_lente_s: float = 0
    fautes: list[str] = field(default_factory=list)

    def noter(self, numero: int, demande: Demande, reponses: list[Reponse]) -> None:
        self.demandes += 1
        self.natures[demande.nature] += 1
        if not reponses:
            self.sans_reponse[demande.nature] += 1
        for reponse in reponses:
            self.statuts[reponse.statut] += 1
            if not demande.pause_s:
                self.plus_lente_s = max(self.plus_lente_s, reponse.duree_s)
            self.fautes += [f"n° {numero}, {demande.nature} : {faute}" for faute in self._fautes(demande, reponse)]
            if reponse.statut in (200, 201) and (accuse := _accuse(reponse)) is not None:
                self.accuses.update(accuse)

    def _fautes(self, demande: Demande, reponse: Reponse) -> list[str]:
        """Everything that is wrong with one answer."""
        trouvees = []
        if reponse.statut not in demande.statuts:
            trouvees.append(f"statut {reponse.statut}, attendus {sorted(demande.statuts)}")
        if not demande.pause_s and reponse.duree_s > self.lenteur_max_s:
            trouvees.append(f"réponse en {reponse.duree_s:.1f} s")
        if reponse.statut >= 400 and (mal := mal_formee(reponse)):
            trouvees.append(mal)
        if secret := repete(reponse.brute.decode("utf-8", "replace")):
            trouvees.append(f"la réponse répète {secret}")
        accuse = _accuse(reponse) if reponse.statut < 400 else None
        if accuse is not None and accuse["recues"] != sum(accuse[nom] for nom in _ACCUSE[1:]):
            trouvees.append(f"sommes fausses : {accuse}")
        return trouvees


def repete(texte: str) -> str | None:
    """The first secret that this text says, in any case, escaped or not."""
    dit = _ECHAPPE.sub(lambda trouve: chr(int(trouve[1], 16)), texte).lower()
    return next((secret for secret in (*SECRETS, NIR) if secret in dit), None)


def mal_formee(reponse: Reponse) -> str | None:
    """Why a refusal is no problem as the contract shapes it."""
    if reponse.entetes.get("content-type") != "application/problem+json":
        return f"refus en {reponse.entetes.get('content-type')}"
    try:
        corps = reponse.json()
        numero = UUID(reponse.entetes["x-request-id"])
    except (ValueError, KeyError):
        return "refus illisible, ou sans numéro de requête"
    if not corps.keys() >= _CHAMPS or corps["status"] != reponse.statut or corps["instance"] != f"urn:uuid:{numero}":
        return "refus qui n'est pas un problème du contrat"
    if reponse.statut == 401 and "www-authenticate" not in reponse.entetes:
        return "401 sans WWW-Authenticate"
    return None


def _accuse(reponse: Reponse) -> dict[str, int] | None:
    try:
        corps = reponse.json()
    except ValueError:
        return None
    return {nom: corps[nom] for nom in _ACCUSE} if isinstance(corps, dict) and "recues" in corps else None
