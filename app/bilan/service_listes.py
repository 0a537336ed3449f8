"""Use cases: the lists behind every figure of a bilan, and one execution with its traces."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.bilan import depot_listes, fichier
from app.bilan.conformite import conformite
from app.bilan.faits import Dossier
from app.bilan.filtres import FiltreExecutions, FiltreReceptions, FiltreTraces
from app.bilan.identifiants import CleExecution, lire_identifiant
from app.bilan.schemas_listes import (
    ErreurLue,
    ExecutionDetaillee,
    ExecutionLue,
    MiseALEcartLue,
    ReceptionLue,
    TraceLue,
)
from app.bilan.service import dossier_visible
from app.bilan.sources import Source
from app.erreurs import Introuvable, TracesPurgees
from app.parametres import Page, curseur, numero
from app.preseries.schemas import PrerequisLu
from app.traces.refus import Issue, Refus

EXECUTION_INCONNUE = "Aucune exécution de cet identifiant ne vous est connue : reprenez-le dans /executions."
T = TypeVar("T")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Demande:
    """A page of a list of one présérie, as known at ``au`` (None: now); the first one where ``apres`` is None."""

    session: AsyncSession
    acces: Acces
    preserie: str
    au: datetime | None
    apres: str | None
    limite: int

    async def ouvrir(self) -> tuple[Dossier, Source]:
        return await dossier_visible(self.session, self.acces, self.preserie, self.au)

    async def ouvrir_les_traces(self) -> tuple[Dossier, Source]:
        """For a list of raw data; raises TracesPurgees (410) once they are gone, or on their way."""
        dossier, source = await self.ouvrir()
        if dossier.purgee_le is not None:
            raise TracesPurgees
        return dossier, source

    def curseur(self, lire: Callable[[str], C | None]) -> C | None:
        """The cursor as read; raises CorpsInvalide (422) where it is not one that a page gave."""
        return curseur(self.apres, lire)

    def page(
        self, lignes: Sequence[RowMapping], lue: Callable[[RowMapping], T], curseur: Callable[[RowMapping], str]
    ) -> Page[T]:
        """A page of what was read with one row more than asked."""
        suivant = curseur(lignes[self.limite - 1]) if len(lignes) > self.limite else None
        return Page(elements=[lue(ligne) for ligne in lignes[: self.limite]], suivant=suivant)


async def executions(demande: Demande, filtre: FiltreExecutions) -> Page[ExecutionLue]:
    dossier, source = await demande.ouvrir()
    curseur = demande.curseur(lire_identifiant)
    lignes = await depot_listes.executions(demande.session, dossier.id, source, filtre, curseur, demande.limite + 1)
    return demande.page(
        lignes, lambda e: ExecutionLue.model_validate(_execution(e, demande.preserie)), lambda e: str(_cle(e))
    )


async def executions_en_csv(demande: Demande, filtre: FiltreExecutions) -> AsyncGenerator[bytes, None]:
    """The whole list as a file, piece by piece; the first one comes with the first rows."""
    dossier, source = await demande.ouvrir()
    debut = fichier.entete()
    async for lot in depot_listes.executions_par_lots(demande.session, dossier.id, source, filtre):
        yield debut + fichier.ecrire(_execution(e, demande.preserie) for e in lot)
        debut = b""
    if debut:
        yield debut


async def tentatives(demande: Demande, filtre: FiltreExecutions) -> Page[TraceLue]:
    """The traces that the executions kept by the filter were folded from."""
    dossier, source = await demande.ouvrir_les_traces()
    curseur = demande.curseur(UUID)
    lignes = await depot_listes.tentatives(demande.session, dossier.id, source, filtre, curseur, demande.limite + 1)
    return demande.page(lignes, _trace, lambda t: str(t["id"]))


async def traces(demande: Demande, filtre: FiltreTraces) -> Page[TraceLue]:
    dossier, source = await demande.ouvrir_les_traces()
    curseur = demande.curseur(UUID)
    lignes = await depot_listes.traces(demande.session, dossier.id, source, filtre, curseur, demande.limite + 1)
    return demande.page(lignes, _trace, lambda t: str(t["id"]))


async def receptions(demande: Demande, filtre: FiltreReceptions) -> Page[ReceptionLue]:
    """Receptions that stored no trace: doublons and refusals."""
    dossier, source = await demande.ouvrir_les_traces()
    curseur = demande.curseur(numero)
    lignes = await depot_listes.receptions(demande.session, dossier.id, source, filtre, curseur, demande.limite + 1)
    return demande.page(lignes, _reception, lambda r: str(r["id"]))


async def prerequis(demande: Demande, valide: bool | None) -> Page[PrerequisLu]:
    """The prerequisites of a présérie by code, all or those that are validated, or not."""
    dossier, source = await demande.ouvrir()
    lignes = await depot_listes.prerequis(
        demande.session, dossier.id, source, valide, demande.apres, demande.limite + 1
    )
    return demande.page(lignes, lambda p: PrerequisLu.model_construct(**p), lambda p: str(p["code"]))


async def trouver_execution(session: AsyncSession, acces: Acces, identifiant: str) -> tuple[CleExecution, RowMapping]:
    """The key of an execution and what is known of it; raises Introuvable (404) also where it is another's."""
    cle = lire_identifiant(identifiant)
    trouvee = await depot_listes.une_execution(session, cle) if cle is not None else None
    if cle is None or trouvee is None or not acces.voit_preserie(trouvee["preserie"], trouvee["editeur"]):
        raise Introuvable(EXECUTION_INCONNUE)
    return cle, trouvee


async def une_execution(session: AsyncSession, acces: Acces, identifiant: str) -> ExecutionDetaillee:
    """One execution with the traces that it was folded from, or when they were purged."""
    cle, trouvee = await trouver_execution(session, acces, identifiant)
    purgee_le = trouvee["purgee_le"]
    traces_lues: list[TraceLue] = []
    if purgee_le is None:
        lignes = await depot_listes.traces_d_une_execution(session, trouvee["preserie_id"], cle)
        traces_lues = [_trace(ligne) for ligne in lignes]
    ecarts = await depot_listes.mises_a_l_ecart(session, trouvee["preserie_id"], cle)
    return ExecutionDetaillee.model_validate(
        {
            **_execution(trouvee, trouvee["preserie"]),
            "traces": traces_lues,
            "traces_purgees_le": purgee_le,
            "mises_a_l_ecart": [MiseALEcartLue.model_validate(dict(ecart)) for ecart in ecarts],
        }
    )


def _cle(e: RowMapping) -> CleExecution:
    return CleExecution(e["pilote_id"], e["pseudonyme"], e["numero_execution"])


def _execution(e: RowMapping, preserie: str) -> dict[str, object]:
    etat = conformite(e["phase"], e["enregistree"], e["scor_succes"], e["scor_echec"])
    return {**e, "id": str(_cle(e)), "preserie": preserie, "pilote": e["numero_am"], "conformite": etat.value}


def _trace(t: RowMapping) -> TraceLue:
    erreur = None
    if t["erreur_code"] is not None:
        erreur = ErreurLue(
            code=t["erreur_code"],
            origine=t["erreur_origine"],
            bloquante=t["erreur_bloquante"],
            message=t["erreur_message"],
        )
    execution = str(_cle(t)) if t["operation"] == "execution" else None
    resultat = "succes" if t["succes"] else "echec"
    return TraceLue.model_validate(
        {**t, "id": str(t["id"]), "execution": execution, "resultat": resultat, "erreur": erreur}
    )


def _reception(r: RowMapping) -> ReceptionLue:
    est_doublon = r["issue"] == Issue.DOUBLON.value
    return ReceptionLue(
        recue_le=r["recue_le"],
        issue="doublon" if est_doublon else "rejetee",
        code=None if est_doublon else Refus(r["issue"]),
        champ=r["champ"],
        id=str(r["trace_id"]) if r["trace_id"] is not None else None,
        numero_am=r["numero_am"],
    )
