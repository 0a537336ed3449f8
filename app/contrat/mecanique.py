"""What an operation can answer by the way it is built: its key, its body, its parameters, its database."""

from collections.abc import Collection, Iterator

from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext

from app.acces.dependances import Exigence, refus_de_role
from app.erreurs import (
    BaseIndisponible,
    CleAbsente,
    CleRefusee,
    ErreurInterne,
    ErreurMetier,
    Surcharge,
    VersionDepassee,
)
from app.observabilite.bornes import trop_de_corps, trop_grand, trop_lent
from app.observabilite.medias import PORTEURS, autre_media, compresse, csv_attendu, formulaire_attendu
from app.observabilite.problemes import illisible
from app.parametres import parametre_inconnu, refuser_les_inconnus
from app.planning.routes import EN_CSV
from app.questionnaire.routes_page import EN_FORMULAIRE
from app.reponses import champ_requis
from app.stockage.dependances import DEPENDANCES, RELECTURES, TROP_DE_RELECTURES
from app.traces import dependances as des_traces
from app.traces import reception
from app.traces.lecture import pas_du_json


def exigence(dependant: Dependant) -> Exigence | None:
    """The roles that an operation asks for; None where it needs no key."""
    return next((appel for appel in _appels(dependant) if isinstance(appel, Exigence)), None)


def problemes(
    contexte: RouteContext, methode: str, exigee: Exigence | None, champ: str | None, parametres: Collection[str]
) -> Iterator[ErreurMetier]:
    """Every problem that follows from the mechanism.

    ``champ`` is a required field of the body, None where the operation takes no body; ``parametres`` are those of its
    query.
    """
    appels = set(_appels(contexte.dependant))
    servie_a_part = methode == "POST" and contexte.path in reception.CHEMINS
    en_csv = methode == "POST" and contexte.path in EN_CSV
    if exigee is not None:
        yield from (CleAbsente(), CleRefusee(), refus_de_role(exigee.roles))
    if champ is not None:
        yield pas_du_json() if servie_a_part else illisible()
    if champ is not None or en_csv:
        yield from (trop_lent(), trop_grand(), trop_de_corps())
    if not (RELECTURES | des_traces.RELECTURES).isdisjoint(appels):
        yield Surcharge(TROP_DE_RELECTURES)
    if methode in PORTEURS:
        yield _autre_media(contexte, en_csv=en_csv, servie_a_part=servie_a_part)
    if refuser_les_inconnus in appels and not servie_a_part:
        yield parametre_inconnu(parametres) if champ is None else champ_requis(champ)
    if any(parametre.alias == "If-Match" for parametre in _entetes(contexte.dependant)):
        yield VersionDepassee()
    yield ErreurInterne()
    if exigee is not None or not DEPENDANCES.isdisjoint(appels):
        yield BaseIndisponible()


def _autre_media(contexte: RouteContext, *, en_csv: bool, servie_a_part: bool) -> ErreurMetier:
    if contexte.path in EN_FORMULAIRE:
        return formulaire_attendu()
    return csv_attendu() if en_csv else autre_media() if servie_a_part else compresse()


def _entetes(dependant: Dependant) -> Iterator[ModelField]:
    yield from dependant.header_params
    for sous in dependant.dependencies:
        yield from _entetes(sous)


def _appels(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for sous in dependant.dependencies:
        yield from _appels(sous)
