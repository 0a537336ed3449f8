"""How many statements a request sends: as many for a long list or a long file as for a short one."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy import event

from app.stockage.base import Base
from tests.contrat.aides import compter, inscrire_rival, mettre
from tests.journal.aides import verifier
from tests.outils import PILOTES, PRESERIE, Service

_ENTETE = "numero_am,cpam,sesam_vitale,accord_le,equipement_verifie,forme_le,installation_prevue_le"


@contextmanager
def ordres(service: Service) -> Iterator[list[str]]:
    """The statements that the service sends meanwhile, but for the look at a key, which memory may have lost."""
    base: Base = service.application.state.base
    envoyes: list[str] = []

    def noter(_connexion: object, _curseur: object, ordre: str, *_: object) -> None:
        if "cle_acces" not in ordre:
            envoyes.append(ordre)

    event.listen(base.moteur.sync_engine, "before_cursor_execute", noter)
    try:
        yield envoyes
    finally:
        event.remove(base.moteur.sync_engine, "before_cursor_execute", noter)


async def _importer(service: Service, lignes: list[str]) -> int:
    """Gives the number of statements that it took."""
    contenu = "\n".join([_ENTETE, *lignes])
    with ordres(service) as envoyes:
        reponse = await service.appeler(
            "POST", f"/preseries/{PRESERIE}/planning", content=contenu.encode(), headers={"Content-Type": "text/csv"}
        )
    assert reponse.status_code == 200, reponse.text
    assert sum(reponse.json().values()) == len(lignes)
    return len(envoyes)


async def test_un_import_de_mille_lignes_n_envoie_pas_plus_d_ordres_que_d_une(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await mettre(proprietaire, pilotes_max=2000)
    lignes = [f"33100{rang:04d},33,oui,2026-09-22,oui,," for rang in range(1000)]
    une = await _importer(cnam, ["331099999,33,oui,2026-09-22,oui,,"])
    entrees = await compter(proprietaire, "journal")
    mille = await _importer(cnam, lignes)
    assert mille == une < 25
    assert await compter(proprietaire, "journal") == entrees + 1000
    # Of each another column: some are trained, the others planned, one in three neither.
    suites = ("2026-10-01,", ",2026-11-02", ",")
    modifiees = [ligne.removesuffix(",,") + "," + suites[rang % 3] for rang, ligne in enumerate(lignes)]
    assert await _importer(cnam, modifiees) <= mille
    assert await compter(proprietaire, "journal") == entrees + 1667
    assert await compter(proprietaire, "pilote") == len(PILOTES) + 1001
    pilotes = {p["numero_am"]: p for p in (await cnam.lire(f"/preseries/{PRESERIE}/pilotes?limite=1000"))["elements"]}
    prevues = [pilotes[f"33100{rang:04d}"] for rang in range(3)]
    assert [(p["forme_le"], p["installation_prevue_le"]) for p in prevues] == [
        ("2026-10-01", None),
        (None, "2026-11-02"),
        (None, None),
    ]
    base: Base = cnam.application.state.base
    assert (await verifier(base))[0].constats == []
    premieres = (await cnam.lire("/journal?objet=pilote&limite=1000"))["elements"]
    assert {e["action"] for e in premieres[:667]} == {"modification"}
    for entree in premieres[:667]:
        identifiant = await proprietaire.fetchval(
            "SELECT id FROM pilote WHERE numero_am = $1", entree["personnel"]["numero_am"]
        )
        assert entree["code"] == str(identifiant)


async def test_une_page_de_preseries_n_envoie_pas_plus_d_ordres_qu_une_seule(cnam: Service) -> None:
    await inscrire_rival(cnam)
    corps = {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33"], "fin_prevue_le": None}
    for rang in range(20):
        assert (await cnam.appeler("PUT", f"/preseries/ps-{rang}", json=corps)).status_code == 201
    comptes = []
    for limite in (1, 100):
        with ordres(cnam) as envoyes:
            elements = (await cnam.lire(f"/preseries?limite={limite}"))["elements"]
        comptes.append(len(envoyes))
    assert comptes[0] == comptes[1] < 5
    assert len(elements) == 22
    assert {len(lue["jalons"]) > 0 for lue in elements} == {True, False}
    for lue in elements:
        assert await cnam.lire(f"/preseries/{lue['code']}") == lue
