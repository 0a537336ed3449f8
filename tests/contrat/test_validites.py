"""Validity over HTTP: as a list and on each logiciel; an éditeur learns nothing of another's préséries."""

import re
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from app.acces.roles import Role
from app.preseries.validites import Raison
from app.stockage.base import Base
from tests.contrat.aides import mettre, verifier_probleme
from tests.outils import PRESERIE, Corps, Service
from tests.test_documents import DOCS

LE = datetime(2026, 12, 4, 15, tzinfo=UTC)
COUVERT = {"categorie_ps": "lpp", "valide": True, "preserie": PRESERIE, "validee_le": "2026-12-04T15:00:00Z"}
DECOUVERT = {"categorie_ps": "lpp", "valide": False, "preserie": None, "validee_le": None}


@pytest.fixture
async def monde(cnam: Service) -> Service:
    """Of the example's éditeur, a second logiciel on its module and one on another; an intégrateur of its module."""
    for chemin, corps in (
        ("/modules/autre-ordo", {"editeur": "ortho-soft", "nom": "Autre"}),
        ("/logiciels/ortho-light", _logiciel("ortho-soft", "mon-ortho")),
        ("/logiciels/ortho-web", _logiciel("ortho-soft", "autre-ordo")),
        ("/editeurs/integre", {"raison_sociale": "Intégré", "solution_sesam_vitale": False}),
        ("/logiciels/integre-plus", _logiciel("integre", "mon-ortho")),
        ("/logiciels/integre-web", _logiciel("integre", "mon-ortho")),
        ("/preseries/integre-lpp", {"logiciel": "integre-plus", "categorie_ps": "lpp", "cpam": ["33"]}),
    ):
        reponse = await cnam.appeler("PUT", chemin, json=corps)
        assert reponse.status_code == 201, reponse.text
    return cnam


def _logiciel(editeur: str, module: str) -> Corps:
    return {"editeur": editeur, "module": module, "nom": "x", "sesam_vitale": False, "autorisation_cnda": None}


async def _raisons(service: Service, filtres: str = "") -> dict[str, str]:
    page = await service.lire(f"/validites{filtres}")
    assert page["suivant"] is None
    return {une["logiciel"]: une["raison"] for une in page["elements"]}


async def test_rien_n_est_couvert_avant_une_validation(monde: Service, proprietaire: asyncpg.Connection) -> None:
    for statut in ("preparation", "en_cours", "abandonnee"):
        await mettre(proprietaire, statut=statut)
        raisons = await _raisons(monde)
        assert {logiciel for logiciel, raison in raisons.items() if raison == "integrateur"} == {
            "integre-plus",
            "integre-web",
        }
        assert set(raisons.values()) == {"integrateur", "aucune-preserie"}


async def test_une_preserie_validee_couvre_les_logiciels_du_meme_module(
    monde: Service, proprietaire: asyncpg.Connection
) -> None:
    for statut in ("validee", "cloturee"):
        await mettre(proprietaire, statut=statut, validee_le=LE)
        assert await _raisons(monde) == {
            "integre-plus": "integrateur",
            "integre-web": "integrateur",
            "ortho-light": "meme-module",
            "ortho-plus": "propre",
            "ortho-web": "autre-module",
        }
    elements = (await monde.lire("/validites?module=mon-ortho&editeur=ortho-soft&categorie_ps=lpp"))["elements"]
    attendues = [("ortho-light", "meme-module"), ("ortho-plus", "propre")]
    for une, (logiciel, raison) in zip(elements, attendues, strict=True):
        assert len(une.pop("explication").split()) > 5
        assert une == COUVERT | {
            "logiciel": logiciel,
            "editeur": "ortho-soft",
            "module": "mon-ortho",
            "raison": raison,
        }


async def test_un_integrateur_n_est_couvert_que_par_sa_propre_preserie(
    monde: Service, proprietaire: asyncpg.Connection
) -> None:
    integrateur = await monde.en(Role.EDITEUR, editeur="integre")
    avant = await integrateur.lire("/validites")
    await mettre(proprietaire, statut="validee", validee_le=LE)
    assert await integrateur.lire("/validites") == avant
    await mettre(proprietaire, "integre-lpp", statut="validee", validee_le=LE)
    assert await _raisons(integrateur) == {"integre-plus": "propre", "integre-web": "integrateur"}
    moteur = await monde.en(Role.EDITEUR, editeur="ortho-soft")
    await mettre(proprietaire, statut="en_cours", validee_le=None)
    assert await _raisons(moteur) == dict.fromkeys(("ortho-light", "ortho-plus", "ortho-web"), "aucune-preserie")


async def test_un_editeur_ne_voit_que_ses_logiciels(monde: Service) -> None:
    moteur = await monde.en(Role.EDITEUR, editeur="ortho-soft")
    for filtres, vus in (
        ("", {"ortho-light", "ortho-plus", "ortho-web"}),
        ("?module=mon-ortho", {"ortho-light", "ortho-plus"}),
        ("?editeur=integre", set()),
        ("?editeur=inconnu", set()),
    ):
        assert set(await _raisons(moteur, filtres)) == vus
    assert set(await _raisons(monde, "?editeur=integre")) == {"integre-plus", "integre-web"}


async def test_les_pages_se_suivent_sans_rien_perdre(monde: Service) -> None:
    toutes = (await monde.lire("/validites"))["elements"]
    for limite in range(1, len(toutes) + 1):
        lues: list[Any] = []
        suite = ""
        while True:
            page = await monde.lire(f"/validites?limite={limite}{suite}")
            assert 0 < len(page["elements"]) <= limite
            lues += page["elements"]
            if page["suivant"] is None:
                break
            suite = f"&apres={page['suivant']}"
        assert lues == toutes


async def test_un_filtre_impossible_est_refuse(monde: Service) -> None:
    for filtre, champ in (("categorie_ps=inconnue", "categorie_ps"), ("apres=x", "apres"), ("editeur=X", "editeur")):
        probleme = verifier_probleme(await monde.appeler("GET", f"/validites?{filtre}"), 422, "corps-invalide")
        assert [faute["champ"] for faute in probleme["erreurs"]] == [champ]


async def test_un_logiciel_dit_ses_validites(monde: Service, proprietaire: asyncpg.Connection) -> None:
    await mettre(proprietaire, statut="validee", validee_le=LE)
    liste = {une["logiciel"]: une for une in (await monde.lire("/validites"))["elements"]}
    logiciels = (await monde.lire("/logiciels"))["elements"]
    assert {lo["code"] for lo in logiciels} == liste.keys()
    for logiciel in logiciels:
        dite = liste[logiciel["code"]]
        attendue = {nom: dite[nom] for nom in dite.keys() - {"logiciel", "editeur", "module"}}
        assert logiciel["validites"] == [attendue]
        assert await monde.lire(f"/logiciels/{logiciel['code']}") == logiciel
        corps = {nom: logiciel[nom] for nom in logiciel.keys() - {"code", "validites"}}
        assert (await monde.appeler("PUT", f"/logiciels/{logiciel['code']}", json=corps)).json() == logiciel
    nouveau = await monde.appeler("PUT", "/logiciels/ortho-neuf", json=_logiciel("ortho-soft", "mon-ortho"))
    assert nouveau.status_code == 201
    assert nouveau.json()["validites"][0]["raison"] == "meme-module"


async def test_une_page_de_logiciels_ne_demande_pas_plus_qu_un_seul(monde: Service) -> None:
    base: Base = monde.application.state.base
    requetes: list[str] = []

    def noter(_connexion: object, _curseur: object, requete: str, *_: object) -> None:
        requetes.append(requete)

    event.listen(base.moteur.sync_engine, "before_cursor_execute", noter)
    try:
        comptes = []
        for chemin in ("/logiciels?limite=1", "/logiciels?limite=100", "/validites?limite=1", "/validites?limite=100"):
            requetes.clear()
            await monde.lire(chemin)
            comptes.append(sum(re.search(r"\sFROM (logiciel|preserie|module)\s", une) is not None for une in requetes))
    finally:
        event.remove(base.moteur.sync_engine, "before_cursor_execute", noter)
    assert comptes == [3, 3, 3, 3]


async def test_la_base_range_les_codes_comme_le_curseur_quelle_que_soit_sa_collation(monde: Service) -> None:
    """The server of the tests knows no order but that of code points: what it is asked for is all that shows."""
    base: Base = monde.application.state.base
    requetes: list[str] = []
    event.listen(base.moteur.sync_engine, "before_cursor_execute", lambda *a: requetes.append(a[2]))
    await monde.lire("/validites?limite=1&apres=aa/lpp")
    (liste,) = [une for une in requetes if re.search(r"\sFROM logiciel\s", une) and "ORDER BY" in une]
    assert re.search(r'logiciel\.code COLLATE "C"\)? >= \$', liste), liste
    assert re.search(r'ORDER BY \(?logiciel\.code COLLATE "C"\)?\s+LIMIT', liste), liste


def test_chaque_raison_est_documentee() -> None:
    page = (DOCS / "routes.md").read_text("utf-8").partition("| reason |")[2].partition("##")[0]
    assert set(re.findall(r"^\| ([a-z-]+) \| (?:yes|no)", page, re.MULTILINE)) == set(Raison)
