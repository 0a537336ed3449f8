"""Use cases: what is decided of a présérie, and what was. A decision sent twice is taken once."""

import json
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.arretes.depot import arretes as lire_arretes
from app.bilan.depot import Selection, lire_faits
from app.bilan.jugement import juger
from app.erreurs import Conflit, CorpsInvalide, ValidationIncomplete
from app.etapes.regles import CritereScelle, Termes, manquants_a_la_validation, prolongee, refus_de_prolonger
from app.etapes.schemas import DecisionCorps, DecisionLue
from app.etapes.service import franchir, refuser
from app.preseries import depot
from app.preseries.cycle import Action
from app.preseries.inscription import Auteur
from app.preseries.modeles import Decision, Preserie
from app.preseries.schemas import PreserieLue
from app.preseries.service import preserie_ou_404, preserie_visible
from app.preseries.vues import vue_preserie


async def decider(session: AsyncSession, auteur: Auteur, code: str, corps: DecisionCorps) -> PreserieLue:
    """Raises EtapeRefusee, ValidationIncomplete or Conflit (409), CorpsInvalide (422), VersionDepassee (412)."""
    preserie = await preserie_ou_404(session, code)
    presente = await vue_preserie(session, preserie)
    prises = await depot.decisions(session, preserie.id)
    if prises and _corps(prises[-1]) == corps:
        return presente
    auteur.verifier(presente)
    action = Action(corps.sens)
    refuser(preserie, action)
    voulus = Termes(corps.pilotes_max, corps.fin_prevue_le, corps.observee_depuis)
    if action is Action.PROLONGATION:
        _prolonger(preserie, presente, voulus)
    elif not voulus.vides:
        raise termes_en_trop()
    arrete_id = await _exiger_un_bilan_approuve(session, preserie) if action is Action.VALIDATION else None
    session.add(Decision(preserie_id=preserie.id, cle_id=auteur.acces.cle_id, arrete_id=arrete_id, **dict(corps)))
    return await franchir(session, auteur, preserie, action, presente, {"motif": corps.motif})


async def decisions(session: AsyncSession, acces: Acces, code: str) -> list[DecisionLue]:
    """All that was decided of a présérie, the latest first; raises Introuvable (404)."""
    preserie = await preserie_visible(session, acces, code)
    prises = await depot.decisions(session, preserie.id)
    return [
        DecisionLue(
            **dict(_corps(prise)),
            prise_le=prise.prise_le,
            cle=prise.cle_id,
            arrete=str(prise.arrete_id) if prise.arrete_id is not None else None,
        )
        for prise in reversed(prises)
    ]


async def _exiger_un_bilan_approuve(session: AsyncSession, preserie: Preserie) -> UUID:
    """The sealed bilan that a validation rests on; raises ValidationIncomplete (409)."""
    arretes = await lire_arretes(session, preserie.id)
    sens = {approbation.partie: approbation.sens for approbation in arretes[0][1]} if arretes else {}
    if preserie.bilan_arrete_le is None and "refuse" not in sens.values():
        (faits,) = await lire_faits(session, Selection(preserie=preserie.code))
        raise ValidationIncomplete(manquants_a_la_validation(juger(faits).criteres, None, depasse=bool(arretes)))
    arrete = arretes[0][0]
    criteres = [CritereScelle(c["code"], c["etat"], c["explication"]) for c in json.loads(arrete.contenu)["criteres"]]
    if manques := manquants_a_la_validation(criteres, sens):
        raise ValidationIncomplete(manques)
    return arrete.id


def _prolonger(preserie: Preserie, presente: PreserieLue, voulus: Termes) -> None:
    presents = Termes(presente.pilotes_max, presente.fin_prevue_le, presente.observee_depuis)
    if (raison := refus_de_prolonger(presents, voulus)) is not None:
        raise Conflit(raison)
    termes = prolongee(presents, voulus)
    if termes.pilotes_max != presents.pilotes_max:
        preserie.pilotes_max = termes.pilotes_max
    preserie.fin_prevue_le = termes.fin_prevue_le
    preserie.observee_depuis = termes.observee_depuis
    preserie.bilan_arrete_le = None


def termes_en_trop() -> CorpsInvalide:
    message = "réservé à une prolongation : ôtez pilotes_max, fin_prevue_le et observee_depuis"
    return CorpsInvalide(f"sens : {message}.", erreurs=[{"champ": "sens", "message": message}])


def _corps(prise: Decision) -> DecisionCorps:
    return DecisionCorps.model_construct(**{champ: getattr(prise, champ) for champ in DecisionCorps.model_fields})
