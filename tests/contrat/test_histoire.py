"""« As it was known then », with the registry as it was then: each change shows from its own instant on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from app.acces.roles import Role
from tests.contrat.aides import cas
from tests.outils import PILOTES, PRESERIE, Corps, Service, trace

RECUL_S = 5.2
BILAN = f"/bilan/preseries/{PRESERIE}"
PILOTE: Corps = {
    "cpam": "38",
    "sesam_vitale": True,
    "accord_le": "2026-09-01",
    "equipement_verifie": True,
    "installe_le": "2026-10-12",
}


@pytest.fixture
async def cnam(service: Service) -> Service:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    return cnam


async def _mettre(cnam: Service, chemin: str, corps: Corps) -> None:
    reponse = await cnam.appeler("PUT", chemin, json=corps)
    assert reponse.status_code in (200, 201), reponse.text


@dataclass(frozen=True, slots=True)
class Changement:
    """A PUT, and what of the bilan it changes."""

    nom: str
    chemin: str
    corps: Corps
    lire: Callable[[Corps], Any]


def _phases(bilan: Corps) -> Any:
    return bilan["scor"]["phase_1"]["conforme"], bilan["scor"]["phase_2"]["double_envoi"]


def _modalite(code: str) -> Callable[[Corps], Any]:
    return lambda bilan: next(m for m in bilan["modalites"] if m["code"] == code)


def _prerequis(champ: str) -> Callable[[Corps], Any]:
    return lambda bilan: bilan["criteres"][3][champ]


async def _changements(cnam: Service) -> list[Changement]:
    logiciel = await cnam.lire("/logiciels/ortho-plus")
    corps_logiciel = {nom: logiciel[nom] for nom in ("editeur", "module", "nom", "sesam_vitale")}
    chemin = f"/preseries/{PRESERIE}"
    chemin_pilote = f"{chemin}/pilotes/{PILOTES[0]}"
    pilote = await cnam.lire(chemin_pilote)
    corps_pilote = {nom: valeur for nom, valeur in pilote.items() if nom != "numero_am"}
    editeur = {"raison_sociale": "O", "solution_sesam_vitale": False}
    preserie = {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33", "38"], "fin_prevue_le": "2027-01-31"}
    reseau = {"libelle": "Réseau", "valide_le": None}
    return [
        Changement("phase 2", chemin_pilote, corps_pilote | {"phase_2_le": "2026-11-20"}, _phases),
        Changement("jalon", f"{chemin}/jalons/prerequis_identifies", {"le": "2026-11-02"}, _prerequis("etat")),
        Changement("prérequis", f"{chemin}/prerequis/reseau", reseau, _prerequis("prerequis")),
        Changement("éditeur", "/editeurs/ortho-soft", editeur, _modalite("majorite_sesam_vitale")),
        Changement(
            "CNDA",
            "/logiciels/ortho-plus",
            corps_logiciel | {"autorisation_cnda": None},
            _modalite("prerequis_entree"),
        ),
        Changement("fin prévue", chemin, preserie, _modalite("fin_prevue")),
    ]


async def test_chaque_changement_du_registre_vaut_depuis_son_instant(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    async def lu() -> tuple[Corps, Any]:
        return await cnam.lire(BILAN), await proprietaire.fetchval("SELECT clock_timestamp()")

    await cnam.poster([trace(scor_envoye=True), trace(scor_envoye=True, numero_am=PILOTES[1])])
    vus = []
    for changement in await _changements(cnam):
        avant = await lu()
        await _mettre(cnam, changement.chemin, changement.corps)
        apres = await lu()
        assert changement.lire(avant[0]) != changement.lire(apres[0]), changement.nom
        vus.append((changement, avant, apres))
    await asyncio.sleep(RECUL_S)
    for changement, *deux in vus:
        for attendu, au in deux:
            with cas(changement.nom):
                alors = await cnam.lire(f"{BILAN}?au={quote(au.isoformat())}")
                assert changement.lire(alors) == changement.lire(attendu)
                figes = ("executions", "scor", "traces", "verdict", "statut", "observee_depuis")
                assert {champ: alors[champ] for champ in figes} == {champ: attendu[champ] for champ in figes}


async def test_tout_un_changement_vaut_du_meme_instant(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """As of an instant within, half of an import would be seen."""
    chemin = f"/preseries/{PRESERIE}/planning"
    planning = await cnam.appeler("GET", chemin, headers={"Accept": "text/csv"})
    importe = planning.text.replace(",oui,", ",non,").replace(";oui;", ";non;")
    assert importe != planning.text
    reponse = await cnam.appeler("POST", chemin, content=importe.encode(), headers={"Content-Type": "text/csv"})
    assert reponse.status_code == 200, reponse.text
    instants = await proprietaire.fetch(
        "SELECT depuis_le, count(*) FROM version_registre WHERE objet = 'pilote' GROUP BY 1 HAVING count(*) > 1"
    )
    assert [ligne["count"] for ligne in instants] == [len(PILOTES)]


async def test_qui_voit_une_preserie_se_juge_a_present(cnam: Service) -> None:
    """Also as known at an instant when its logiciel was another's."""
    logiciel = await cnam.lire("/logiciels/ortho-plus")
    await _mettre(cnam, "/editeurs/neuf", {"raison_sociale": "Neuf", "solution_sesam_vitale": False})
    corps = {nom: logiciel[nom] for nom in ("module", "nom", "sesam_vitale", "autorisation_cnda")}
    await _mettre(cnam, "/logiciels/autre", corps | {"editeur": "ortho-soft"})
    await _mettre(cnam, "/preseries/autre-lpp", {"logiciel": "autre", "categorie_ps": "lpp", "cpam": ["33"]})
    await _mettre(cnam, "/logiciels/autre", corps | {"editeur": "neuf"})
    neuf = await cnam.en(Role.EDITEUR, editeur="neuf")
    ancien = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    chemin = "/bilan/preseries/autre-lpp?au=2026-01-01T00:00:00Z"
    assert (await neuf.lire(chemin))["preserie"] == "autre-lpp"
    assert (await ancien.appeler("GET", chemin)).status_code == 404


async def test_avant_son_inscription_une_preserie_se_lit_vide(cnam: Service) -> None:
    await cnam.poster([trace()])
    alors = await cnam.lire(f"{BILAN}?au=2026-01-01T00:00:00Z")
    assert (alors["statut"], alors["traces"]["enregistrees"], alors["executions"]["total"]) == ("preparation", 0, 0)
    assert alors["modalites"]
