"""The registry's rows in their wire form."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.preseries import depot
from app.preseries.cycle import Statut, etat_traces
from app.preseries.modeles import Editeur, Jalon, Logiciel, Module, Pilote, Prerequis, Preserie
from app.preseries.schemas import (
    AutorisationCnda,
    EditeurLu,
    LogicielLu,
    ModuleLu,
    PiloteLu,
    PrerequisLu,
    PreserieLue,
)
from app.referentiels import VERSIONS


def vue_editeur(e: Editeur) -> EditeurLu:
    return EditeurLu(code=e.code, raison_sociale=e.raison_sociale, solution_sesam_vitale=e.solution_sesam_vitale)


def vue_module(m: Module, editeur: str) -> ModuleLu:
    return ModuleLu(code=m.code, editeur=editeur, nom=m.nom)


def vue_logiciel(lo: Logiciel, editeur: str, module: str) -> LogicielLu:
    """Without its validités, which are not its own: ``service_validites.avec_validites``."""
    autorisation = None
    if lo.cnda_numero is not None and lo.cnda_le is not None:
        autorisation = AutorisationCnda.model_construct(numero=lo.cnda_numero, date=lo.cnda_le)
    return LogicielLu(
        code=lo.code,
        editeur=editeur,
        module=module,
        nom=lo.nom,
        sesam_vitale=lo.sesam_vitale,
        autorisation_cnda=autorisation,
        validites=[],
    )


async def vue_preserie(session: AsyncSession, p: Preserie) -> PreserieLue:
    await session.flush()
    logiciel = await session.get_one(Logiciel, p.logiciel_id)
    return _preserie(p, logiciel.code, await depot.jalons(session, p.id))


async def vues_preseries(session: AsyncSession, lignes: Sequence[tuple[Preserie, str]]) -> list[PreserieLue]:
    """Préséries, each with the code of its logiciel; one query for the jalons of all."""
    jalons: defaultdict[int, list[Jalon]] = defaultdict(list)
    for jalon in await depot.jalons_de(session, [p.id for p, _ in lignes]):
        jalons[jalon.preserie_id].append(jalon)
    return [_preserie(p, logiciel, jalons[p.id]) for p, logiciel in lignes]


def _preserie(p: Preserie, logiciel: str, jalons: Sequence[Jalon]) -> PreserieLue:
    return PreserieLue.model_construct(
        code=p.code,
        logiciel=logiciel,
        categorie_ps=p.categorie_ps,
        cpam=p.cpam,
        fin_prevue_le=p.fin_prevue_le,
        statut=p.statut,
        traces_postes=etat_traces(Statut(p.statut), p.traces_actives).value,
        referentiel_version=p.referentiel_version,
        pilotes_max=p.pilotes_max or VERSIONS[p.categorie_ps, p.referentiel_version].pilotes.max,
        demarree_le=p.demarree_le,
        observee_depuis=p.observee_depuis,
        bilan_arrete_le=p.bilan_arrete_le,
        validee_le=p.validee_le,
        terminee_le=p.terminee_le,
        purgee_le=p.purgee_le,
        jalons={j.code: j.le for j in jalons},
    )


def vue_pilote(p: Pilote) -> PiloteLu:
    return PiloteLu.model_construct(**{champ: getattr(p, champ) for champ in PiloteLu.model_fields})


def vue_prerequis(p: Prerequis) -> PrerequisLu:
    return PrerequisLu.model_construct(**{champ: getattr(p, champ) for champ in PrerequisLu.model_fields})
