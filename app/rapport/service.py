"""Use cases: the quality of the data of a présérie, and its report. Each on one snapshot."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.bilan.faits import Dossier
from app.bilan.identifiants import CleExecution
from app.bilan.service import dossier_visible
from app.bilan.sources import Source
from app.erreurs import TracesPurgees
from app.rapport import depot
from app.rapport.schemas import EXEMPLES, PosteTroue, QualiteLue, SequencesPerdues, TraceDecalee
from app.suivi.service import pertes


async def qualite(session: AsyncSession, acces: Acces, code: str, au: datetime | None) -> QualiteLue:
    """Raises Introuvable (404), TracesPurgees (410) once there are no raw traces left to look at."""
    dossier, source = await dossier_visible(session, acces, code, au)
    if dossier.purgee_le is not None:
        raise TracesPurgees
    return await _qualite(session, dossier, source)


async def _qualite(session: AsyncSession, dossier: Dossier, source: Source) -> QualiteLue:
    repetees = await depot.repetees(session, dossier.id, source)
    decalees = await depot.decalees(session, dossier.id, source)
    troues = await pertes(session, dossier.id, dossier.editeur, dossier.lu_le, source.au)
    return QualiteLue(
        preserie=dossier.preserie,
        au=source.au,
        executions_repetees=_nombre(repetees),
        repetees=[_execution(r) for r in repetees],
        horloges_decalees=_nombre(decalees),
        decalees=[
            TraceDecalee(
                id=str(t["id"]),
                numero_am=t["numero_am"],
                execution=_execution(t) if t["operation"] == "execution" else None,
                emise_le=t["emise_le"],
                recue_le=t["recue_le"],
            )
            for t in decalees
        ],
        sequences=SequencesPerdues(
            perdues=sum(int(p["perdues"]) for p in troues),
            trous=sum(p["nombre_trous"] for p in troues),
            postes=[
                PosteTroue(
                    numero_am=p["numero_am"], poste=p["poste"], perdues=int(p["perdues"]), trous=p["nombre_trous"]
                )
                for p in troues[:EXEMPLES]
            ],
        ),
    )


def _nombre(lignes: Sequence[Mapping[Any, Any]]) -> int:
    return lignes[0]["nombre"] if lignes else 0


def _execution(ligne: Mapping[Any, Any]) -> str:
    return str(CleExecution(ligne["pilote_id"], ligne["pseudonyme"], ligne["numero_execution"]))
