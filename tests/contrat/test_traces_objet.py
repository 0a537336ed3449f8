"""POST /traces with one trace: 201, 200 for a doublon, and a problem for each reason of a refusal."""

import json

import asyncpg

from tests.contrat.aides import NIR, accuse, cas, compter, etat_dit, inscrire_rival, mettre, verifier_probleme
from tests.outils import Corps, Service, echec, trace


async def test_une_trace_est_enregistree(poste: Service, proprietaire: asyncpg.Connection) -> None:
    reponse = await poste.poster(trace())
    assert reponse.status_code == 201
    assert reponse.headers["content-type"] == "application/json"
    assert reponse.headers["x-request-id"]
    corps = accuse(reponse, enregistrees=1)
    assert corps == {
        "recues": 1,
        "enregistrees": 1,
        "doublons": 0,
        "rejetees": 0,
        "rejets": [],
        "avertissements": [],
        "traces_postes": "actives",
    }
    assert await compter(proprietaire, "trace") == 1


async def test_la_meme_trace_est_un_doublon(poste: Service, proprietaire: asyncpg.Connection) -> None:
    envoi = trace()
    await poste.poster(envoi)
    for _ in range(3):
        reponse = await poste.poster(envoi)
        assert reponse.status_code == 200
        assert accuse(reponse, doublons=1)["traces_postes"] == "actives"
    assert await compter(proprietaire, "trace") == 1


async def test_un_echec_est_enregistre_aussi(poste: Service) -> None:
    assert (await poste.poster(echec())).status_code == 201
    minimal = trace(
        **dict.fromkeys(("poste", "sequence", "ordonnance", "type_prescription", "scor_envoye", "duree_ms"), ...),
        operation="consultation",
    )
    assert (await poste.poster(minimal)).status_code == 201


REFUS: list[tuple[str, int, Corps | str]] = [
    ("trace-invalide", 422, trace(duree_ms="412")),
    ("trace-invalide", 422, trace(patient="x")),
    ("trace-invalide", 422, "null"),
    ("trace-invalide", 422, '"texte"'),
    ("trace-invalide", 422, "{}"),
    ("hors-perimetre", 422, trace(type_prescription="imagerie")),
    ("hors-perimetre", 422, trace(type_prescription="transports", resultat=12, id="x")),
    ("donnee-personnelle", 422, trace(poste=NIR)),
    ("logiciel-inconnu", 422, trace(logiciel="inconnu")),
    ("pilote-inconnu", 422, trace(numero_am="999999999")),
    ("logiciel-interdit", 403, trace(logiciel="rival-plus")),
]


async def test_chaque_refus_est_un_probleme(poste: Service, cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await inscrire_rival(cnam)
    for code, statut, envoi in REFUS:
        with cas((code, envoi)):
            contenu = envoi if isinstance(envoi, str) else json.dumps(envoi)
            verifier_probleme(await poste.appeler("POST", "/traces", content=contenu), statut, code)
    assert await compter(proprietaire, "trace") == 0


async def test_une_preserie_qui_ne_prend_pas_de_traces_les_refuse(
    poste: Service, proprietaire: asyncpg.Connection
) -> None:
    for statut, etat, attendu, code in (
        ("preparation", "inactives", 409, "preserie-non-ouverte"),
        ("abandonnee", "inactives", 409, "preserie-non-ouverte"),
        ("validee", "desactivees", 410, "traces-desactivees"),
        ("cloturee", "desactivees", 410, "traces-desactivees"),
    ):
        with cas(statut):
            await mettre(proprietaire, statut=statut, traces_actives=False)
            await etat_dit(poste, etat)
            verifier_probleme(await poste.poster(trace()), attendu, code)
    assert await compter(proprietaire, "trace") == 0


async def test_un_identifiant_reutilise_est_un_conflit(poste: Service, proprietaire: asyncpg.Connection) -> None:
    envoi = trace()
    await poste.poster(envoi)
    probleme = verifier_probleme(await poste.poster(envoi | {"duree_ms": 1}), 409, "identifiant-reutilise")
    assert probleme["id"] == envoi["id"]
    assert await proprietaire.fetchval("SELECT duree_ms FROM trace") == envoi["duree_ms"]


async def test_un_probleme_nomme_le_champ_et_rend_l_id(poste: Service) -> None:
    envoi = trace(duree_ms=-1)
    probleme = verifier_probleme(await poste.poster(envoi), 422, "trace-invalide")
    assert probleme["id"] == envoi["id"]
    assert [faute["champ"] for faute in probleme["erreurs"]] == ["duree_ms"]
    sans_id = verifier_probleme(await poste.poster(trace(id="nom du patient")), 422, "trace-invalide")
    assert "id" not in sans_id


async def test_une_trace_refusee_laisse_son_id_libre(poste: Service, proprietaire: asyncpg.Connection) -> None:
    envoi = trace()
    fautes = ({"duree_ms": -1}, {"poste": NIR}, {"logiciel": "inconnu"}, {"type_prescription": "imagerie"})
    for faute in fautes:
        assert (await poste.poster(envoi | faute)).status_code == 422
    assert (await poste.poster(envoi)).status_code == 201
    assert await compter(proprietaire, "trace") == 1


async def test_la_cle_est_gardee_avec_la_trace(poste: Service, cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await poste.poster(trace())
    await cnam.poster(trace())
    cles = await proprietaire.fetch("SELECT c.role FROM trace t JOIN cle_acces c ON c.id = t.cle_id ORDER BY 1")
    assert [ligne["role"] for ligne in cles] == ["cnam", "poste"]


async def test_l_ordonnance_n_est_gardee_que_sous_un_pseudonyme(
    poste: Service, proprietaire: asyncpg.Connection
) -> None:
    envoi = trace(ordonnance="2N8K4XYZ00012345", poste="poste-9")
    await poste.poster(envoi)
    (ligne,) = await proprietaire.fetch("SELECT trace::text AS texte FROM trace")
    assert "poste-9" in ligne["texte"]
    assert "2N8K4XYZ" not in ligne["texte"]
    assert b"2N8K4XYZ00012345".hex() not in ligne["texte"]
    execution = await proprietaire.fetchval("SELECT execution::text FROM execution")
    assert "2N8K4XYZ" not in execution


async def test_une_sequence_repetee_n_est_pas_un_refus(poste: Service) -> None:
    for _ in range(2):
        assert (await poste.poster(trace(sequence=5))).status_code == 201


async def test_les_deux_instants_sont_gardes(poste: Service, proprietaire: asyncpg.Connection) -> None:
    await poste.poster(trace(emise_le="2026-10-20T09:12:44.120456+02:00"))
    (ligne,) = await proprietaire.fetch("SELECT emise_le, now() - recue_le < interval '1 minute' AS ici FROM trace")
    assert ligne["emise_le"].isoformat() == "2026-10-20T07:12:44.120456+00:00"
    assert ligne["ici"]
