"""``GET /journal``: the latest first, page by page, to each what is its own."""

from datetime import UTC, datetime
from urllib.parse import quote

import asyncpg

from app.acces.roles import Acces, Role
from app.journal import service as journal
from app.journal.chaine import DEBUT
from app.journal.depot import Fait, noter
from app.stockage.base import Base
from tests.contrat.aides import verifier_probleme
from tests.outils import Corps, Service

_AUTEUR = Acces(41, Role.EDITEUR, "ortho-soft")


def _base(service: Service) -> Base:
    base: Base = service.application.state.base
    return base


async def _noter(service: Service, fait: Fait, auteur: Acces | None = _AUTEUR) -> None:
    async with _base(service).ecriture() as session:
        await noter(session, auteur, fait)


async def _semer(service: Service) -> None:
    """Of two éditeurs, and of none."""
    await _noter(service, Fait("creation", "editeur", "ortho-soft", "ortho-soft", apres={"raison_sociale": "Ortho"}))
    await _noter(
        service,
        Fait(
            "modification",
            "pilote",
            None,
            "ortho-soft",
            "ps-une",
            {"cpam": "33"},
            {"cpam": "38"},
            {"numero_am": "389391422"},
        ),
    )
    await _noter(service, Fait("creation", "preserie", "ps-autre", "rival", "ps-autre", apres={"cpam": ["33"]}))
    await _noter(service, Fait("creation", "cle", "7", apres={"role": "lecture"}), None)


def _numeros(page: Corps) -> list[int]:
    return [entree["numero"] for entree in page["elements"]]


async def test_une_entree_dit_qui_quoi_quand_et_sa_place_dans_la_chaine(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    avant = datetime.now(UTC)
    await _semer(service)
    derniere, _, pilote, premiere = (await cnam.lire("/journal"))["elements"]
    assert pilote["auteur"] == {"role": "editeur", "cle": 41}
    assert (pilote["action"], pilote["objet"], pilote["code"]) == ("modification", "pilote", None)
    assert (pilote["editeur"], pilote["preserie"]) == ("ortho-soft", "ps-une")
    assert (pilote["avant"], pilote["apres"]) == ({"cpam": "33"}, {"cpam": "38"})
    assert (pilote["personnel"], pilote["personnel_efface"]) == ({"numero_am": "389391422"}, False)
    assert (premiere["numero"], premiere["precedente"], premiere["personnel"]) == (1, DEBUT.hex(), None)
    assert pilote["precedente"] == premiere["empreinte"]
    assert derniere["auteur"] == {"role": "console", "cle": None}
    assert avant <= datetime.fromisoformat(premiere["le"]) <= datetime.now(UTC)


async def test_les_dernieres_d_abord_page_par_page(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    assert await cnam.lire("/journal") == {"elements": [], "suivant": None}
    await _semer(service)
    page = await cnam.lire("/journal?limite=3")
    assert (_numeros(page), page["suivant"]) == ([4, 3, 2], "2")
    await _semer(service)
    suite = await cnam.lire(f"/journal?limite=3&apres={page['suivant']}")
    assert (_numeros(suite), suite["suivant"]) == ([1], None)
    assert (await cnam.lire("/journal?limite=8"))["suivant"] is None


async def test_un_editeur_ne_voit_que_ce_qui_est_a_lui(service: Service) -> None:
    await _semer(service)
    for editeur, numeros in (("ortho-soft", [2, 1]), ("rival", [3]), ("inconnu", [])):
        lecteur = await service.en(Role.EDITEUR, editeur=editeur)
        assert _numeros(await lecteur.lire("/journal")) == numeros
    rival = await service.en(Role.EDITEUR, editeur="rival")
    assert _numeros(await rival.lire("/journal?preserie=ps-une")) == []


async def test_les_filtres_se_combinent(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    await _semer(service)
    entrees = (await cnam.lire("/journal"))["elements"]
    for filtre, numeros in (
        ("preserie=ps-une", [2]),
        ("preserie=ps-autre&objet=pilote", []),
        ("objet=cle", [4]),
        (f"depuis={quote(entrees[1]['le'])}", [4, 3]),
        (f"depuis={quote(entrees[1]['le'])}&preserie=ps-autre", [3]),
    ):
        assert _numeros(await cnam.lire(f"/journal?{filtre}")) == numeros, filtre


async def test_ce_qui_est_efface_se_dit(service: Service, proprietaire: asyncpg.Connection) -> None:
    cnam = await service.en(Role.CNAM)
    await _semer(service)
    async with _base(service).ecriture() as session:
        assert await journal.effacer(session, "389391422") == 1
    effacement, _, _, pilote, premiere = (await cnam.lire("/journal"))["elements"]
    assert (pilote["personnel"], pilote["personnel_efface"]) == (None, True)
    assert (premiere["personnel"], premiere["personnel_efface"]) == (None, False)
    assert (effacement["action"], effacement["apres"]) == ("effacement", {"entrees": 1})


async def test_un_parametre_malforme_est_refuse(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    for requete in ("apres=0", "apres=x", f"apres={10**18}", "objet=Pilote", "depuis=2026-11-01", "editeur=rival"):
        verifier_probleme(await cnam.appeler("GET", f"/journal?{requete}"), 422, "corps-invalide")
