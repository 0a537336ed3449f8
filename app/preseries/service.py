"""Use cases of the registry. Each runs in one transaction that holds the registry's row, so none races another.

The writers give what stands, and whether it is new. They raise CorpsInvalide (422) for a reference that leads nowhere,
Conflit (409) for what the présérie's state or a modalité forbids, VersionDepassee (412), Introuvable (404).
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.erreurs import Conflit, CorpsInvalide, EtapeRefusee, Introuvable
from app.preseries import depot
from app.preseries.cycle import TERMINES, Statut
from app.preseries.enveloppe import Coffre
from app.preseries.inscription import Auteur, Inscrit, Objet, inscrire
from app.preseries.modeles import Editeur, Jalon, Logiciel, Module, Preserie
from app.preseries.schemas import (
    EditeurCorps,
    EditeurLu,
    JalonCorps,
    JalonLu,
    LogicielCorps,
    LogicielLu,
    ModuleCorps,
    ModuleLu,
    NomJalon,
    PreserieCorps,
    PreserieLue,
)
from app.preseries.service_modalites import refuser_un_ecart
from app.preseries.vues import vue_editeur, vue_logiciel, vue_module, vue_pilote, vue_preserie
from app.referentiels import EN_VIGUEUR


async def enregistrer_editeur(
    session: AsyncSession, auteur: Auteur, code: str, corps: EditeurCorps
) -> Inscrit[EditeurLu]:
    present = await depot.editeur(session, code)
    avant = vue_editeur(present) if present is not None else None
    auteur.verifier(avant)
    editeur = present or Editeur(code=code)
    editeur.raison_sociale = corps.raison_sociale
    editeur.solution_sesam_vitale = corps.solution_sesam_vitale
    session.add(editeur)
    return await inscrire(session, auteur, Objet("editeur", code, code), avant, vue_editeur(editeur))


async def enregistrer_module(session: AsyncSession, auteur: Auteur, code: str, corps: ModuleCorps) -> Inscrit[ModuleLu]:
    editeur = await _editeur(session, corps.editeur)
    present = await depot.seul(session, depot.liste_modules(None).where(Module.code == code))
    avant = vue_module(*present) if present is not None else None
    auteur.verifier(avant)
    module = present[0] if present is not None else Module(code=code)
    if avant is not None and avant.editeur != corps.editeur:
        await _refuser_si_demarre(session, module_id=module.id)
    module.editeur_id = editeur.id
    module.nom = corps.nom
    session.add(module)
    objet = Objet("module", code, corps.editeur)
    cedant = avant.editeur if avant is not None else None
    return await inscrire(session, auteur, objet, avant, vue_module(module, corps.editeur), cedant)


async def enregistrer_logiciel(
    session: AsyncSession, auteur: Auteur, code: str, corps: LogicielCorps
) -> Inscrit[LogicielLu]:
    editeur = await _editeur(session, corps.editeur)
    module = await depot.module(session, corps.module)
    if module is None:
        raise _reference_perdue("module", "module inconnu : inscrivez-le d'abord (PUT /modules/{code})")
    present = await depot.seul(session, depot.liste_logiciels(None).where(Logiciel.code == code))
    avant = vue_logiciel(*present) if present is not None else None
    auteur.verifier(avant)
    logiciel = present[0] if present is not None else Logiciel(code=code)
    if avant is not None and (avant.editeur, avant.module) != (corps.editeur, corps.module):
        await _refuser_si_demarre(session, logiciel_id=logiciel.id)
    logiciel.editeur_id, logiciel.module_id = editeur.id, module.id
    logiciel.nom, logiciel.sesam_vitale = corps.nom, corps.sesam_vitale
    autorisation = corps.autorisation_cnda
    logiciel.cnda_numero = autorisation.numero if autorisation else None
    logiciel.cnda_le = autorisation.date if autorisation else None
    session.add(logiciel)
    apres = vue_logiciel(logiciel, corps.editeur, corps.module)
    cedant = avant.editeur if avant is not None else None
    return await inscrire(session, auteur, Objet("logiciel", code, corps.editeur), avant, apres, cedant)


async def enregistrer_preserie(
    session: AsyncSession, auteur: Auteur, coffre: Coffre, code: str, corps: PreserieCorps
) -> Inscrit[PreserieLue]:
    logiciel = await depot.logiciel(session, corps.logiciel)
    if logiciel is None:
        raise _reference_perdue("logiciel", "logiciel inconnu : inscrivez-le d'abord (PUT /logiciels/{code})")
    if corps.categorie_ps not in EN_VIGUEUR:
        connues = ", ".join(EN_VIGUEUR)
        raise _reference_perdue("categorie_ps", f"catégorie sans référentiel : catégories connues : {connues}")
    preserie = await depot.preserie(session, code)
    avant = await vue_preserie(session, preserie) if preserie is not None else None
    auteur.verifier(avant)
    cedant = None
    if preserie is None:
        cle = coffre.nouvelle_cle(code, await depot.derniere_enveloppe(session))
        preserie = Preserie(code=code, statut=Statut.PREPARATION.value, cle_enveloppee=cle)
    else:
        cedant = await depot.editeur_de(session, preserie.logiciel_id)
        _refuser_un_autre_objet(preserie, logiciel, corps)
    await _remplir(session, preserie, logiciel, corps)
    apres = await vue_preserie(session, preserie)
    if apres != avant:
        refuser_si_terminee(preserie)
    await _verifier_les_cpam(session, preserie, avant)
    objet = await objet_preserie(session, preserie)
    return await inscrire(session, auteur, objet, avant, apres, cedant)


def _refuser_un_autre_objet(preserie: Preserie, logiciel: Logiciel, corps: PreserieCorps) -> None:
    autre = (preserie.logiciel_id, preserie.categorie_ps) != (logiciel.id, corps.categorie_ps)
    if autre and preserie.statut != Statut.PREPARATION:
        raise Conflit("La présérie a démarré : son logiciel et sa catégorie ne changent plus.")


async def _remplir(session: AsyncSession, preserie: Preserie, logiciel: Logiciel, corps: PreserieCorps) -> None:
    """The end that a prolongation set stands, so that a registry can be replayed."""
    prolongee = await depot.fin_prolongee(session, preserie.id) if preserie.id is not None else None
    preserie.logiciel_id, preserie.categorie_ps = logiciel.id, corps.categorie_ps
    if preserie.statut == Statut.PREPARATION:
        preserie.referentiel_version = EN_VIGUEUR[corps.categorie_ps].version
    preserie.cpam = list(dict.fromkeys(corps.cpam))
    fins = [fin for fin in (corps.fin_prevue_le, prolongee) if fin is not None]
    preserie.fin_prevue_le = max(fins, default=None)
    session.add(preserie)


async def _verifier_les_cpam(session: AsyncSession, preserie: Preserie, avant: PreserieLue | None) -> None:
    pilotes = [vue_pilote(p) for p in await depot.pilotes(session, preserie.id)]
    presente = (avant.cpam, pilotes) if avant is not None else None
    await refuser_un_ecart(session, preserie, presente, (preserie.cpam, pilotes))


async def enregistrer_jalon(
    session: AsyncSession, auteur: Auteur, code: str, jalon: NomJalon, corps: JalonCorps
) -> Inscrit[JalonLu]:
    preserie = await preserie_ou_404(session, code)
    present = await session.get(Jalon, (preserie.id, jalon))
    avant = JalonLu.model_construct(code=jalon, le=present.le) if present is not None else None
    auteur.verifier(avant)
    apres = JalonLu.model_construct(code=jalon, le=corps.le)
    if apres != avant:
        refuser_si_terminee(preserie)
    if present is not None:
        present.le = corps.le
    else:
        session.add(Jalon(preserie_id=preserie.id, code=jalon, le=corps.le))
    objet = await objet_preserie(session, preserie)
    return await inscrire(session, auteur, Objet("jalon", jalon, objet.editeur, code), avant, apres)


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


async def objet_preserie(session: AsyncSession, preserie: Preserie) -> Objet:
    """A présérie as the journal names it."""
    editeur = await depot.editeur_de(session, preserie.logiciel_id)
    return Objet("preserie", preserie.code, editeur, preserie.code)


def introuvable() -> Introuvable:
    return Introuvable("Aucune présérie de ce code ne vous est connue : vérifiez le code, ou demandez à la Cnam.")


def refuser_si_terminee(preserie: Preserie) -> None:
    """What a présérie was judged on stands once it has ended."""
    if preserie.statut in TERMINES:
        raise terminee()


def terminee() -> EtapeRefusee:
    return EtapeRefusee("Cette présérie est terminée : rien n'y change plus. Ouvrez-en une nouvelle.")


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
