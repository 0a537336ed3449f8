"""The oracle's reading of one trace, written from CONTRACT.md (« Traces ») and DOMAIN.md alone, without the app."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

Contenu = dict[str, Any]

ORIGINES = ("logiciel", "poste", "reseau", "teleservice", "utilisateur")
OPERATIONS = ("consultation", "execution", "modification", "annulation")
TYPES = (
    "medicaments",
    "dispositifs_medicaux",
    "biologie",
    "actes_infirmiers",
    "kinesitherapie",
    "orthophonie",
    "orthoptie",
    "pedicurie",
)
HORS_PERIMETRE = ("imagerie", "transports")
_REQUIS = ("id", "emise_le", "numero_am", "logiciel", "version", "operation", "resultat")
_CHAMPS = {
    *_REQUIS,
    *("poste", "sequence", "ordonnance", "numero_execution", "type_prescription", "erreur", "scor_envoye", "duree_ms"),
}
_ENTIERS = {"numero_execution": (1, 10_000), "duree_ms": (0, 2**31 - 1), "sequence": (0, 2**63 - 1)}
_TEXTES = {"version": 32, "poste": 64, "ordonnance": 64}
_HEURE = r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?"
_INSTANT = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)[Tt]{_HEURE}(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)


def lire(recue: object) -> Contenu | None:
    """The parsed values of a valid trace: equal for equal contents, however they were written. None if invalid."""
    if not isinstance(recue, dict) or not set(recue) <= _CHAMPS:
        return None
    trace = {champ: valeur for champ, valeur in recue.items() if valeur is not None}
    if not _bien_formee(trace):
        return None
    identifiant, emise_le = _uuid(trace["id"]), instant(trace["emise_le"])
    erreur = _lire_erreur(trace.get("erreur")) if "erreur" in trace else None
    if identifiant is None or emise_le is None or ("erreur" in trace and erreur is None):
        return None
    if (trace["resultat"] == "echec") != ("erreur" in trace):
        return None
    if trace["operation"] == "execution" and not {"ordonnance", "type_prescription"} <= set(trace):
        return None
    lue: Contenu = {"numero_execution": 1} | trace | {"id": identifiant, "emise_le": emise_le}
    return lue | {"erreur": erreur} if erreur is not None else lue


def _bien_formee(trace: Contenu) -> bool:
    return (
        all(champ in trace for champ in _REQUIS)
        and isinstance(trace["numero_am"], str)
        and re.fullmatch("[0-9][0-9AB][0-9]{7}", trace["numero_am"]) is not None
        and isinstance(trace["logiciel"], str)
        and re.fullmatch("[a-z0-9][a-z0-9-]{1,62}", trace["logiciel"]) is not None
        and trace["operation"] in OPERATIONS
        and trace["resultat"] in ("succes", "echec")
        and trace.get("type_prescription", TYPES[0]) in TYPES
        and isinstance(trace.get("scor_envoye", True), bool)
        and all(_texte(trace[champ], taille) for champ, taille in _TEXTES.items() if champ in trace)
        and all(_entier(trace[champ], *bornes) for champ, bornes in _ENTIERS.items() if champ in trace)
    )


def _lire_erreur(recue: object) -> Contenu | None:
    if not isinstance(recue, dict) or not set(recue) <= {"code", "origine", "bloquante", "message"}:
        return None
    erreur = {champ: valeur for champ, valeur in recue.items() if valeur is not None}
    correcte = (
        {"code", "origine"} <= set(erreur)
        and isinstance(erreur["code"], str)
        and re.fullmatch("[A-Za-z0-9._-]{1,64}", erreur["code"]) is not None
        and erreur["origine"] in ORIGINES
        and isinstance(erreur.get("bloquante", True), bool)
        and ("message" not in erreur or _texte(erreur["message"], 500))
    )
    return {"bloquante": False} | erreur if correcte else None


def instant(texte: object) -> datetime | None:
    """An RFC 3339 instant in UTC, to the microsecond."""
    trouve = _INSTANT.fullmatch(texte) if isinstance(texte, str) else None
    if trouve is None:
        return None
    *nombres, fraction, signe, heures, minutes = trouve.groups()
    annee, mois, jour, heure, minute, seconde = map(int, nombres)
    decalage = timedelta(hours=int(heures or 0), minutes=int(minutes or 0))
    if decalage >= timedelta(days=1) or int(minutes or 0) > 59:
        return None
    try:
        local = datetime(annee, mois, jour, heure, minute, seconde, int(((fraction or "") + "000000")[:6]), UTC)
        return local + decalage if signe == "-" else local - decalage
    except (ValueError, OverflowError):
        return None


def porte_un_nir(lue: Contenu) -> bool:
    """Whether a free text of the trace holds 15 digits with a valid key, separators or not."""
    erreur = lue.get("erreur", {})
    textes = (lue["version"], lue.get("poste", ""), erreur.get("code", ""), erreur.get("message", ""))
    return any(_contient_nir(texte) for texte in textes)


def _contient_nir(texte: str) -> bool:
    suites = (re.sub("[ .-]", "", suite) for suite in re.findall(r"[0-9AB .-]+", texte.upper()))
    return any(re.fullmatch(r"\d{5}(?:\d\d|2A|2B)\d{8}", suite) and _cle_juste(suite) for suite in suites)


def _cle_juste(candidat: str) -> bool:
    numero = int(candidat[:13].replace("2A", "19").replace("2B", "18"))
    return 97 - numero % 97 == int(candidat[13:])


def _uuid(valeur: object) -> UUID | None:
    forme = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    return UUID(valeur) if isinstance(valeur, str) and re.fullmatch(forme, valeur) else None


def _texte(valeur: object, taille: int) -> bool:
    return (
        isinstance(valeur, str)
        and 0 < len(valeur) <= taille
        and "\0" not in valeur
        and not any("\ud800" <= c <= "\udfff" for c in valeur)
    )


def _entier(valeur: object, bas: int, haut: int) -> bool:
    return isinstance(valeur, int) and not isinstance(valeur, bool) and bas <= valeur <= haut
