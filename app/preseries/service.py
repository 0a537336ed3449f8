"""Use cases of the registry. Each runs in one transaction that holds the registry's row, so none races another.

The writers say whether what they wrote was created. They raise CorpsInvalide (422) for a reference that leads
nowhere, Conflit (409) for a change that the présérie's start forbids, Introuvable (404), RoleInsuffisant (403).
"""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces, Role
from app.erreurs import Conflit, CorpsInvalide, DemarrageIncomplet, Introuvable, RoleInsuffisant
from app.preseries import depot
from app.preseries.cycle import EtatTraces, Prerequis, Statut, etat_traces, manquants_au_demarrage
from app.preseries.enveloppe import Coffre
from app.preseries.modeles import Editeur, Jalon, Logiciel, Module, Pilote, Preserie
from app.preseries.schemas import (
    EditeurCorps,
    JalonCorps,
    LogicielCorps,
    ModuleCorps,
    NomJalon,
    PiloteCorps,
    PreserieCorps,
)
from app.referentiels import EN_VIGUEUR


async def enregistrer_editeur(session: AsyncSession, code: str, corps: EditeurCorps) -> bool:
    present = await depot.editeur(session, code)
    editeur = present or Editeur(code=code)
    editeur.raison_sociale = corps.raison_sociale
    editeur.solution_sesam_vitale = corps.solution_sesam_vitale
    session.add(editeur)
    return present is None


async def enregistrer_module(session: AsyncSession, code: str, corps: ModuleCorps) -> bool:
    editeur = await _editeur(session, corps.editeur)
    present = await depot.module(session, code)
    if present is not None and present.editeur_id != editeur.id:
        await _refuser_si_demarre(session, module_id=present.id)
    module = present or Module(code=code)
    module.editeur_id = editeur.id
    module.nom = corps.nom
    session.add(module)
    return present is None


async def enregistrer_logiciel(session: AsyncSession, code: str, corps: LogicielCorps) -> bool:
    editeur = await _editeur(session, corps.editeur)
    module = await depot.module(session, corps.module)
    if module is None:
        raise _reference_perdue("module", "module inconnu : inscrivez-le d'abord (PUT /modules/{code})")
    present = await depot.logiciel(session, code)
    if present is not None and (present.editeur_id, present.module_id) != (editeur.id, module.id):
        await _refuser_si_demarre(session, logiciel_id=present.id)
    logiciel = present or Logiciel(code=code)
    logiciel.editeur_id, logiciel.module_id = editeur.id, module.id
    logiciel.nom, logiciel.sesam_vitale = corps.nom, corps.sesam_vitale
    autorisation = corps.autorisation_cnda
    logiciel.cnda_numero = autorisation.numero if autorisation else None
    logiciel.cnda_le = autorisation.date if autorisation else None
    session.add(logiciel)
    return present is None


async def enregistrer_preserie(session: AsyncSession, coffre: Coffre, code: str, corps: PreserieCorps) -> bool:
    logiciel = await depot.logiciel(session, corps.logiciel)
    if logiciel is None:
        raise _reference_perdue("logiciel", "logiciel inconnu : inscrivez-le d'abord (PUT /logiciels/{code})")
    referentiel = EN_VIGUEUR.get(corps.categorie_ps)
    if referentiel is None:
        connues = ", ".join(EN_VIGUEUR)
        raise _reference_perdue("categorie_ps", f"catégorie sans référentiel : catégories connues : {connues}")
    present = await depot.preserie(session, code)
    if (
        present is not None
        and present.statut != Statut.PREPARATION
        and (present.logiciel_id, present.categorie_ps) != (logiciel.id, corps.categorie_ps)
    ):
        raise Conflit("La présérie a démarré : son logiciel et sa catégorie ne changent plus.")
    preserie = present or Preserie(code=code, cle_enveloppee=coffre.nouvelle_cle(code))
    preserie.logiciel_id, preserie.categorie_ps = logiciel.id, corps.categorie_ps
    if present is None or present.statut == Statut.PREPARATION:
        preserie.referentiel_version = referentiel.version
    preserie.cpam = list(dict.fromkeys(corps.cpam))
    preserie.fin_prevue_le = corps.fin_prevue_le
    session.add(preserie)
    return present is None


async def enregistrer_jalon(session: AsyncSession, code: str, jalon: NomJalon, corps: JalonCorps) -> bool:
    preserie = await preserie_ou_404(session, code)
    present = await session.get(Jalon, (preserie.id, jalon))
    session.add(present or Jalon(preserie_id=preserie.id, code=jalon, le=corps.le))
    if present is not None:
        present.le = corps.le
    return present is None


async def enregistrer_pilote(
    session: AsyncSession, acces: Acces, code: str, numero_am: str, corps: PiloteCorps
) -> bool:
    preserie = await preserie_visible(session, acces, code)
    present = await depot.pilote(session, preserie.id, numero_am)
    phase_2_le = present.phase_2_le if present is not None else None
    if acces.role is not Role.CNAM and preserie.statut != Statut.PREPARATION and corps.phase_2_le != phase_2_le:
        raise RoleInsuffisant("La présérie a démarré : seule la Cnam change « phase_2_le ».")
    if (
        corps.retire_le is None
        and _ouverte(preserie)
        and await depot.pilotes_deja_engages(session, preserie, numero_am)
    ):
        raise deja_engage()
    pilote = present or Pilote(preserie_id=preserie.id, numero_am=numero_am)
    for champ, valeur in corps:
        setattr(pilote, champ, valeur)
    session.add(pilote)
    return present is None


async def demarrer(session: AsyncSession, code: str) -> Preserie:
    """Starts a présérie; one that is under way already is left as it is."""
    preserie = await preserie_ou_404(session, code)
    if preserie.statut == Statut.EN_COURS:
        return preserie
    if preserie.statut != Statut.PREPARATION:
        raise Conflit("Cette présérie a déjà été menée : ouvrez-en une nouvelle.")
    logiciel = await session.get_one(Logiciel, preserie.logiciel_id)
    jalons = {jalon.code for jalon in await depot.jalons(session, preserie.id)}
    manques = manquants_au_demarrage(
        Prerequis(
            autorisation_cnda=logiciel.cnda_numero is not None,
            support="support" in jalons,
            kit_accompagnement="kit_accompagnement" in jalons,
            pilotes=await depot.nombre_de_pilotes(session, preserie.id),
        )
    )
    if manques:
        raise DemarrageIncomplet(manques)
    if await depot.pilotes_deja_engages(session, preserie):
        raise deja_engage()
    preserie.statut = Statut.EN_COURS.value
    preserie.traces_actives = True
    preserie.demarree_le = preserie.traces_depuis_le = datetime.now(UTC)
    return preserie


async def preserie_ou_404(session: AsyncSession, code: str) -> Preserie:
    preserie = await depot.preserie(session, code)
    if preserie is None:
        raise introuvable()
    return preserie


async def preserie_visible(session: AsyncSession, acces: Acces, code: str) -> Preserie:
    """The présérie, unless it is another éditeur's: that it exists is then not theirs to know."""
    preserie = await preserie_ou_404(session, code)
    if not acces.voit_preserie(code, await depot.editeur_de(session, preserie.logiciel_id)):
        raise introuvable()
    return preserie


def introuvable() -> Introuvable:
    return Introuvable("Aucune présérie de ce code ne vous est connue : vérifiez le code, ou demandez à la Cnam.")


def _ouverte(preserie: Preserie) -> bool:
    return etat_traces(Statut(preserie.statut), preserie.traces_actives) is EtatTraces.ACTIVES


async def _editeur(session: AsyncSession, code: str) -> Editeur:
    editeur = await depot.editeur(session, code)
    if editeur is None:
        raise _reference_perdue("editeur", "éditeur inconnu : inscrivez-le d'abord (PUT /editeurs/{code})")
    return editeur


async def _refuser_si_demarre(
    session: AsyncSession, *, logiciel_id: int | None = None, module_id: int | None = None
) -> None:
    condition = Logiciel.id == logiciel_id if logiciel_id is not None else Logiciel.module_id == module_id
    if await depot.a_demarre(session, condition):
        raise fixe()


def fixe() -> Conflit:
    return Conflit("Une présérie a démarré : l'éditeur et le module de son logiciel ne changent plus.")


def _reference_perdue(champ: str, message: str) -> CorpsInvalide:
    return CorpsInvalide(f"{champ} : {message}.", erreurs=[{"champ": champ, "message": message}])


def deja_engage() -> Conflit:
    return Conflit(
        "Un pilote de cette présérie est déjà dans une autre présérie ouverte du même logiciel : "
        "menez l'autre à son terme, ou retirez-en le pilote (retire_le)."
    )
