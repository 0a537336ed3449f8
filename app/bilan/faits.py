"""PURE. What is known of a présérie, as read in one statement: all that its bilan and its metrics are made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.bilan.figures import Cellule
from app.bilan.schemas import AnomalieLue
from app.preseries.annuaire import PARIS
from app.preseries.contraintes import PiloteJuge
from app.preseries.cycle import EtatTraces, Statut, etat_traces
from app.preseries.pilotes import EtatPilote, Suivi
from app.referentiels import VERSIONS, Referentiel


@dataclass(frozen=True, slots=True)
class Dossier:
    """A présérie with the codes of what it is about, and the instant of the snapshot."""

    id: int
    preserie: str
    logiciel: str
    module: str
    editeur: str
    categorie_ps: str
    referentiel_version: str
    statut: str
    traces_actives: bool
    traces_depuis_le: datetime | None
    demarree_le: datetime | None
    observee_depuis: date | None
    cpam: Sequence[str]
    fin_prevue_le: date | None
    pilotes_max: int | None
    solution_sesam_vitale: bool
    cnda_le: date | None
    purgee_le: datetime | None
    lu_le: datetime

    @property
    def referentiel(self) -> Referentiel:
        """The rules that the présérie started under, whatever is in force now."""
        return VERSIONS[self.categorie_ps, self.referentiel_version]

    @property
    def attend_des_traces(self) -> bool:
        return etat_traces(Statut(self.statut), self.traces_actives) is EtatTraces.ACTIVES


@dataclass(frozen=True, slots=True)
class Reception:
    """Receptions of one pilote (0: of no known one) with one outcome, and when the last came."""

    pilote_id: int
    issue: str
    nombre: int
    derniere_le: datetime


@dataclass(frozen=True, slots=True)
class Operation:
    """Distinct traces of one operation, and the first emission."""

    succes: int
    echecs: int
    premiere_le: datetime


@dataclass(frozen=True, slots=True)
class PiloteInscrit(PiloteJuge):
    """A pilote as the registry knows it."""

    id: int


@dataclass(frozen=True, slots=True)
class Faits:
    """One présérie; ``au`` is the instant as of which receptions are counted, None for now.

    ``jours_phase_2``: phase 2 executions by day. ``ailleurs``: N° AM of the pilotes in the other open préséries of its
    logiciel and catégorie. Both are empty where they were not asked for.
    """

    dossier: Dossier
    au: datetime | None
    cellules: Sequence[Cellule]
    receptions: Sequence[Reception]
    operations: Mapping[str, Operation]
    anomalies: Sequence[AnomalieLue]
    pilotes: Sequence[PiloteInscrit]
    jalons: Mapping[str, date]
    jours_phase_2: Mapping[date, int]
    ailleurs: Collection[str]

    @property
    def instant(self) -> datetime:
        """That of which it is told."""
        return self.au or self.dossier.lu_le

    @property
    def aujourd_hui(self) -> date:
        return self.instant.astimezone(PARIS).date()

    def suivi(self, pilote: PiloteInscrit) -> Suivi:
        siennes = [r.derniere_le for r in self.receptions if r.pilote_id == pilote.id]
        attendues = self.dossier.traces_depuis_le if self.dossier.attend_des_traces else None
        return Suivi(pilote.installe_le, pilote.retire_le, max(siennes, default=None), attendues)

    def etats(self, pilote: PiloteInscrit, maintenant: datetime) -> list[EtatPilote]:
        """Where a pilote stands at an instant, by the silence that its référentiel allows."""
        silence = timedelta(days=self.dossier.referentiel.pilotes.silence_jours)
        return self.suivi(pilote).etats(maintenant, silence)
