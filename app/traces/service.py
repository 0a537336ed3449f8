"""Use cases: receive the traces of one POST, or try them. What a reception's answer says is on disk before it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

from app.erreurs import Surcharge
from app.preseries.annuaire import Annuaire
from app.preseries.cycle import EtatTraces, resume
from app.preseries.registre import Registre
from app.stockage.base import Base
from app.traces import depot
from app.traces.ecriture import CHAMPS_FAUTIFS, Ecrivain
from app.traces.essai import Essai
from app.traces.lecture import Illisible, lire
from app.traces.refus import DETAILS, DU_REGISTRE, HORLOGE_DECALEE, Issue, Refus
from app.traces.schemas import TraceRecue
from app.traces.tri import Admise, CleTrace, Emetteur, Rejet, SansSuite, avance, trier

_IMPOSSIBLE = "Cette trace n'a pas pu être enregistrée telle quelle : vérifiez ses textes et transmettez-la à la Cnam."
_REPRISES = 3
"""How often a trace is sorted again whose présérie closed in between."""
_Element: TypeAlias = TraceRecue | Illisible


@dataclass(slots=True)
class Reception:
    """What became of each trace of one POST, by its index."""

    seule: bool
    recues: int
    enregistrees: int = 0
    doublons: int = 0
    rejets: list[tuple[int, Rejet]] = field(default_factory=list)
    avertissements: list[tuple[int, str, str]] = field(default_factory=list)
    """Index, code and detail."""
    traces_postes: EtatTraces = EtatTraces.INACTIVES


async def recevoir(corps: bytes, emetteur: Emetteur, registre: Registre, ecrivain: Ecrivain) -> Reception:
    """Parses, sorts, writes and counts the traces of one body.

    What memory sorted under an old view is sorted again once the database refuses to write it. Raises what ``lire``
    and ``Ecrivain.ecrire`` raise; a refused trace is no error but a rejet of the result.
    """
    lecture = lire(corps)
    sorties = await _trier_tout(lecture.elements, emetteur, registre)
    reception = Reception(lecture.seule, len(lecture.elements))
    fermees = await _ecrire(reception, list(enumerate(sorties)), emetteur, ecrivain)
    reprises = 0
    while fermees:
        if (reprises := reprises + 1) > _REPRISES:
            raise Surcharge
        elements = [lecture.elements[index] for index in fermees]
        exact = await registre.confirmer(_codes(elements))
        retriees = list(zip(fermees, _trier(elements, exact, emetteur, datetime.now(UTC)), strict=True))
        for index, sortie in retriees:
            sorties[index] = sortie
        fermees = await _ecrire(reception, retriees, emetteur, ecrivain)
    return _conclure(reception, sorties)


async def _ecrire(
    reception: Reception, sorties: list[tuple[int, Admise | Rejet]], emetteur: Emetteur, ecrivain: Ecrivain
) -> list[int]:
    """Writes and notes what was sorted; gives the indexes of traces whose présérie is no longer open."""
    admises = [(i, s) for i, s in sorties if isinstance(s, Admise)]
    rejets = [(i, s) for i, s in sorties if isinstance(s, Rejet)]
    reception.rejets += rejets
    refus = [_sans_suite(r, r.compte, emetteur) for _, r in rejets if r.compte is not None]
    issues = await ecrivain.ecrire([a for _, a in admises], refus) if admises or refus else []
    fermees = []
    for (index, admise), issue in zip(admises, issues, strict=True):
        if issue is Issue.ENREGISTREE and admise.avertissement is None:
            reception.enregistrees += 1
        elif issue is Issue.FERMEE:
            fermees.append(index)
        else:
            _noter(reception, index, admise, issue)
    return fermees


async def essayer(corps: bytes, emetteur: Emetteur, registre: Registre, base: Base) -> Reception:
    """What ``recevoir`` would say, with nothing stored or counted, and the registry's refusals as warnings."""
    lecture = lire(corps)
    sorties = await _trier_tout(lecture.elements, emetteur, registre)
    reception = Reception(lecture.seule, len(lecture.elements))
    cles = {s.ligne.cle for s in sorties if isinstance(s, Admise)}
    essai = Essai(await _presentes(base, cles) if cles else {})
    for index, (element, sortie) in enumerate(zip(lecture.elements, sorties, strict=True)):
        _essayer_une(reception, essai, index, element, sortie)
    return _conclure(reception, sorties)


async def _presentes(base: Base, cles: set[CleTrace]) -> dict[CleTrace, bytes]:
    async with base.brute() as connexion:
        return await depot.retrouver(connexion, cles)


def _essayer_une(reception: Reception, essai: Essai, index: int, element: _Element, sortie: Admise | Rejet) -> None:
    if isinstance(sortie, Admise):
        issue = essai.essayer(sortie)
        if issue is Issue.DESACTIVEE:
            reception.avertissements.append((index, issue.value, DETAILS[Refus.TRACES_DESACTIVEES]))
            issue = Issue.ENREGISTREE
        _noter(reception, index, sortie, issue)
    elif isinstance(element, Illisible) or sortie.refus not in DU_REGISTRE:
        reception.rejets.append((index, sortie))
    elif (issue := essai.essayer_hors_registre(element)) is Issue.REUTILISEE:
        reception.rejets.append((index, _reutilise(sortie)))
    else:
        _compter(reception, issue)
        reception.avertissements.append((index, sortie.refus.value, sortie.detail))
        if (detail := avance(element["emise_le"], datetime.now(UTC))) is not None:
            reception.avertissements.append((index, HORLOGE_DECALEE, detail))


def _reutilise(rejet: Rejet) -> Rejet:
    refus = Refus.IDENTIFIANT_REUTILISE
    return Rejet(refus, rejet.id, CHAMPS_FAUTIFS[Issue.REUTILISEE], DETAILS[refus], None, rejet.etat)


def _conclure(reception: Reception, sorties: list[Admise | Rejet]) -> Reception:
    reception.rejets.sort(key=lambda rejet: rejet[0])
    etats: list[EtatTraces] = []
    for sortie in sorties:  # a set would ask each state for its hash, in Python
        if sortie.etat is not None and sortie.etat not in etats:
            etats.append(sortie.etat)
    reception.traces_postes = resume(etats)
    return reception


async def _trier_tout(elements: list[_Element], emetteur: Emetteur, registre: Registre) -> list[Admise | Rejet]:
    """Sorts under what memory knows; where that would refuse anything, only once that is what the database has."""
    codes = _codes(elements)
    annuaire, fraiche = await registre.lire(codes) if codes else ({}, True)
    maintenant = datetime.now(UTC)
    sorties = _trier(elements, annuaire, emetteur, maintenant)
    if fraiche or all(isinstance(s, Admise) and not s.arretee for s in sorties):
        return sorties
    exact = await registre.confirmer(codes)
    return sorties if exact == annuaire else _trier(elements, exact, emetteur, maintenant)


def _trier(
    elements: list[_Element], annuaire: Annuaire, emetteur: Emetteur, maintenant: datetime
) -> list[Admise | Rejet]:
    return [trier(element, annuaire, emetteur, maintenant) for element in elements]


def _codes(elements: list[_Element]) -> set[str]:
    return {code for element in elements if (code := _logiciel(element)) is not None}


def _logiciel(element: _Element) -> str | None:
    return element.logiciel if isinstance(element, Illisible) else element["logiciel"]


def _sans_suite(rejet: Rejet, compte: tuple[int, int], emetteur: Emetteur) -> SansSuite:
    preserie_id, pilote_id = compte
    trace_id = UUID(rejet.id) if rejet.id is not None else None
    dite = rejet.provenance
    return SansSuite(preserie_id, pilote_id, emetteur.cle_id, rejet.refus.value, rejet.champ, trace_id, *dite)


def _noter(reception: Reception, index: int, admise: Admise, issue: Issue) -> None:
    if issue not in (Issue.ENREGISTREE, Issue.DOUBLON):
        refus = Refus(issue.value)
        detail = _IMPOSSIBLE if issue is Issue.IMPOSSIBLE else DETAILS[refus]
        rejet = Rejet(refus, str(admise.ligne.id), CHAMPS_FAUTIFS.get(issue), detail, None, admise.etat)
        reception.rejets.append((index, rejet))
        return
    _compter(reception, issue)
    if admise.avertissement is not None:
        reception.avertissements.append((index, HORLOGE_DECALEE, admise.avertissement))


def _compter(reception: Reception, issue: Issue) -> None:
    if issue is Issue.ENREGISTREE:
        reception.enregistrees += 1
    else:
        reception.doublons += 1
