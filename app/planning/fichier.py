"""PURE. The planning of a présérie as a file (RFC 4180): what its éditeur communicates, written, and read back."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.erreurs import CorpsInvalide, CsvIllisible, Faute
from app.fautes import champ, phrase
from app.formes import AAAA_MM_JJ
from app.francais import accorder
from app.planning.schemas import LignePlanning
from app.preseries.schemas import PiloteCorps, PiloteLu

COLONNES = ("numero_am", *PiloteCorps.model_fields)
PILOTES_MAX = 1_000
FAUTES_MAX = 100
"""So many faults are named; of the others it is said how many there are."""
_COLONNES_MAX = 100
_BOOLEENS = {
    "oui": True,
    "vrai": True,
    "true": True,
    "1": True,
    "non": False,
    "faux": False,
    "false": False,
    "0": False,
}
_OUI_OU_NON = frozenset({"sesam_vitale", "equipement_verifie"})
_JJ_MM_AAAA = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
Ligne = tuple[int, list[str]]
"""A line of the file by its number, with its cells."""


def ordonner(pilotes: Iterable[PiloteLu]) -> list[PiloteLu]:
    """By day of installation, done or else planned; those without one come last."""

    def rang(p: PiloteLu) -> tuple[date, str]:
        return p.installe_le or p.installation_prevue_le or date.max, p.numero_am

    return sorted(pilotes, key=rang)


def ecrire(pilotes: Iterable[PiloteLu]) -> str:
    """The file of these pilotes, in their order."""
    tampon = io.StringIO(newline="")
    redacteur = csv.writer(tampon, lineterminator="\r\n")
    redacteur.writerow(COLONNES)
    redacteur.writerows([_cellule(getattr(pilote, colonne)) for colonne in COLONNES] for pilote in pilotes)
    return tampon.getvalue()


def _cellule(valeur: str | bool | date | None) -> str:
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    return valeur.isoformat() if isinstance(valeur, date) else valeur or ""


def lire(contenu: bytes, connus: Mapping[str, PiloteCorps]) -> dict[str, PiloteCorps]:
    """What the pilotes of a file are to become, by N° AM; a column that it lacks leaves ``connus`` as they are.

    Raises CsvIllisible (400) for what is no file, CorpsInvalide (422) with every fault of what is one.
    """
    lignes = _lignes(_texte(contenu))
    numero, entete = next(lignes, (0, []))
    if not entete:
        raise CsvIllisible("Le fichier est vide : envoyez au moins sa ligne d'en-tête.")
    colonnes, fautes = _entete(numero, entete)
    lecture = _Lecture(colonnes, connus, entete_en_faute=bool(fautes))
    for rang, ligne in enumerate(lignes):
        if rang == PILOTES_MAX:
            raise CorpsInvalide(f"Un fichier tient au plus {PILOTES_MAX} pilotes : coupez-le et envoyez ses parties.")
        fautes += lecture.lire(*ligne)
    if fautes:
        raise _refus(fautes)
    return lecture.lus


def nommer_les_lignes(contenu: bytes, fautifs: Mapping[str, str]) -> list[Faute]:
    """One fault per line of a file that is well formed, by the N° AM at fault with the faulty field of each."""
    lignes = _lignes(_texte(contenu))
    colonne = next(lignes)[1].index("numero_am")
    trouvees = ((numero, fautifs.get(cellules[colonne])) for numero, cellules in lignes)
    return [_faute(numero, nom, "c'est ce pilote qui fait refuser le fichier") for numero, nom in trouvees if nom]


def _texte(contenu: bytes) -> str:
    try:
        return contenu.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CsvIllisible(
            "Le fichier n'est pas en UTF-8 : enregistrez-le à nouveau, au format CSV UTF-8, et renvoyez-le."
        ) from None


def _lignes(texte: str) -> Iterator[Ligne]:
    """The lines that hold something; the separator is that of the header."""
    entete = next(filter(str.strip, io.StringIO(texte, newline="")), "")
    separateur = ";" if entete.count(";") > entete.count(",") else ","
    lecteur = csv.reader(io.StringIO(texte, newline=""), delimiter=separateur, strict=True)
    suivante = 1
    try:
        for cellules in lecteur:
            numero, suivante = suivante, lecteur.line_num + 1
            nettes = [cellule.strip() for cellule in cellules]
            if any(nettes):
                yield numero, nettes
    except csv.Error:
        message = "guillemets mal placés ou non fermés, ou cellule démesurée"
        raise CsvIllisible(
            f"Le fichier n'est pas du CSV à partir de la ligne {suivante} : {message}.",
            erreurs=[_faute(suivante, None, message)],
        ) from None


def _entete(numero: int, entete: list[str]) -> tuple[list[str | None], list[Faute]]:
    """The field of each column, None where it is not one, and what is wrong with the header."""
    if len(entete) > _COLONNES_MAX:
        raise CorpsInvalide(f"L'en-tête a trop de colonnes. Celles d'un planning : {', '.join(COLONNES)}.")
    colonnes: list[str | None] = []
    fautes = []
    for position, nom in enumerate(entete, start=1):
        if nom not in COLONNES:
            message = f"colonne {position} : nom inconnu ; colonnes d'un planning : {', '.join(COLONNES)}"
            fautes.append(_faute(numero, None, message))
        elif nom in colonnes:
            message = f"colonne {position} : elle est déjà en position {colonnes.index(nom) + 1}"
            fautes.append(_faute(numero, nom, message))
        else:
            colonnes.append(nom)
            continue
        colonnes.append(None)
    if "numero_am" not in colonnes:
        fautes.append(_faute(numero, "numero_am", "colonne requise : elle dit de quel pilote parle chaque ligne"))
    return colonnes, fautes


class _Lecture:
    """Reads line after line under a header."""

    def __init__(self, colonnes: list[str | None], connus: Mapping[str, PiloteCorps], *, entete_en_faute: bool) -> None:
        self._colonnes = colonnes
        self._connus = connus
        self._entete_en_faute = entete_en_faute
        self._vus: dict[str, int] = {}
        self.lus: dict[str, PiloteCorps] = {}

    def lire(self, numero: int, cellules: list[str]) -> list[Faute]:
        """Keeps what a line says, and tells what is wrong with it."""
        if len(cellules) != len(self._colonnes):
            attendu = accorder(len(self._colonnes), "cellule attendue", "cellules attendues")
            message = f"{attendu}, une par colonne de l'en-tête ; la ligne en a {len(cellules)}"
            return [_faute(numero, None, message)]
        dit = {c: _valeur(c, texte) for c, texte in zip(self._colonnes, cellules, strict=True) if c is not None}
        connu = self._connus.get(str(dit.get("numero_am")))
        base = connu.model_dump(mode="json") if connu is not None else {}
        try:
            lue = LignePlanning.model_validate(base | dit)
        except ValidationError as erreur:
            fautes = self._fautes(numero, erreur.errors())
        else:
            fautes = []
            self.lus[lue.numero_am] = PiloteCorps.model_construct(**lue.model_dump(exclude={"numero_am"}))
        return fautes + self._repetee(numero, dit, fautes)

    def _fautes(self, numero: int, erreurs: Sequence[ErrorDetails]) -> list[Faute]:
        """In the order of the columns. What is missing may be so only since the header or the N° AM is wrong."""
        par_champ = {str(champ(e)): e for e in erreurs}
        incertaine = self._entete_en_faute or "numero_am" in par_champ
        return [
            _faute(numero, colonne, _message(par_champ[colonne]))
            for colonne in COLONNES
            if colonne in par_champ and not (incertaine and par_champ[colonne]["type"] == "missing")
        ]

    def _repetee(self, numero: int, dit: Mapping[str, object], fautes: list[Faute]) -> list[Faute]:
        numero_am = dit.get("numero_am")
        if not isinstance(numero_am, str) or any(faute["champ"] == "numero_am" for faute in fautes):
            return []
        premiere = self._vus.setdefault(numero_am, numero)
        return [] if premiere == numero else [_faute(numero, "numero_am", f"ce N° AM est déjà à la ligne {premiere}")]


def _valeur(colonne: str, texte: str) -> object:
    """A cell as the field's JSON value; what is not one stays a text, which the field refuses."""
    if not texte:
        return None
    if colonne in _OUI_OU_NON:
        return _BOOLEENS.get(texte.lower(), texte)
    francais = _JJ_MM_AAAA.fullmatch(texte) if colonne.endswith("_le") else None
    return "-".join(reversed(francais.groups())) if francais is not None else texte


def _message(erreur: ErrorDetails) -> str:
    if erreur["type"] == "missing":
        return "valeur requise pour un nouveau pilote : ajoutez sa colonne"
    if erreur["input"] is None:
        return "valeur requise"
    if erreur["type"] == "bool_type":
        return "« oui » ou « non » attendu"
    if erreur.get("ctx", {}).get("pattern") == AAAA_MM_JJ:
        return "jour attendu, de la forme AAAA-MM-JJ ou JJ/MM/AAAA"
    return phrase(erreur)


def _faute(ligne: int, nom: str | None, message: str) -> Faute:
    return {"champ": nom, "ligne": ligne, "message": message}


def _refus(fautes: list[Faute]) -> CorpsInvalide:
    tues = len(fautes) - FAUTES_MAX
    autres = accorder(tues, "autre ne l'est pas", "autres ne le sont pas")
    reste = f" Les {FAUTES_MAX} premières sont nommées, {autres}." if tues > 0 else ""
    nombre = accorder(len(fautes), "faute", "fautes")
    detail = f"Rien n'est importé : {nombre}, la première à la ligne {fautes[0].get('ligne')}.{reste}"
    return CorpsInvalide(f"{detail} Corrigez-les et renvoyez tout le fichier.", erreurs=fautes[:FAUTES_MAX])
