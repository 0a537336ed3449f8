"""Reads of the registry over HTTP: one object, or a list paged by cursor. An éditeur sees its own."""

from fastapi import APIRouter, Response

from app.erreurs import Introuvable
from app.parametres import LIMITE, ApresCode, ApresNumeroAm, Limite, Page
from app.preseries import depot, service, vues
from app.preseries.dependances import CodeChemin, Lecteur, NumeroAmChemin, versionner
from app.preseries.modeles import Editeur, Logiciel, Module, Pilote, Preserie
from app.preseries.schemas import EditeurLu, JalonLu, LogicielLu, ModuleLu, NomJalon, PiloteLu, PreserieLue
from app.preseries.service_validites import avec_validites
from app.reponses import problemes, version
from app.stockage.dependances import SessionLecture

routes = APIRouter(tags=["Registre"])


def _introuvable() -> Introuvable:
    return Introuvable("Rien de tel ne vous est connu au registre : vérifiez le code.")


@routes.get(
    "/editeurs",
    summary="Éditeurs",
    description="Par pages, dans l'ordre des codes. Un éditeur ne voit que lui-même.",
)
async def lister_editeurs(
    acces: Lecteur, session: SessionLecture, apres: ApresCode = None, limite: Limite = LIMITE
) -> Page[EditeurLu]:
    lignes, encore = await depot.page(session, depot.liste_editeurs(acces.editeur), Editeur.code, apres, limite)
    elements = [vues.vue_editeur(e) for (e,) in lignes]
    return Page(elements=elements, suivant=elements[-1].code if encore else None)


@routes.get(
    "/editeurs/{code}",
    summary="Un éditeur",
    description="Un éditeur ne voit que lui-même.",
    responses=version() | problemes(_introuvable()),
)
async def lire_editeur(code: CodeChemin, acces: Lecteur, session: SessionLecture, reponse: Response) -> EditeurLu:
    ligne = (await session.execute(depot.liste_editeurs(acces.editeur).where(Editeur.code == code))).first()
    if ligne is None:
        raise _introuvable()
    return versionner(reponse, vues.vue_editeur(*ligne))


@routes.get(
    "/modules",
    summary="Modules",
    description="Par pages, dans l'ordre des codes. Un éditeur voit les modules qu'il possède et ceux qu'il intègre.",
)
async def lister_modules(
    acces: Lecteur, session: SessionLecture, apres: ApresCode = None, limite: Limite = LIMITE
) -> Page[ModuleLu]:
    lignes, encore = await depot.page(session, depot.liste_modules(acces.editeur), Module.code, apres, limite)
    elements = [vues.vue_module(*ligne) for ligne in lignes]
    return Page(elements=elements, suivant=elements[-1].code if encore else None)


@routes.get(
    "/modules/{code}",
    summary="Un module",
    description="Un éditeur voit les modules qu'il possède et ceux qu'il intègre.",
    responses=version() | problemes(_introuvable()),
)
async def lire_module(code: CodeChemin, acces: Lecteur, session: SessionLecture, reponse: Response) -> ModuleLu:
    ligne = (await session.execute(depot.liste_modules(acces.editeur).where(Module.code == code))).first()
    if ligne is None:
        raise _introuvable()
    return versionner(reponse, vues.vue_module(*ligne))


@routes.get(
    "/logiciels",
    summary="Logiciels",
    description="Par pages, dans l'ordre des codes. Un éditeur ne voit que les siens.",
)
async def lister_logiciels(
    acces: Lecteur, session: SessionLecture, apres: ApresCode = None, limite: Limite = LIMITE
) -> Page[LogicielLu]:
    lignes, encore = await depot.page(session, depot.liste_logiciels(acces.editeur), Logiciel.code, apres, limite)
    elements = await avec_validites(session, [vues.vue_logiciel(*ligne) for ligne in lignes])
    return Page(elements=elements, suivant=elements[-1].code if encore else None)


@routes.get(
    "/logiciels/{code}",
    summary="Un logiciel",
    description="Un éditeur ne voit que les siens.",
    responses=version() | problemes(_introuvable()),
)
async def lire_logiciel(code: CodeChemin, acces: Lecteur, session: SessionLecture, reponse: Response) -> LogicielLu:
    ligne = (await session.execute(depot.liste_logiciels(acces.editeur).where(Logiciel.code == code))).first()
    if ligne is None:
        raise _introuvable()
    (lu,) = await avec_validites(session, [versionner(reponse, vues.vue_logiciel(*ligne))])
    return lu


@routes.get(
    "/preseries",
    summary="Préséries",
    description="Par pages, dans l'ordre des codes. Un éditeur ne voit que les siennes.",
)
async def lister_preseries(
    acces: Lecteur, session: SessionLecture, apres: ApresCode = None, limite: Limite = LIMITE
) -> Page[PreserieLue]:
    lignes, encore = await depot.page(session, depot.liste_preseries(acces.editeur), Preserie.code, apres, limite)
    elements = await vues.vues_preseries(session, [(p, logiciel) for p, logiciel in lignes])
    return Page(elements=elements, suivant=elements[-1].code if encore else None)


@routes.get(
    "/preseries/{code}",
    summary="Une présérie",
    description="Son état, celui de ses traces, et ses jalons datés.",
    responses=version() | problemes(service.introuvable()),
)
async def lire_preserie(code: CodeChemin, acces: Lecteur, session: SessionLecture, reponse: Response) -> PreserieLue:
    lue = await vues.vue_preserie(session, await service.preserie_visible(session, acces, code))
    return versionner(reponse, lue)


@routes.get(
    "/preseries/{code}/jalons",
    summary="Jalons d'une présérie",
    description="Tous les jalons datés, en une seule page.",
    responses=problemes(service.introuvable()),
)
async def lister_jalons(code: CodeChemin, acces: Lecteur, session: SessionLecture) -> Page[JalonLu]:
    presente = await service.preserie_visible(session, acces, code)
    dates = await depot.jalons(session, presente.id)
    return Page(elements=[JalonLu.model_construct(code=j.code, le=j.le) for j in dates], suivant=None)


@routes.get(
    "/preseries/{code}/jalons/{jalon}",
    summary="Un jalon",
    description="Le jour d'un jalon ; 404 s'il n'est pas daté.",
    responses=version() | problemes(_introuvable()),
)
async def lire_jalon(
    code: CodeChemin, jalon: NomJalon, acces: Lecteur, session: SessionLecture, reponse: Response
) -> JalonLu:
    presente = await service.preserie_visible(session, acces, code)
    trouves = [j for j in await depot.jalons(session, presente.id) if j.code == jalon]
    if not trouves:
        raise _introuvable()
    return versionner(reponse, JalonLu.model_construct(code=jalon, le=trouves[0].le))


@routes.get(
    "/preseries/{code}/pilotes",
    summary="Pilotes d'une présérie",
    description="Par pages, dans l'ordre des N° AM ; les pilotes retirés en font partie.",
    responses=problemes(service.introuvable()),
)
async def lister_pilotes(
    code: CodeChemin, acces: Lecteur, session: SessionLecture, apres: ApresNumeroAm = None, limite: Limite = LIMITE
) -> Page[PiloteLu]:
    presente = await service.preserie_visible(session, acces, code)
    lignes, encore = await depot.page(session, depot.liste_pilotes(presente.id), Pilote.numero_am, apres, limite)
    elements = [vues.vue_pilote(p) for (p,) in lignes]
    return Page(elements=elements, suivant=elements[-1].numero_am if encore else None)


@routes.get(
    "/preseries/{code}/pilotes/{numero_am}",
    summary="Un pilote",
    description="Ses dates : accord, formation, installation, passage en phase 2, retrait.",
    responses=version() | problemes(_introuvable()),
)
async def lire_pilote(
    code: CodeChemin, numero_am: NumeroAmChemin, acces: Lecteur, session: SessionLecture, reponse: Response
) -> PiloteLu:
    presente = await service.preserie_visible(session, acces, code)
    trouve = await depot.pilote(session, presente.id, numero_am)
    if trouve is None:
        raise _introuvable()
    return versionner(reponse, vues.vue_pilote(trouve))
