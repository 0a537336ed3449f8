"""Pure: what became of the traces. Each has one outcome: recues = enregistrees + doublons + rejetees."""

from collections import Counter
from dataclasses import dataclass, field

from app.poste import lecture
from app.poste.lecture import ReponseInattendue
from app.poste.lots import Lot, TraceEncodee

CORPS_TROP_GRAND = "corps-trop-grand"
DESACTIVEES = "desactivees"


@dataclass(frozen=True, slots=True)
class Rejet:
    """A refused trace: sending it again as it is would change nothing."""

    position: int
    code: str
    champ: str | None = None
    detail: str | None = None


@dataclass(slots=True)
class Resultat:
    """The outcome of one lot, or the sum of several.

    A trace too large to be sent is refused here, with the code `corps-trop-grand`; it counts as received and
    refused, so that the parts add up. `arret` says why sending stopped early, `restantes` how many traces
    then remained.
    """

    lots: int = 0
    recues: int = 0
    enregistrees: int = 0
    doublons: int = 0
    rejetees: int = 0
    rejets_detailles: list[Rejet] = field(default_factory=list)
    avertissements: Counter[str] = field(default_factory=Counter)
    reprises: int = 0
    duree_s: float = 0.0
    traces_postes: str | None = None
    arret: str | None = None
    restantes: int = 0

    @property
    def rejets(self) -> Counter[str]:
        """Refused traces by code."""
        return Counter(rejet.code for rejet in self.rejets_detailles)

    def ajouter(self, autre: "Resultat") -> None:
        """Adds the outcome of one more lot; `duree_s`, `arret` and `restantes` belong to the whole alone."""
        self.lots += autre.lots
        self.recues += autre.recues
        self.enregistrees += autre.enregistrees
        self.doublons += autre.doublons
        self.rejetees += autre.rejetees
        self.rejets_detailles += autre.rejets_detailles
        self.avertissements += autre.avertissements
        self.reprises += autre.reprises
        self.traces_postes = autre.traces_postes or self.traces_postes


def refus_local(trace: TraceEncodee) -> Resultat:
    """The outcome of a trace that is too large to be sent, even alone."""
    detail = "La trace dépasse à elle seule la taille acceptée : raccourcissez ses textes."
    rejet = Rejet(trace.position, CORPS_TROP_GRAND, detail=detail)
    return Resultat(lots=1, recues=1, rejetees=1, rejets_detailles=[rejet])


def lire_accuse(contenu: bytes, lot: Lot) -> Resultat:
    """The service's answer for this lot, with the positions of the source instead of those in the lot."""
    accuse = lecture.objet(contenu)
    resultat = Resultat(
        lots=1,
        recues=lecture.entier(accuse, "recues"),
        enregistrees=lecture.entier(accuse, "enregistrees"),
        doublons=lecture.entier(accuse, "doublons"),
        rejetees=lecture.entier(accuse, "rejetees"),
        rejets_detailles=[_rejet(rejet, lot) for rejet in lecture.objets(accuse, "rejets")],
        avertissements=Counter(lecture.texte(avis, "code") for avis in lecture.objets(accuse, "avertissements")),
        traces_postes=lecture.etat_traces(accuse),
    )
    issues = resultat.enregistrees + resultat.doublons + resultat.rejetees
    if not len(lot) == resultat.recues == issues:
        raise ReponseInattendue
    if not resultat.rejetees == len(resultat.rejets_detailles):
        raise ReponseInattendue
    return resultat


def _rejet(rejet: dict[str, object], lot: Lot) -> Rejet:
    index = lecture.entier(rejet, "index")
    if index >= len(lot):
        raise ReponseInattendue
    champ, detail = lecture.texte_ou_rien(rejet, "champ"), lecture.texte_ou_rien(rejet, "detail")
    return Rejet(lot.traces[index].position, lecture.texte(rejet, "code"), champ, detail)
