"""A registry made to measure for the pure tests of reception, and traces sorted under it."""

import json
from datetime import UTC, date, datetime

from app.preseries.annuaire import Annuaire, LogicielConnu, PiloteConnu, PreserieConnue
from app.preseries.cycle import EtatTraces
from app.referentiels import OPERATIONS, TYPES_PRESCRIPTION
from app.traces.lecture import lire
from app.traces.tri import Admise, Emetteur, Rejet, trier
from tests.outils import Corps

CLE = bytes(range(32))
NIR = "185057800608491"
MAINTENANT = datetime(2026, 10, 21, 8, tzinfo=UTC)
CNAM = Emetteur(1, None, None)
ACCORD = date(2026, 9, 22)


def preserie(
    numero: int,
    etat: EtatTraces = EtatTraces.ACTIVES,
    *,
    cle: bytes | None = CLE,
    accord_le: date = ACCORD,
    pilotes: tuple[str, ...] = (),
    operations: tuple[str, ...] = OPERATIONS,
    types_prescription: tuple[str, ...] = TYPES_PRESCRIPTION,
) -> PreserieConnue:
    """A présérie whose pilotes bear ids from ``numero * 10`` on."""
    connus = {numero_am: PiloteConnu(numero * 10 + rang, accord_le) for rang, numero_am in enumerate(pilotes)}
    return PreserieConnue(numero, etat, None, cle, connus, frozenset(operations), frozenset(types_prescription))


OUVERTE = preserie(1, pilotes=("389391422",))
FERMEE = preserie(2, EtatTraces.INACTIVES, pilotes=("111111111",))
ETEINTE = preserie(3, EtatTraces.DESACTIVEES, pilotes=("222222222",))
CLOTUREE = preserie(5, EtatTraces.DESACTIVEES, cle=None, pilotes=("444444444",))
ANNUAIRE: Annuaire = {
    "ortho-plus": LogicielConnu("ortho-soft", (OUVERTE, FERMEE, ETEINTE, CLOTUREE)),
    "rival": LogicielConnu("rival-soft", (preserie(6, pilotes=("389391422",)),)),
}


def trier_un(
    corps: Corps | str, annuaire: Annuaire = ANNUAIRE, emetteur: Emetteur = CNAM, maintenant: datetime = MAINTENANT
) -> Admise | Rejet:
    """The outcome of one trace, from its JSON on."""
    texte = corps if isinstance(corps, str) else json.dumps(corps)
    (element,) = lire(texte.encode()).elements
    return trier(element, annuaire, emetteur, maintenant)


def admise(corps: Corps | str, annuaire: Annuaire = ANNUAIRE, maintenant: datetime = MAINTENANT) -> Admise:
    """The same for a trace that must be accepted."""
    sortie = trier_un(corps, annuaire, maintenant=maintenant)
    assert isinstance(sortie, Admise), sortie
    return sortie


def rejet(corps: Corps | str, annuaire: Annuaire = ANNUAIRE, emetteur: Emetteur = CNAM) -> Rejet:
    """The same for a trace that must be refused."""
    sortie = trier_un(corps, annuaire, emetteur)
    assert isinstance(sortie, Rejet), sortie
    return sortie
