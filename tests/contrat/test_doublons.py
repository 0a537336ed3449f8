"""The same content is equality of values; the same id with any other value is refused and the first stands."""

import asyncpg
import pytest

from tests.contrat.aides import accuse, compter, inscrire_rival
from tests.outils import Corps, Service, echec, ensemble, trace, uuid_de

_ID = "0199a3f0-7c1e-7b2a-9d51-4f5f3b1c2d3e"
_BASE = trace(id=_ID, poste=..., sequence=..., scor_envoye=..., duree_ms=..., ordonnance="2N8K4XYZ00012345")
_ECHEC = echec(id=_ID, sequence=..., erreur={"code": "TLS-0042", "origine": "reseau"})

MEMES: list[tuple[Corps, Corps]] = [
    (_BASE, dict(reversed(_BASE.items()))),
    (_BASE, {"emise_le": "2026-10-20T07:12:44.12Z"}),
    (_BASE, {"emise_le": "2026-10-20t03:12:44.120000-04:00"}),
    (_BASE, {"emise_le": "2026-10-20T09:12:44.120000999+02:00"}),
    (_BASE, {"numero_execution": 1}),
    (_BASE, {"numero_execution": None}),
    (_BASE, dict.fromkeys(("poste", "sequence", "scor_envoye", "duree_ms", "erreur"))),
    (_BASE, {"id": _ID.upper()}),
    (_ECHEC, {"erreur": {"origine": "reseau", "code": "TLS-0042", "bloquante": False, "message": None}}),
    (_ECHEC, {"erreur": {"code": "TLS-0042", "origine": "reseau", "bloquante": None}}),
]
AUTRES: list[tuple[Corps, Corps]] = [
    (_BASE, {"emise_le": "2026-10-20T09:12:44.120001+02:00"}),
    (_BASE, {"emise_le": "2026-10-20T09:12:44.120+03:00"}),
    (_BASE, {"numero_am": "387580488"}),
    (_BASE, {"poste": ""}),
    (_BASE, {"sequence": 0}),
    (_BASE, {"version": "4.2.2"}),
    (_BASE, {"operation": "modification"}),
    (_BASE, {"ordonnance": "2N8K4XYZ00012346"}),
    (_BASE, {"ordonnance": "2n8k4xyz00012345"}),
    (_BASE, {"numero_execution": 2}),
    (_BASE, {"type_prescription": "biologie"}),
    (_BASE, {"resultat": "echec", "erreur": {"code": "E", "origine": "poste"}}),
    (_BASE, {"scor_envoye": False}),
    (_BASE, {"scor_envoye": True}),
    (_BASE, {"duree_ms": 0}),
    (_ECHEC, {"erreur": {"code": "TLS-0043", "origine": "reseau"}}),
    (_ECHEC, {"erreur": {"code": "TLS-0042", "origine": "poste"}}),
    (_ECHEC, {"erreur": {"code": "TLS-0042", "origine": "reseau", "bloquante": True}}),
    (_ECHEC, {"erreur": {"code": "TLS-0042", "origine": "reseau", "message": ""}}),
]


async def test_les_memes_valeurs_autrement_ecrites_sont_des_doublons(
    poste: Service, proprietaire: asyncpg.Connection
) -> None:
    for numero, (base, change) in enumerate(MEMES):
        identifiant = {} if "id" in change else {"id": uuid_de(numero)}
        envoi, redit = base | identifiant, base | change | identifiant
        accuse(await poste.poster(envoi), enregistrees=1)
        accuse(await poste.poster(redit), doublons=1)
        accuse(await poste.poster([redit, envoi]), doublons=2)
        await proprietaire.execute("DELETE FROM trace")


@pytest.mark.parametrize("ensemble", [False, True], ids=["en deux envois", "dans un même tableau"])
async def test_une_autre_valeur_sous_le_meme_id_est_refusee(
    poste: Service, proprietaire: asyncpg.Connection, ensemble: bool
) -> None:
    for base, change in AUTRES:
        if ensemble:
            reponse = await poste.poster([base, base | change, base])
            corps = accuse(reponse, enregistrees=1, doublons=1, rejets=["identifiant-reutilise"])
            assert (corps["rejets"][0]["index"], corps["rejets"][0]["id"]) == (1, _ID)
        else:
            accuse(await poste.poster(base), enregistrees=1)
            accuse(await poste.poster([base | change]), rejets=["identifiant-reutilise"])
            accuse(await poste.poster([base]), doublons=1)
        assert await compter(proprietaire, "trace") == 1
        await proprietaire.execute("DELETE FROM trace")


async def test_d_un_meme_id_en_meme_temps_une_seule_est_retenue(
    poste: Service, proprietaire: asyncpg.Connection
) -> None:
    envois = [trace(id=_ID, duree_ms=numero % 4) for numero in range(24)]
    accuses = [r.json() for r in await ensemble(*(poste.poster([envoi]) for envoi in envois))]
    assert sum(a["enregistrees"] for a in accuses) == 1
    assert await compter(proprietaire, "trace") == 1
    retenue = await proprietaire.fetchval("SELECT duree_ms FROM trace")
    sequence = await proprietaire.fetchval("SELECT sequence FROM trace")
    for envoi, recu in zip(envois, accuses, strict=True):
        la_meme = (envoi["duree_ms"], envoi["sequence"]) == (retenue, sequence)
        assert recu["enregistrees"] + recu["doublons"] == (1 if la_meme else 0)


async def test_le_meme_id_vaut_dans_deux_preseries(poste: Service, cnam: Service) -> None:
    """A trace is identified by its présérie and its id."""
    await inscrire_rival(cnam)
    accuse(await cnam.poster(trace(id=_ID)), enregistrees=1)
    accuse(await cnam.poster(trace(id=_ID, logiciel="rival-plus")), enregistrees=1)
    accuse(await cnam.poster([trace(id=_ID, logiciel="rival-plus")]), rejets=["identifiant-reutilise"])
