"""What the answer to each POST tells a workstation, and what is still welcome once traces are off."""

import asyncpg

from tests.contrat.aides import accuse, compter, etat_dit, inscrire_rival, mettre, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Service, trace


async def _statut(service: Service, proprietaire: asyncpg.Connection, statut: str, actives: bool, etat: str) -> None:
    await mettre(proprietaire, statut=statut, traces_actives=actives)
    await etat_dit(service, etat)


async def test_chaque_etat_de_la_preserie_est_dit(poste: Service, proprietaire: asyncpg.Connection) -> None:
    for statut, actives, etat, issue in (
        ("en_cours", True, "actives", None),
        ("validee", True, "actives", None),
        ("validee", False, "desactivees", "traces-desactivees"),
        ("validee", True, "actives", None),
        ("cloturee", False, "desactivees", "traces-desactivees"),
        ("abandonnee", False, "inactives", "preserie-non-ouverte"),
        ("preparation", False, "inactives", "preserie-non-ouverte"),
    ):
        await _statut(poste, proprietaire, statut, actives, etat)
        reponse = await poste.poster([trace()])
        corps = accuse(reponse, enregistrees=0 if issue else 1, rejets=[issue] if issue else [])
        assert corps["traces_postes"] == etat


async def test_une_trace_refusee_dit_aussi_l_etat_de_sa_preserie(poste: Service) -> None:
    assert accuse(await poste.poster([trace(duree_ms=-1)]), rejets=["trace-invalide"])["traces_postes"] == "actives"
    perdue = await poste.poster([trace(numero_am="999999999"), trace(logiciel="inconnu"), None])
    assert perdue.json()["traces_postes"] == "inactives"


async def test_traces_arretees_un_doublon_reste_un_doublon(
    poste: Service, cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    connue = trace()
    await poste.poster(connue)
    await _statut(poste, proprietaire, "validee", actives=False, etat="desactivees")
    reponse = await poste.poster(connue)
    assert reponse.status_code == 200
    assert accuse(reponse, doublons=1)["traces_postes"] == "desactivees"
    verifier_probleme(await poste.poster(trace()), 410, "traces-desactivees")
    # With other content the traces being off comes first.
    verifier_probleme(await poste.poster(connue | {"duree_ms": 1}), 410, "traces-desactivees")
    neuve = trace()
    corps = accuse(await poste.poster([connue, neuve, connue, neuve]), doublons=2, rejets=["traces-desactivees"] * 2)
    assert [rejet["index"] for rejet in corps["rejets"]] == [1, 3]
    assert await compter(proprietaire, "trace") == 1
    traces = (await cnam.lire(f"/bilan/preseries/{PRESERIE}"))["traces"]
    assert (traces["enregistrees"], traces["doublons"], traces["rejetees"]) == (1, 3, 4)


async def test_une_preserie_ouverte_l_emporte_sur_une_arretee(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await inscrire_rival(cnam)
    await _statut(cnam, proprietaire, "validee", actives=False, etat="desactivees")
    arretee, ouverte = trace(), trace(logiciel="rival-plus")
    assert (await cnam.poster([arretee])).json()["traces_postes"] == "desactivees"
    assert (await cnam.poster([arretee, ouverte])).json()["traces_postes"] == "actives"
    assert (await cnam.poster([arretee, trace(logiciel="inconnu")])).json()["traces_postes"] == "desactivees"


async def test_un_demarrage_vaut_aussitot(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """No refusal is given from a cache alone."""
    await _statut(cnam, proprietaire, "preparation", actives=False, etat="inactives")
    envoi = trace()
    verifier_probleme(await cnam.poster(envoi), 409, "preserie-non-ouverte")
    assert (await cnam.appeler("POST", f"/preseries/{PRESERIE}/demarrage")).status_code == 200
    assert (await cnam.poster(envoi)).status_code == 201


async def test_un_pilote_inscrit_vaut_aussitot(cnam: Service) -> None:
    envoi = trace(numero_am="2A1234567")
    verifier_probleme(await cnam.poster(envoi), 422, "pilote-inconnu")
    modele = await cnam.lire(f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}")
    corps = {champ: valeur for champ, valeur in modele.items() if champ != "numero_am"}
    corps |= {"installe_le": None, "installation_prevue_le": None}
    reponse = await cnam.appeler("PUT", f"/preseries/{PRESERIE}/pilotes/2A1234567", json=corps)
    assert reponse.status_code == 201
    assert (await cnam.poster(envoi)).status_code == 201


async def test_un_accord_aux_bornes_du_calendrier_ne_bloque_pas_le_logiciel(cnam: Service) -> None:
    """A mistyped day of one pilote is no reason to refuse everybody's traces."""
    chemin = f"/preseries/{PRESERIE}/pilotes/{PILOTES[1]}"
    modele = await cnam.lire(chemin)
    for jour in ("0001-01-01", "9999-12-31"):
        corps = {c: v for c, v in modele.items() if c != "numero_am"} | {"accord_le": jour}
        assert (await cnam.appeler("PUT", chemin, json=corps)).status_code in (200, 422)
        assert (await cnam.poster(trace())).status_code == 201
        assert (await cnam.poster(trace(numero_am=PILOTES[1]))).status_code == 201
