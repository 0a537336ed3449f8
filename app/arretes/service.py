"""Use cases: a bilan is sealed, approved or refused by both sides, and set beside what it would be today."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces, Role
from app.arretes import depot
from app.arretes.canonique import canonique, empreinte
from app.arretes.ecarts import TEXTES, ecarts, rectification
from app.arretes.empreintes import empreinte_traces
from app.arretes.messages import message_approbation, message_arrete
from app.arretes.modeles import Approbation, Arrete, Feuilles
from app.arretes.schemas import (
    ApprobationCorps,
    ApprobationLue,
    ArreteNote,
    ArreteResume,
    ContenuArrete,
    EcartLu,
    Partie,
    RectificationLue,
)
from app.arretes.signature import Signataire
from app.bilan import service as bilans
from app.bilan.depot import Selection, lire_faits
from app.bilan.jugement import juger
from app.bilan.schemas import Verdict
from app.bilan.sources import connue_au
from app.erreurs import Conflit, CorpsInvalide, EcritureEnCours, EtapeRefusee, Introuvable
from app.preseries.cycle import EN_USAGE
from app.preseries.depot import maintenant
from app.preseries.inscription import Auteur, noter
from app.preseries.modeles import Preserie
from app.preseries.service import objet_preserie, preserie_visible
from app.stockage.base import Base

ARRETE_INCONNU = (
    "Aucun bilan arrêté de cet identifiant ne vous est connu : voyez « GET /bilan/preseries/{code}/arretes »."
)
Document = dict[str, Any]
"""A sealed bilan with its approvals, as JSON: what ``ArreteLu`` describes."""


async def arreter(
    session: AsyncSession, base: Base, signataire: Signataire, acces: Acces, code: str
) -> tuple[Document, bool]:
    """Seals the bilan of a présérie as known at this instant, worked out from its raw traces; gives it, and whether
    it is new: where nothing changed since the one that stands, that one is given again.

    The session holds the registry's row: neither a change of it nor a trace can slip in before the instant unseen.
    Raises Introuvable (404), EtapeRefusee (409), EcritureEnCours (503).
    """
    preserie = await preserie_visible(session, acces, code)
    if preserie.statut not in EN_USAGE:
        raise pas_ouverte()
    try:
        au = await depot.instant(base)
    except asyncpg.LockNotAvailableError:
        raise EcritureEnCours from None
    feuilles = await depot.feuilles(session, preserie.id, au)
    contenu = await contenu_au(session, preserie, au, feuilles)
    if (presente := await _en_vigueur(session, preserie)) is not None and _inchange(presente[0], contenu):
        return document(*presente), False
    empreinte_lue = empreinte(contenu)
    arrete_id = uuid4()
    arrete = Arrete(
        id=arrete_id,
        preserie_id=preserie.id,
        au=au,
        cle_id=acces.cle_id,
        verdict=contenu["verdict"],
        contenu=canonique(contenu).decode(),
        empreinte=bytes.fromhex(empreinte_lue),
        signature=signataire.signer(message_arrete(str(arrete_id), empreinte_lue)),
        cle_signature=signataire.cle,
    )
    session.add(arrete)
    await session.flush()
    session.add(Feuilles(arrete_id=arrete_id, feuilles=feuilles))
    preserie.bilan_arrete_le = au
    note = ArreteNote(id=str(arrete_id), empreinte=empreinte_lue, verdict=Verdict(arrete.verdict))
    await _noter(session, acces, "creation", preserie, note)
    return document(arrete, []), True


async def _en_vigueur(session: AsyncSession, preserie: Preserie) -> tuple[Arrete, list[Approbation]] | None:
    """The sealed bilan that stands: none came since, nor a refusal, nor a prolongation."""
    if preserie.bilan_arrete_le is None:
        return None
    arrete, approbations = (await depot.arretes(session, preserie.id))[0]
    return arrete, approbations


def _inchange(arrete: Arrete, contenu: Document) -> bool:
    """Whether a sealed bilan says the same but for its instant."""
    return not ecarts(json.loads(arrete.contenu), contenu, sauf=TEXTES | {"au", "calcule_le"})


async def contenu_au(session: AsyncSession, preserie: Preserie, au: datetime, feuilles: bytes) -> Document:
    """What is sealed of a présérie: its bilan as known at an instant, from raw traces, and the digest of these."""
    (faits,) = await lire_faits(session, Selection(preserie=preserie.code), connue_au(preserie.id, au))
    bilan = juger(faits).model_copy(update={"calcule_le": au})
    contenu = ContenuArrete(**dict(bilan), empreinte_traces=empreinte_traces(feuilles))
    lu: Document = json.loads(canonique(contenu.model_dump(mode="json")))
    return lu


async def approuver(
    session: AsyncSession, signataire: Signataire, acces: Acces, identifiant: str, corps: ApprobationCorps
) -> tuple[Document, bool]:
    """Notes what one side makes of a sealed bilan; gives it, and whether that is new.

    Raises Introuvable (404), Conflit or EtapeRefusee (409), CorpsInvalide (422).
    """
    arrete, preserie = await _visible(session, acces, identifiant)
    donnees = await depot.approbations(session, arrete.id)
    partie: Partie = "cnam" if acces.role is Role.CNAM else "editeur"
    for donnee in donnees:
        if donnee.partie == partie:
            if (donnee.sens, donnee.motif) != (corps.sens, corps.motif):
                raise deja_dit()
            return document(arrete, donnees), False
    if corps.sens == "refuse" and corps.motif is None:
        raise motif_requis()
    if preserie.statut not in EN_USAGE:
        raise pas_ouverte()
    if preserie.bilan_arrete_le != arrete.au:
        raise depasse()
    nouvelle = Approbation(
        arrete_id=arrete.id,
        partie=partie,
        le=await maintenant(session),
        cle_id=acces.cle_id,
        sens=corps.sens,
        motif=corps.motif,
        signature=b"",
        cle_signature=signataire.cle,
    )
    lue = _approbation(nouvelle).model_dump(mode="json")
    nouvelle.signature = signataire.signer(message_approbation(str(arrete.id), arrete.empreinte.hex(), lue))
    session.add(nouvelle)
    if corps.sens == "refuse":
        preserie.bilan_arrete_le = None  # what was sealed stands no more: pilotes may answer until the next one
    note = ArreteNote(id=str(arrete.id), empreinte=arrete.empreinte.hex(), partie=partie, sens=corps.sens)
    action = "approbation" if corps.sens == "approuve" else "refus"
    await _noter(session, acces, action, preserie, note, corps.motif)
    return document(arrete, [*donnees, nouvelle]), True


async def lire(session: AsyncSession, acces: Acces, identifiant: str) -> Document:
    """Raises Introuvable (404) also for another's."""
    arrete, _ = await _visible(session, acces, identifiant)
    return document(arrete, await depot.approbations(session, arrete.id))


async def lister(session: AsyncSession, acces: Acces, code: str) -> list[ArreteResume]:
    """The sealed bilans of a présérie, the latest first; raises Introuvable (404)."""
    dossier, _ = await bilans.dossier_visible(session, acces, code)
    return [
        ArreteResume(
            id=str(arrete.id),
            au=arrete.au,
            verdict=Verdict(arrete.verdict),
            empreinte=arrete.empreinte.hex(),
            cle=arrete.cle_signature,
            approbations=[_approbation(une) for une in approbations],
        )
        for arrete, approbations in await depot.arretes(session, dossier.id)
    ]


async def rectifier(session: AsyncSession, acces: Acces, identifiant: str) -> RectificationLue:
    """What was sealed beside what stands now; raises Introuvable (404)."""
    arrete, preserie = await _visible(session, acces, identifiant)
    bilan = await bilans.bilan(session, acces, preserie.code, None)
    scelle: Document = json.loads(arrete.contenu)
    trouves = rectification(scelle, json.loads(canonique(bilan.model_dump(mode="json"))))
    return RectificationLue(
        arrete=str(arrete.id),
        au=arrete.au,
        calcule_le=bilan.calcule_le,
        traces_recues_depuis=bilan.traces.enregistrees - scelle["traces"]["enregistrees"],
        ecarts=[EcartLu(champ=champ, arrete=avant, actuel=apres) for champ, avant, apres in trouves],
    )


def document(arrete: Arrete, approbations: Sequence[Approbation]) -> Document:
    return {
        "id": str(arrete.id),
        "contenu": json.loads(arrete.contenu),
        "empreinte": arrete.empreinte.hex(),
        "signature": _en_texte(arrete.signature),
        "cle": arrete.cle_signature,
        "approbations": [_approbation(une).model_dump(mode="json") for une in approbations],
    }


def _approbation(a: Approbation) -> ApprobationLue:
    return ApprobationLue.model_validate(
        {
            **{champ: getattr(a, champ) for champ in ("partie", "sens", "motif", "le")},
            "signature": _en_texte(a.signature),
            "cle": a.cle_signature,
        }
    )


async def _visible(session: AsyncSession, acces: Acces, identifiant: str) -> tuple[Arrete, Preserie]:
    try:
        arrete_id = UUID(identifiant)
    except ValueError:
        raise Introuvable(ARRETE_INCONNU) from None
    trouve = await depot.trouver(session, arrete_id) if str(arrete_id) == identifiant else None
    if trouve is None or not acces.voit_preserie(trouve[1].code, trouve[2]):
        raise Introuvable(ARRETE_INCONNU)
    return trouve[:2]


async def _noter(
    session: AsyncSession, acces: Acces, action: str, preserie: Preserie, note: ArreteNote, motif: str | None = None
) -> None:
    """The journal names the sealed bilan by its digest."""
    de_la_preserie = await objet_preserie(session, preserie)
    objet = replace(de_la_preserie, nom="arrete", code=note.id)
    personnel = {"motif": motif} if motif is not None else None
    await noter(session, Auteur(acces), action, objet, None, note, personnel)


def _en_texte(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def pas_ouverte() -> EtapeRefusee:
    return EtapeRefusee("Un bilan s'arrête et s'approuve tant que la présérie est en cours ou validée.")


def deja_dit() -> Conflit:
    return Conflit("Cette partie s'est déjà prononcée sur ce bilan arrêté : pour revenir dessus, arrêtez-en un autre.")


def depasse() -> Conflit:
    return Conflit(
        "Ce bilan arrêté ne vaut plus : un plus récent, un refus ou une prolongation est venu depuis. Approuvez le "
        "dernier, ou arrêtez-en un nouveau."
    )


def motif_requis() -> CorpsInvalide:
    message = "champ requis pour un refus : dites pourquoi"
    return CorpsInvalide(f"motif : {message}.", erreurs=[{"champ": "motif", "message": message}])
