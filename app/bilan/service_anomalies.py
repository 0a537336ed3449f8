"""Use cases: anomalies listed, declared, and followed up by people. What they did is only ever added to."""

from datetime import datetime
from itertools import takewhile

from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Acces, Role
from app.anomalies.modeles import SuiteAnomalie
from app.anomalies.regles import INTRINSEQUE, Suite
from app.anomalies.schemas import AnomalieInscrite, AnomalieLue, DeclarationCorps, StatutAnomalie, SuiteCorps
from app.bilan.faits import Faits
from app.bilan.filtres import FiltreAnomalies
from app.bilan.service import faits_visibles
from app.erreurs import CorpsInvalide, Introuvable, RoleInsuffisant
from app.parametres import Page, curseur
from app.preseries.cycle import TERMINES, Statut
from app.preseries.inscription import Auteur, Objet, noter
from app.preseries.service import terminee

DECLAREE = "declaree"


async def anomalies(
    session: AsyncSession,
    acces: Acces,
    code: str,
    filtre: FiltreAnomalies,
    au: datetime | None,
    apres: str | None,
    limite: int,
) -> Page[AnomalieLue]:
    """A présérie's anomalies, by operation and code."""
    faits = await faits_visibles(session, acces, code, au)
    depuis = curseur(apres, _operation_et_code)
    voulues = [a for a in faits.anomalies if filtre.garde(a) and (depuis is None or (a.operation, a.code) > depuis)]
    suivante = voulues[limite - 1] if len(voulues) > limite else None
    suivant = f"{suivante.operation}/{suivante.code}" if suivante is not None else None
    return Page(elements=voulues[:limite], suivant=suivant)


async def une_anomalie(session: AsyncSession, acces: Acces, preserie: str, operation: str, code: str) -> AnomalieLue:
    """Raises Introuvable (404)."""
    return _connue(await faits_visibles(session, acces, preserie), operation, code)


async def declarer(
    session: AsyncSession, acces: Acces, preserie: str, corps: DeclarationCorps
) -> tuple[AnomalieLue, bool]:
    """The anomaly as it then stands, and whether anything was declared: by the same role the same again, while it is
    open, declares nothing.

    Raises Introuvable (404), RoleInsuffisant (403), EtapeRefusee (409).
    """
    faits = await faits_visibles(session, acces, preserie)
    avant = _trouver(faits, corps.operation, corps.code)
    siennes = [s for s in faits.suites if (s.operation, s.code) == (corps.operation, corps.code)]
    declarations = [s for s in siennes if s.statut == DECLAREE]
    if avant is not None and avant.statut is StatutAnomalie.OUVERTE and _deja_declaree(declarations, corps, acces.role):
        return avant, False
    if acces.role is not Role.CNAM and _attenue(declarations, corps):
        raise declaree_par_la_cnam()
    suite = SuiteAnomalie(statut=DECLAREE, **dict(corps))
    return await _ajouter(session, acces, faits, avant, suite), True


async def suivre(
    session: AsyncSession, acces: Acces, preserie: str, operation: str, code: str, corps: SuiteCorps
) -> AnomalieLue:
    """Corrects an anomaly, sets it aside or opens it again; what stands already is left as it is.

    Raises Introuvable (404), RoleInsuffisant (403), CorpsInvalide (422), EtapeRefusee (409).
    """
    faits = await faits_visibles(session, acces, preserie)
    if corps.statut is StatutAnomalie.ECARTEE and acces.role is not Role.CNAM:
        raise reservee_a_la_cnam()
    _refuser_incomplete(corps)
    avant = _connue(faits, operation, code)
    if (avant.statut, avant.version_corrective, avant.motif) == (corps.statut, corps.version_corrective, corps.motif):
        return avant
    suite = SuiteAnomalie(operation=operation, code=code, **dict(corps))
    return await _ajouter(session, acces, faits, avant, suite)


async def _ajouter(
    session: AsyncSession, acces: Acces, faits: Faits, avant: AnomalieLue | None, suite: SuiteAnomalie
) -> AnomalieLue:
    dossier = faits.dossier
    if Statut(dossier.statut) in TERMINES:
        raise terminee()
    suite.preserie_id, suite.cle_id, suite.role = dossier.id, acces.cle_id, acces.role.value
    session.add(suite)
    await session.flush()
    apres = await une_anomalie(session, acces, dossier.preserie, suite.operation, suite.code)
    await noter(
        session,
        Auteur(acces),
        "modification" if avant is not None else "creation",
        Objet("anomalie", suite.code, dossier.editeur, dossier.preserie),
        _inscrite(avant) if avant is not None else None,
        _inscrite(apres),
        {"motif": suite.motif} if suite.motif is not None else None,
    )
    return apres


def _trouver(faits: Faits, operation: str, code: str) -> AnomalieLue | None:
    return next((a for a in faits.anomalies if (a.operation, a.code) == (operation, code)), None)


def _connue(faits: Faits, operation: str, code: str) -> AnomalieLue:
    trouvee = _trouver(faits, operation, code)
    if trouvee is None:
        raise inconnue()
    return trouvee


def _deja_declaree(declarations: list[Suite], corps: DeclarationCorps, role: Role) -> bool:
    """Whether this role has said the same since it was last declared otherwise."""
    memes = takewhile(lambda declaration: _meme_declaration(declaration, corps), reversed(declarations))
    return any(declaration.role == role for declaration in memes)


def _meme_declaration(declaration: Suite, corps: DeclarationCorps) -> bool:
    presente = (declaration.libelle, declaration.origine, declaration.bloquante)
    return presente == (corps.libelle, corps.origine, corps.bloquante)


def _attenue(declarations: list[Suite], corps: DeclarationCorps) -> bool:
    """Whether criterion 2 would no longer look at what the Cnam last declared: the éditeur is judged by it."""
    de_la_cnam = [d for d in declarations if d.role == Role.CNAM]
    if not de_la_cnam or not (de_la_cnam[-1].bloquante and de_la_cnam[-1].origine == INTRINSEQUE):
        return False
    return not (corps.bloquante and corps.origine == INTRINSEQUE)


def _inscrite(lue: AnomalieLue) -> AnomalieInscrite:
    return AnomalieInscrite.model_validate(lue, from_attributes=True)


def _refuser_incomplete(corps: SuiteCorps) -> None:
    corrigee = corps.statut is StatutAnomalie.CORRIGEE
    if corrigee and corps.version_corrective is None:
        raise _faute("version_corrective", "requise pour une correction : donnez la version qui corrige")
    if not corrigee and corps.version_corrective is not None:
        raise _faute("version_corrective", "réservée à une correction : ôtez-la")
    if corps.statut is StatutAnomalie.ECARTEE and corps.motif is None:
        raise _faute("motif", "requis pour écarter une anomalie : dites pourquoi")


def _faute(champ: str, message: str) -> CorpsInvalide:
    return CorpsInvalide(f"{champ} : {message}.", erreurs=[{"champ": champ, "message": message}])


def _operation_et_code(curseur: str) -> tuple[str, str]:
    operation, separateur, code = curseur.partition("/")
    if not separateur:
        raise ValueError
    return operation, code


def inconnue() -> Introuvable:
    return Introuvable("Aucune trace ni personne n'a signalé cette anomalie : reprenez-la dans la liste des anomalies.")


def reservee_a_la_cnam() -> RoleInsuffisant:
    return RoleInsuffisant("Seule la Cnam écarte une anomalie : corrigez-la, ou demandez-le à la Cnam.")


def declaree_par_la_cnam() -> RoleInsuffisant:
    return RoleInsuffisant(
        "La Cnam a déclaré cette anomalie bloquante et due au logiciel : elle seule la déclare autrement."
    )
