"""PURE. The answer as a form of the page sends it, and as the page shows it again."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from app.erreurs import Faute
from app.questionnaire.regles import NOTES
from app.questionnaire.schemas import ReponseDonnee

OPERATION = "operations."
OUI, NON = "oui", "non"
_CHAMPS_MAX = 100
_NOTES = {str(note): note for note in NOTES}
_BOOLEENS = {OUI: True, NON: False}
_PHRASES = {"satisfaction": "choisissez une réponse", "frein_bloquant": "répondez par oui ou par non"}
Saisie = Mapping[str, str]
"""What stands in the form, by the names of its fields."""


def lire(corps: bytes) -> Saisie:
    """The fields of a form; the ends of their lines are what a text has. Raises ValueError where it is none."""
    champs = parse_qsl(corps.decode(), keep_blank_values=True, errors="strict", max_num_fields=_CHAMPS_MAX)
    return {nom: valeur.replace("\r\n", "\n") for nom, valeur in champs}


def en_reponse(saisie: Saisie) -> dict[str, object]:
    """The body that the same answer would be; what was not chosen is left out, what was is as it came where unknown."""
    notes = {nom.removeprefix(OPERATION): v for nom, v in saisie.items() if nom.startswith(OPERATION) and v}
    reste = {nom: v for nom, v in saisie.items() if not nom.startswith(OPERATION)}
    lus: dict[str, object] = {**reste, "operations": {o: _NOTES.get(v, v) for o, v in notes.items()}}
    for nom, valeurs in (("satisfaction", _NOTES), ("frein_bloquant", _BOOLEENS)):
        if nom in reste:
            lus[nom] = valeurs.get(reste[nom], reste[nom])
    return lus


def en_saisie(reponse: ReponseDonnee | None) -> Saisie:
    """The form as it stands before it is filled in again."""
    if reponse is None:
        return {}
    return {
        "satisfaction": str(reponse.satisfaction),
        **{OPERATION + operation: str(note) for operation, note in reponse.operations.items()},
        "frein_bloquant": OUI if reponse.frein_bloquant else NON,
        "frein": reponse.frein or "",
        "commentaire": reponse.commentaire or "",
    }


def phrases(fautes: Sequence[Faute]) -> dict[str, str]:
    """What to mend in the form, by field; ``""`` is for what no field of the page can be at fault for."""
    dites: dict[str, str] = {}
    for faute in fautes:
        champ = (faute["champ"] or "").partition(".")[0]
        phrase = _PHRASES.get(champ, faute["message"].removeprefix("valeur refusée : "))
        dites.setdefault(champ, f"{phrase[0].upper()}{phrase[1:]}.")
    return dites
