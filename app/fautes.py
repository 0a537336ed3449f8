"""PURE. Says in French, without repeating any value, what pydantic found wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from app.erreurs import Faute
from app.formes import AAAA_MM_JJ, CODE, CODE_ET_CODE, CPAM, ETOILE, NUMERO_AM, RFC_3339, SANS_NUL

_PHRASES: dict[str, str] = {
    "missing": "champ requis",
    "extra_forbidden": "un champ n'est pas prévu : n'envoyez que les champs du contrat",
    "string_type": "texte attendu",
    "string_unicode": "texte illisible : caractère Unicode invalide",
    "string_too_short": "texte trop court : au moins {min_length} caractère(s)",
    "string_too_long": "texte trop long : {max_length} caractères au plus",
    "int_type": "nombre entier attendu, sans guillemets ni décimales",
    "int_parsing": "nombre entier attendu",
    "int_parsing_size": "nombre hors de bornes",
    "bool_type": "true ou false attendu, sans guillemets",
    "bool_parsing": "true ou false attendu",
    "uuid_type": "UUID attendu, entre guillemets",
    "uuid_parsing": "UUID attendu",
    "date_type": "jour attendu, de la forme AAAA-MM-JJ",
    "date_from_datetime_parsing": "ce jour n'existe pas : AAAA-MM-JJ attendu",
    "date_from_datetime_inexact": "jour attendu, de la forme AAAA-MM-JJ",
    "date_parsing": "jour attendu, de la forme AAAA-MM-JJ",
    "datetime_from_date_parsing": "cet instant n'existe pas : RFC 3339 avec décalage attendu",
    "datetime_parsing": "cet instant n'existe pas : RFC 3339 avec décalage attendu",
    "greater_than_equal": "au moins {ge}",
    "less_than_equal": "au plus {le}",
    "less_than": "moins que {lt}",
    "list_type": "tableau attendu",
    "too_short": "au moins {min_length} élément(s)",
    "too_long": "au plus {max_length} éléments",
    "dict_type": "objet attendu",
    "model_attributes_type": "objet attendu",
    "model_type": "objet attendu",
    "json_invalid": "JSON illisible : un texte, un nombre ou une imbrication n'est pas valide",
    "value_error": "valeur refusée : {error}",
}
_EMPLACEMENTS = ("body", "query", "path", "header")
"""Where FastAPI says that it found a field; callers know fields by their own name."""
_FORMES: dict[str, str] = {
    RFC_3339: "instant RFC 3339 avec décalage attendu, par exemple 2026-11-20T09:12:44.120+01:00",
    AAAA_MM_JJ: "jour attendu, de la forme AAAA-MM-JJ",
    NUMERO_AM: "N° AM attendu : 9 caractères, un chiffre, puis un chiffre, A ou B, puis 7 chiffres",
    CODE: "code attendu : minuscules, chiffres et tirets, de 2 à 63 caractères",
    CODE_ET_CODE: "curseur illisible : reprenez « suivant » de la page précédente",
    CPAM: "code de CPAM attendu : son département, par exemple 33 ou 2A",
    ETOILE: "« * » attendu, et rien d'autre",
    SANS_NUL: "caractère NUL refusé",
}


def phrase(faute: ErrorDetails) -> str:
    """One sentence for one fault; only what the contract itself fixes appears in it."""
    contexte: Mapping[str, Any] = faute.get("ctx", {})
    if faute["type"] == "missing" and champ(faute) is None:
        return "corps requis : envoyez un objet JSON"
    if faute["type"] == "string_pattern_mismatch":
        return _FORMES.get(contexte["pattern"], "caractères inattendus : lettres, chiffres et « . _ - », 64 au plus")
    if faute["type"] in ("literal_error", "enum"):
        attendues = str(contexte["expected"]).replace("'", "").replace(" or ", " ou ")
        return "valeur attendue : " + attendues.replace("True", "true").replace("False", "false")
    return _PHRASES.get(faute["type"], "valeur invalide").format(**contexte)


def champ(faute: ErrorDetails) -> str | None:
    """The dotted name of the faulty field; None where the caller chose the name."""
    if faute["type"] == "extra_forbidden":
        return None
    morceaux = [m for m in faute["loc"] if isinstance(m, str)]
    return ".".join(morceaux[1:] if morceaux[:1] and morceaux[0] in _EMPLACEMENTS else morceaux) or None


def fautes(erreurs: Sequence[ErrorDetails]) -> list[Faute]:
    """Faults of a body as the contract's ``erreurs``."""
    return [{"champ": champ(e), "message": phrase(e)} for e in erreurs]
