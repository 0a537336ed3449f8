"""GET /preseries/{code}/postes: each workstation, what was lost on its way, what it still sends, and its silence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.acces.roles import Role
from tests.contrat.aides import accuse, cas, etat_dit, inscrire_rival, mettre, pilote, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service, trace

CHEMIN = f"/preseries/{PRESERIE}/postes"
NIR = "185057800608491"


@pytest.fixture
async def editeur(cnam: Service) -> Service:
    return await cnam.en(Role.EDITEUR, editeur="ortho-soft")


async def _postes(service: Service, filtre: str = "") -> dict[tuple[str | None, str | None], Corps]:
    """Every row by its workstation, but for the pilotes of whom nothing was ever heard."""
    lignes = (await service.lire(f"{CHEMIN}?limite=1000{filtre}"))["elements"]
    cles = [(ligne["numero_am"], ligne["poste"]) for ligne in lignes]
    assert len(set(cles)) == len(cles)
    return {cle: ligne for cle, ligne in zip(cles, lignes, strict=True) if ligne["derniere_reception_le"] is not None}


async def _un_poste(service: Service, poste: str | None = "poste-1", numero_am: str | None = PILOTES[0]) -> Corps:
    return (await _postes(service))[numero_am, poste]


async def _arreter(service: Service, proprietaire: asyncpg.Connection) -> None:
    await mettre(proprietaire, statut="validee", traces_actives=False, traces_depuis_le=datetime.now(UTC))
    await etat_dit(service, "desactivees")


async def _vieillir(proprietaire: asyncpg.Connection, **delais: timedelta) -> None:
    """Puts back the start, and the receptions of a workstation."""
    await mettre(proprietaire, traces_depuis_le=datetime.now(UTC) - timedelta(days=20))
    for poste, delai in delais.items():
        for table in ("trace", "reception_sans_suite"):
            await proprietaire.execute(
                f"UPDATE {table} SET recue_le = now() - $1::interval WHERE poste = $2",  # noqa: S608 — one of the two
                delai,
                poste,
            )


async def test_chaque_poste_a_sa_ligne(editeur: Service) -> None:
    avant = datetime.now(UTC)
    doublon = trace(poste="poste-1", sequence=1, version="4.2.0")
    envoi = [
        doublon,
        doublon,
        trace(poste="poste-1", sequence=4, version="4.2.1"),
        trace(poste="poste-1", sequence=3, duree_ms=-1),
        trace(poste="poste-2", sequence=...),
        trace(poste=..., sequence=8),
        trace(poste="", sequence=7),
        trace(poste="poste-1", sequence=7, numero_am=PILOTES[1]),
    ]
    accuse(await editeur.poster(envoi), 6, 1, ["trace-invalide"])
    postes = await _postes(editeur)
    assert set(postes) == {
        *((PILOTES[0], nom) for nom in ("poste-1", "poste-2", None, "")),
        (PILOTES[1], "poste-1"),
    }
    premier = postes[PILOTES[0], "poste-1"]
    assert premier["traces"] == {"enregistrees": 2, "doublons": 1, "rejetees": 1}
    assert premier["sequences"] == {"premiere": 1, "derniere": 4, "perdues": 1, "trous": [{"de": 2, "a": 2}]}
    assert (premier["apres_desactivation"], premier["silencieux"]) == (None, False)
    assert avant <= datetime.fromisoformat(premier["derniere_reception_le"]) <= datetime.now(UTC)
    assert postes[PILOTES[0], "poste-2"]["sequences"] is None
    assert postes[PILOTES[0], None]["sequences"] == {"premiere": 8, "derniere": 8, "perdues": 0, "trous": []}


async def test_la_version_est_la_derniere_dite(editeur: Service) -> None:
    await editeur.poster(trace(version="4.10.0"))
    await editeur.poster(trace(version="4.9.0"))
    assert (await _un_poste(editeur))["version"] == "4.9.0"
    await editeur.poster([trace(version=5)])
    assert (await _un_poste(editeur))["version"] == "4.9.0"
    await editeur.poster([trace(version="4.9.1", duree_ms=-1)])
    assert (await _un_poste(editeur))["version"] == "4.9.1"
    # Of one envoi, that of the greatest number.
    await editeur.poster([trace(version="4.10.0", sequence=9_001), trace(version="4.9.1", sequence=9_000)])
    assert (await _un_poste(editeur))["version"] == "4.10.0"


async def test_un_refus_n_est_pas_une_perte(editeur: Service) -> None:
    """Whatever it is refused for; a trace that holds a NIR, too."""
    envois: list[Corps] = [
        {},
        {"type_prescription": "imagerie"},
        {"champ_inconnu": 1},
        {"version": NIR},
        {"ordonnance": ...},
        {"emise_le": "demain"},
        {"id": "x"},
        {},
    ]
    for sequence, champs in enumerate(envois):
        assert (await editeur.poster([trace(sequence=sequence, **champs)])).status_code == 200
    sequences = (await _un_poste(editeur))["sequences"]
    assert sequences == {"premiere": 0, "derniere": 7, "perdues": 0, "trous": []}


async def test_la_cle_d_un_autre_ne_comble_ni_ne_creuse(editeur: Service, cnam: Service) -> None:
    """Its refusals are counted in the bilan, and stand in /receptions."""
    await inscrire_rival(cnam)
    rival = await cnam.en(Role.POSTE, editeur="rival")
    reservee = await cnam.en(Role.POSTE, editeur="ortho-soft", numero_am=PILOTES[1])
    await editeur.poster([trace(sequence=1), trace(sequence=5)])
    avant = await _postes(editeur)
    for autre in (rival, reservee):
        for champs in ({}, {"duree_ms": -1}, {"poste": NIR}, {"type_prescription": "transports"}):
            envoi = [trace(sequence=3, **champs), trace(sequence=90, **champs), trace(**{"poste": ...} | champs)]
            assert (await autre.poster(envoi)).json()["rejetees"] == 3
    assert await _postes(editeur) == avant
    assert (await cnam.lire(f"/bilan/preseries/{PRESERIE}"))["traces"]["rejetees"] == 24


async def test_un_poste_sans_pilote_connu_n_a_pas_de_suite(editeur: Service) -> None:
    """Several may bear its name."""
    envoi = [trace(numero_am="999999999", sequence=1), trace(numero_am="999999998", sequence=9)]
    accuse(await editeur.poster(envoi), rejets=["pilote-inconnu"] * 2)
    inconnu = await _un_poste(editeur, numero_am=None)
    assert inconnu["traces"] == {"enregistrees": 0, "doublons": 0, "rejetees": 2}
    assert (inconnu["sequences"], inconnu["silencieux"]) == (None, False)
    assert set(await _postes(editeur, "&perdues=true")) == set()


async def test_les_nombres_extremes_ne_debordent_pas(editeur: Service) -> None:
    dernier = 2**63 - 1
    accuse(await editeur.poster([trace(sequence=dernier), trace(sequence=0)]), 2)
    assert (await _un_poste(editeur))["sequences"] == {
        "premiere": 0,
        "derniere": dernier,
        "perdues": dernier - 1,
        "trous": [{"de": 1, "a": dernier - 1}],
    }


async def test_les_cent_premiers_trous_et_le_compte_de_tous(editeur: Service) -> None:
    accuse(await editeur.poster([trace(sequence=3 * rang) for rang in range(151)]), 151)
    sequences = (await _un_poste(editeur))["sequences"]
    assert sequences["perdues"] == 300
    assert sequences["trous"] == [{"de": 3 * rang + 1, "a": 3 * rang + 2} for rang in range(100)]


async def test_les_retardataires_sont_comptes_depuis_l_arret(
    editeur: Service, cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    avant = trace(sequence=1)
    accuse(await editeur.poster([avant, trace(sequence=2, duree_ms=-1), trace(poste="sage")]), 2, 0, ["trace-invalide"])
    await _arreter(editeur, proprietaire)
    assert (await _un_poste(editeur))["apres_desactivation"] == {"nombre": 0, "derniere_le": None}
    accuse(await editeur.poster([trace(sequence=3), avant, trace(sequence=4)]), 0, 1, ["traces-desactivees"] * 2)
    verifier_probleme(await editeur.poster(trace(sequence=5)), 410, "traces-desactivees")
    retardataire = await _un_poste(editeur)
    assert retardataire["apres_desactivation"]["nombre"] == 4
    assert retardataire["apres_desactivation"]["derniere_le"] == retardataire["derniere_reception_le"]
    assert retardataire["traces"] == {"enregistrees": 1, "doublons": 1, "rejetees": 4}
    assert retardataire["sequences"] == {"premiere": 1, "derniere": 5, "perdues": 0, "trous": []}
    assert set(await _postes(editeur, "&apres_desactivation=true")) == {(PILOTES[0], "poste-1")}
    assert set(await _postes(editeur, "&apres_desactivation=false")) == {(PILOTES[0], "sage")}
    # On again, then off: only what came since counts, be it a doublon.
    await mettre(proprietaire, traces_actives=True, traces_depuis_le=datetime.now(UTC))
    assert (await _un_poste(editeur))["apres_desactivation"] is None
    await _arreter(editeur, proprietaire)
    await editeur.poster(avant)
    renvoi = await _un_poste(editeur)
    assert renvoi["apres_desactivation"] == {"nombre": 1, "derniere_le": renvoi["derniere_reception_le"]}
    assert set(await _postes(editeur, "&apres_desactivation=true")) == {(PILOTES[0], "poste-1")}
    await editeur.poster(trace())
    assert (await _un_poste(editeur))["apres_desactivation"]["nombre"] == 2


async def test_apres_la_cloture_les_retardataires_sont_toujours_comptes(
    editeur: Service, proprietaire: asyncpg.Connection
) -> None:
    """The key is gone with the closing: a trace that was known is no longer recognised."""
    connue = trace(sequence=1)
    accuse(await editeur.poster([connue]), 1)
    await _arreter(editeur, proprietaire)
    await mettre(proprietaire, statut="cloturee", cle_enveloppee=None)
    corps = accuse(await editeur.poster([connue, trace(sequence=3)]), rejets=["traces-desactivees"] * 2)
    assert corps["traces_postes"] == "desactivees"
    poste = await _un_poste(editeur)
    assert poste["apres_desactivation"]["nombre"] == 2
    assert poste["sequences"] == {"premiere": 1, "derniere": 3, "perdues": 1, "trous": [{"de": 2, "a": 2}]}


async def test_un_poste_dont_rien_ne_vient_depuis_trois_jours_est_silencieux(
    editeur: Service, proprietaire: asyncpg.Connection
) -> None:
    await editeur.poster([trace(poste="muet"), trace(poste="bavard"), trace(poste="refuse", duree_ms=-1)])
    assert set(await _postes(editeur, "&silencieux=true")) == set()
    await _vieillir(
        proprietaire, muet=timedelta(days=3, minutes=1), bavard=timedelta(days=2, hours=23), refuse=timedelta(days=4)
    )
    assert set(await _postes(editeur, "&silencieux=true")) == {(PILOTES[0], "muet"), (PILOTES[0], "refuse")}
    assert set(await _postes(editeur, "&silencieux=false")) == {(PILOTES[0], "bavard")}
    await _arreter(editeur, proprietaire)
    assert set(await _postes(editeur, "&silencieux=true")) == set()


async def test_un_pilote_installe_dont_rien_n_est_venu_a_sa_ligne(
    editeur: Service, cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    champs: dict[str, dict[str, Any]] = {
        "339999991": {},
        "339999992": {"installe_le": None},
        "339999993": {"retire_le": "2026-11-20"},
        "339999994": {"installe_le": "2099-01-01"},
    }
    await mettre(proprietaire, pilotes_max=9)
    for numero_am, siens in champs.items():
        corps = pilote(**{"installation_prevue_le": None, "installe_le": "2026-11-02"} | siens)
        reponse = await cnam.appeler("PUT", f"/preseries/{PRESERIE}/pilotes/{numero_am}", json=corps)
        assert reponse.status_code == 201, reponse.text
    await editeur.poster([trace()])
    jamais = {"339999991", *PILOTES[1:]}
    muets = await _jamais_vus(editeur)
    assert set(muets) == jamais
    assert {ligne["silencieux"] for ligne in muets.values()} == {False}
    await _vieillir(proprietaire)
    muets = await _jamais_vus(editeur)
    assert {ligne["silencieux"] for ligne in muets.values()} == {True}
    assert muets["339999991"] == {
        "numero_am": "339999991",
        "poste": None,
        "derniere_reception_le": None,
        "version": None,
        "traces": {"enregistrees": 0, "doublons": 0, "rejetees": 0},
        "sequences": None,
        "apres_desactivation": None,
        "silencieux": True,
    }
    for filtre in ("perdues=true", "apres_desactivation=true", "silencieux=false"):
        with cas(filtre):
            lignes = (await editeur.lire(f"{CHEMIN}?{filtre}"))["elements"]
            assert not {ligne["numero_am"] for ligne in lignes} & jamais


async def _jamais_vus(service: Service) -> dict[str, Corps]:
    lignes = (await service.lire(CHEMIN))["elements"]
    return {ligne["numero_am"]: ligne for ligne in lignes if ligne["derniere_reception_le"] is None}


async def test_les_pages_disent_tout_dans_un_seul_ordre(editeur: Service) -> None:
    noms = ["", "a", "A", "é", "poste/1", "poste 2", "-", "\U0001f600" * 64, "zz", "a%2Fb&c=d"]
    envoi = [trace(poste=nom, numero_am=am) for nom in noms for am in (PILOTES[0], PILOTES[2], "999999999")]
    envoi += [trace(poste=..., numero_am=am) for am in (PILOTES[0], PILOTES[2], "999999999")]
    assert (await editeur.poster(envoi)).status_code == 200
    entier = (await editeur.lire(CHEMIN))["elements"]
    assert len(entier) == 3 * len(noms) + 3 + 3
    connus = [ligne["numero_am"] for ligne in entier if ligne["numero_am"] is not None]
    assert connus == sorted(connus)
    assert [ligne["numero_am"] for ligne in entier[len(connus) :]] == [None] * (len(noms) + 1)
    for limite in (1, 4, 36, 1000):
        with cas(limite):
            assert await _par_pages(editeur, limite) == entier


async def _par_pages(service: Service, limite: int) -> list[Corps]:
    lus: list[Corps] = []
    suivant = None
    while True:
        parametres: dict[str, Any] = {"limite": limite} | ({"apres": suivant} if suivant is not None else {})
        page = await service.lire(CHEMIN, params=parametres)
        assert len(page["elements"]) <= limite
        lus += page["elements"]
        suivant = page["suivant"]
        if suivant is None:
            return lus


async def test_un_curseur_illisible_est_refuse(editeur: Service) -> None:
    for curseur in ("x", "", "/", "12345678/poste", "999999999x", "%ED%A0%80"):
        with cas(curseur):
            verifier_probleme(await editeur.appeler("GET", f"{CHEMIN}?apres={curseur}"), 422, "corps-invalide")


async def test_purgees_les_traces_ne_disent_plus_rien(editeur: Service, proprietaire: asyncpg.Connection) -> None:
    await mettre(proprietaire, statut="cloturee", traces_actives=False, purgee_le=datetime.now(UTC))
    verifier_probleme(await editeur.appeler("GET", CHEMIN), 410, "traces-purgees")
    rival = await editeur.en(Role.EDITEUR, editeur="rival")
    verifier_probleme(await rival.appeler("GET", CHEMIN), 404, "introuvable")


async def test_une_preserie_que_rien_n_a_encore_atteint(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire(demarrer=False)
    lignes = (await cnam.lire(CHEMIN))["elements"]
    assert [ligne["numero_am"] for ligne in lignes] == sorted(PILOTES)
    assert {ligne["silencieux"] for ligne in lignes} == {False}
