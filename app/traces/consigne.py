"""What a workstation is told: keep sending traces, or stop."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import to_jsonable_python

from app.preseries.annuaire import Affectation, Annuaire, LogicielConnu
from app.preseries.cycle import EtatTraces
from app.preseries.registre import Registre
from app.traces.refus import DETAILS, Refus, TraceRefusee
from app.traces.schemas import ConsigneLue
from app.traces.tri import Emetteur

PROCHAINE_S = 900


@dataclass(frozen=True, slots=True)
class Consigne:
    """The state of the traces of one workstation, and since when; ``depuis_le`` is None before any start."""

    etat: EtatTraces
    depuis_le: datetime | None

    def corps(self) -> ConsigneLue:
        return {
            "traces_postes": self.etat.value,
            "depuis_le": to_jsonable_python(self.depuis_le),
            "prochaine_consultation_s": PROCHAINE_S,
        }

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(repr(self.corps()).encode()).hexdigest()[:16]}"'


async def lire(registre: Registre, emetteur: Emetteur, logiciel: str, numero_am: str) -> Consigne:
    """The consigne of one N° AM on one logiciel; raises TraceRefusee (403) where the key is not theirs.

    Only ``actives`` is said from memory alone: it may lag a switch-off by a second, where all else holds at once.
    """
    annuaire, fraiche = await registre.lire([logiciel])
    connu, affectation = _trouver(annuaire, logiciel, numero_am)
    if not fraiche and (affectation is None or affectation.preserie.etat is not EtatTraces.ACTIVES):
        connu, affectation = _trouver(await registre.confirmer([logiciel]), logiciel, numero_am)
    if connu is not None and emetteur.editeur is not None and connu.editeur != emetteur.editeur:
        raise _interdit(Refus.LOGICIEL_INTERDIT, "logiciel")
    if emetteur.numero_am is not None and emetteur.numero_am != numero_am:
        raise _interdit(Refus.PILOTE_INTERDIT, "numero_am")
    if affectation is None:
        return Consigne(EtatTraces.INACTIVES, None)
    return Consigne(affectation.preserie.etat, affectation.preserie.depuis_le)


def _trouver(annuaire: Annuaire, logiciel: str, numero_am: str) -> tuple[LogicielConnu | None, Affectation | None]:
    connu = annuaire.get(logiciel)
    return connu, connu.affectations.get(numero_am) if connu is not None else None


def _interdit(refus: Refus, champ: str) -> TraceRefusee:
    return TraceRefusee(refus, DETAILS[refus], champ, None)
