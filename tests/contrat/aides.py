"""What the tests of the contract share: the shape of a problem, acknowledgements, states set from outside."""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from tests.outils import PILOTES, PRESERIE, Corps, Service

NIR = "185057800608491"
_CHAMPS = {"type", "title", "status", "detail", "instance"}
_FACULTATIFS = {"erreurs", "id", "manquants", "modalite"}


@contextmanager
def cas(nom: object) -> Iterator[None]:
    """Names the case that failed: a table walked on one started service is far faster than a service per case."""
    try:
        yield
    except AssertionError as erreur:
        erreur.add_note(f"Cas : {nom!r:.300}")
        raise


def verifier_probleme(reponse: httpx.Response, statut: int, code: str | None = None) -> Corps:
    """A problem of RFC 9457 as the contract shapes it; gives its body."""
    assert reponse.status_code == statut, reponse.text
    assert reponse.headers["content-type"].split(";")[0] == "application/problem+json"
    corps: Corps = reponse.json()
    assert set(corps) >= _CHAMPS
    assert set(corps) - _CHAMPS <= _FACULTATIFS
    prefixe, trouve = corps["type"].rsplit(":", 1)
    assert prefixe == "urn:traces-postes:probleme"
    assert re.fullmatch("[a-z][a-z0-9-]+", trouve)
    assert code is None or trouve == code
    assert corps["status"] == statut
    assert len(corps["title"]) > 3
    assert len(corps["detail"].split()) > 3
    assert corps["detail"].endswith(".")
    assert corps["instance"] == f"urn:uuid:{UUID(reponse.headers['x-request-id'])}"
    for faute in corps.get("erreurs", []):
        assert set(faute) - {"ligne"} == {"champ", "message"}
    return corps


def accuse(reponse: httpx.Response, enregistrees: int = 0, doublons: int = 0, rejets: list[str] | None = None) -> Corps:
    """An acknowledgement with these numbers and these refusals, whose sums add up; gives its body."""
    assert reponse.status_code in (200, 201), reponse.text
    corps: Corps = reponse.json()
    assert set(corps) == {
        *("recues", "enregistrees", "doublons", "rejetees"),
        *("rejets", "avertissements", "traces_postes"),
    }
    assert (corps["enregistrees"], corps["doublons"]) == (enregistrees, doublons)
    assert [rejet["code"] for rejet in corps["rejets"]] == (rejets or [])
    assert corps["rejetees"] == len(corps["rejets"])
    assert corps["recues"] == enregistrees + doublons + corps["rejetees"]
    for rejet in corps["rejets"]:
        assert set(rejet) == {"index", "id", "code", "champ", "detail"}
    for avertissement in corps["avertissements"]:
        assert set(avertissement) == {"index", "code", "detail"}
    return corps


async def mettre(proprietaire: asyncpg.Connection, preserie: str = PRESERIE, **colonnes: Any) -> None:
    """Sets columns of a présérie as only later routes can, and tells the caches."""
    for colonne, valeur in colonnes.items():
        assert colonne.isidentifier()
        await proprietaire.execute(
            f"UPDATE preserie SET {colonne} = $1 WHERE code = $2",  # noqa: S608 — a name checked above
            valeur,
            preserie,
        )
    await proprietaire.execute("UPDATE registre SET generation = generation + 1")


async def etat_dit(service: Service, attendu: str, numero_am: str = PILOTES[0]) -> None:
    """Waits until workstations are told this state: a switch-off may lag by a second."""
    chemin = f"/traces/consigne?logiciel=ortho-plus&numero_am={numero_am}"
    fin = time.monotonic() + 1.5
    while (consigne := await service.lire(chemin))["traces_postes"] != attendu:
        assert time.monotonic() < fin, consigne
        await asyncio.sleep(0.02)


async def compter(proprietaire: asyncpg.Connection, table: str) -> int:
    assert table.isidentifier()
    nombre: int = await proprietaire.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 — a name checked above
    return nombre


async def inscrire_rival(cnam: Service, *, demarrer: bool = True) -> None:
    """A second éditeur with its own module, logiciel and présérie, whose pilote is the example's first too."""
    corps: list[tuple[str, str, Corps]] = [
        ("PUT", "/editeurs/rival", {"raison_sociale": "Rival", "solution_sesam_vitale": False}),
        ("PUT", "/modules/rival-ordo", {"editeur": "rival", "nom": "Ordo"}),
        (
            "PUT",
            "/logiciels/rival-plus",
            {
                "editeur": "rival",
                "module": "rival-ordo",
                "nom": "Rival Plus",
                "sesam_vitale": False,
                "autorisation_cnda": {"numero": "ON-1", "date": "2026-09-02"},
            },
        ),
        (
            "PUT",
            "/preseries/rival-lpp",
            {"logiciel": "rival-plus", "categorie_ps": "lpp", "cpam": ["33"], "fin_prevue_le": None},
        ),
        ("PUT", "/preseries/rival-lpp/jalons/support", {"le": "2026-09-12"}),
        ("PUT", "/preseries/rival-lpp/jalons/kit_accompagnement", {"le": "2026-09-12"}),
        ("PUT", f"/preseries/rival-lpp/pilotes/{PILOTES[0]}", pilote()),
    ]
    if demarrer:
        corps.append(("POST", "/preseries/rival-lpp/demarrage", {}))
    for methode, chemin, contenu in corps:
        reponse = await cnam.appeler(methode, chemin, json=contenu)
        assert reponse.status_code in (200, 201), reponse.text


def pilote(**champs: Any) -> Corps:
    """A pilote of the CPAM 33, all of whose days are set but those of phase 2 and withdrawal."""
    return {
        "cpam": "33",
        "sesam_vitale": True,
        "accord_le": "2026-09-22",
        "equipement_verifie": True,
        "forme_le": "2026-10-12",
        "installation_prevue_le": "2026-10-12",
        "installe_le": "2026-10-12",
        "phase_2_le": None,
        "retire_le": None,
    } | champs
