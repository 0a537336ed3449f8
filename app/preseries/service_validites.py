"""Use cases: which logiciels a validated présérie covers, on each logiciel and as a list."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces
from app.erreurs import CorpsInvalide
from app.parametres import Page
from app.preseries import depot, depot_validites
from app.preseries.modeles import Editeur, Logiciel, Module
from app.preseries.schemas import LogicielLu, ValiditeDeLogicielLue, ValiditeLue
from app.preseries.validites import EXPLICATIONS, PreserieValidee, Solution, validite
from app.preseries.vues import vue_logiciel
from app.referentiels import EN_VIGUEUR


@dataclass(frozen=True, slots=True)
class Filtre:
    """Which validités; what is None filters nothing."""

    editeur: str | None
    module: str | None
    categorie_ps: str | None


async def avec_validites(session: AsyncSession, logiciels: Sequence[LogicielLu]) -> list[LogicielLu]:
    """The logiciels, each with its validité for every catégorie; as many queries for a page as for one."""
    proprietaires = await depot_validites.proprietaires(session, {lu.module for lu in logiciels})
    validees: defaultdict[str, list[PreserieValidee]] = defaultdict(list)
    for preserie in await depot_validites.validees(session, {lu.editeur for lu in logiciels}):
        validees[preserie.editeur].append(preserie)
    return [
        lu.model_copy(
            update={
                "validites": [
                    _vue(Solution(lu.code, lu.editeur, lu.module, proprietaires[lu.module]), c, validees[lu.editeur])
                    for c in sorted(EN_VIGUEUR)
                ]
            }
        )
        for lu in logiciels
    ]


async def lister(
    session: AsyncSession, acces: Acces, filtre: Filtre, apres: str | None, limite: int
) -> Page[ValiditeDeLogicielLue]:
    """One row per logiciel and catégorie, in the order of their codes; raises CorpsInvalide (422)."""
    if filtre.categorie_ps is not None and filtre.categorie_ps not in EN_VIGUEUR:
        message = f"catégorie sans référentiel : catégories connues : {', '.join(EN_VIGUEUR)}"
        raise CorpsInvalide(f"categorie_ps : {message}.", erreurs=[{"champ": "categorie_ps", "message": message}])
    depuis = _cle(apres) if apres is not None else ("", "")
    # As Python compares them below: another collation of the database would put codes in another order.
    code = Logiciel.code.collate("C")
    requete = depot.liste_logiciels(acces.editeur).where(code >= depuis[0])
    if filtre.editeur is not None:
        requete = requete.where(Editeur.code == filtre.editeur)
    if filtre.module is not None:
        requete = requete.where(Module.code == filtre.module)
    # The cursor's own logiciel may have nothing left to show, and one row more tells whether a page follows.
    lignes = (await session.execute(requete.order_by(code).limit(limite + 2))).all()
    lus = await avec_validites(session, [vue_logiciel(*ligne) for ligne in lignes])
    voulues = [
        une
        for lu in lus
        for une in _aplatir(lu)
        if (une.logiciel, une.categorie_ps) > depuis and filtre.categorie_ps in (None, une.categorie_ps)
    ]
    derniere = voulues[limite - 1] if len(voulues) > limite else None
    suivant = f"{derniere.logiciel}/{derniere.categorie_ps}" if derniere is not None else None
    return Page(elements=voulues[:limite], suivant=suivant)


def _cle(curseur: str) -> tuple[str, str]:
    logiciel, _, categorie = curseur.partition("/")
    return logiciel, categorie


def _aplatir(lu: LogicielLu) -> list[ValiditeDeLogicielLue]:
    return [
        ValiditeDeLogicielLue(logiciel=lu.code, editeur=lu.editeur, module=lu.module, **dict(une))
        for une in lu.validites
    ]


def _vue(solution: Solution, categorie_ps: str, validees: Sequence[PreserieValidee]) -> ValiditeLue:
    trouvee = validite(solution, categorie_ps, validees)
    return ValiditeLue(
        categorie_ps=categorie_ps,
        valide=trouvee.par is not None,
        raison=trouvee.raison,
        preserie=trouvee.par.code if trouvee.par is not None else None,
        validee_le=trouvee.par.validee_le if trouvee.par is not None else None,
        explication=EXPLICATIONS[trouvee.raison],
    )
