"""Use cases: the quality of the data of a présérie, and its report. Each on one snapshot."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.arretes.canonique import canonique
from app.arretes.depot import arretes
from app.arretes.ecarts import rectification
from app.bilan import depot_listes
from app.bilan.conformite import conformite
from app.bilan.depot import ventiler
from app.bilan.faits import Dossier
from app.bilan.identifiants import CleExecution
from app.bilan.jugement import juger
from app.bilan.schemas import Axe, BilanLu
from app.bilan.service import dossier_visible, faits_visibles
from app.bilan.sources import PRESENT, Source, connue_au
from app.erreurs import TracesPurgees
from app.rapport import depot
from app.rapport.annexes import Avis, BilanArrete
from app.rapport.formes import Rapport
from app.rapport.presentation import Complements, presenter
from app.rapport.schemas import EXEMPLES, PosteTroue, QualiteLue, SequencesPerdues, TraceDecalee
from app.rapport.sections import Ecartee, PrerequisDecrit
from app.suivi.service import pertes


async def rapport(session: AsyncSession, acces: Acces, code: str, au: datetime | None) -> Rapport:
    """The report, of the same facts as the JSON bilan; raises Introuvable (404), TracesPurgees (410) as it does."""
    faits = await faits_visibles(session, acces, code, au)
    dossier = faits.dossier
    source = PRESENT if au is None else connue_au(dossier.id, au)
    bilan = juger(faits)
    prerequis = await depot_listes.prerequis(session, dossier.id, source, None, None, None)
    complements = Complements(
        noms=await depot.noms(session, dossier.id, source),
        ventiles=await ventiler(session, dossier, Axe.JOUR, source),
        ecartees=[_ecartee(e) for e in await depot.ecartees(session, dossier.id, source)],
        prerequis=[
            PrerequisDecrit(p["code"], p["libelle"], p["description"], p["valide_le"], p["preuve"])
            for p in prerequis
            if p["retire_le"] is None
        ],
        qualite=await _qualite(session, dossier, source) if dossier.purgee_le is None else None,
        arretes=await _arretes(session, dossier, source, bilan),
    )
    return presenter(faits, bilan, complements)


def _ecartee(ligne: Mapping[Any, Any]) -> Ecartee:
    faits = ("phase", "enregistree", "scor_succes", "scor_echec")
    return Ecartee(
        identifiant=_execution(ligne),
        conformite=conformite(*(ligne[nom] for nom in faits)),
        **{
            nom: ligne[nom]
            for nom in ("numero_am", "jour", "type_prescription", "enregistree", "le", "cle_id", "motif")
        },
    )


async def _arretes(session: AsyncSession, dossier: Dossier, source: Source, bilan: BilanLu) -> list[BilanArrete]:
    """What was sealed and approved by then."""
    jusque = source.au or dossier.lu_le
    en_vigueur = await depot.arrete_en_vigueur(session, dossier.id, source)
    actuel = json.loads(canonique(bilan.model_dump(mode="json")))
    return [
        BilanArrete(
            str(arrete.id),
            arrete.au,
            arrete.verdict,
            arrete.empreinte.hex(),
            arrete.cle_signature,
            arrete.au == en_vigueur,
            len(rectification(json.loads(arrete.contenu), actuel)) if source.au is None else None,
            [Avis(a.partie, a.le, a.sens, a.motif, a.cle_signature) for a in approbations if a.le <= jusque],
        )
        for arrete, approbations in await arretes(session, dossier.id)
        if arrete.au <= jusque
    ]


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
