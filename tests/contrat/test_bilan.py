"""The bilan: its shape as the contract pins it, empty, full, and over a window."""

from datetime import UTC, date, datetime, timedelta

import asyncpg

from tests.contrat.aides import cas, mettre
from tests.contrat.semis import BILAN, attendu, semer
from tests.outils import PILOTES, PRESERIE, Corps, Service, echec, trace

_CLES = {
    *("preserie", "editeur", "module", "logiciel", "categorie_ps", "statut", "referentiel", "calcule_le", "au"),
    *("debut_le", "observee_depuis", "traces", "executions", "scor", "criteres", "modalites", "verdict"),
    "a_faire",
}
_CRITERES = ["enregistrement", "anomalies", "scor", "prerequis", "satisfaction"]
_ETATS = {"atteint", "non_atteint", "indetermine"}


def _verifier_forme(bilan: Corps) -> None:
    assert set(bilan) - {"ensemble"} == _CLES
    assert set(bilan["referentiel"]) == {"code", "version"}
    assert set(bilan["traces"]) == {"enregistrees", "doublons", "rejetees", "derniere_le"}
    assert set(bilan["executions"]) == {"total", "enregistrees", "tentatives"}
    assert set(bilan["scor"]) == {"phase_1", "phase_2"}
    assert set(bilan["scor"]["phase_1"]) == {"conforme", "piece_manquante", "en_attente"}
    assert set(bilan["scor"]["phase_2"]) == {"conforme", "double_envoi", "piece_manquante", "en_attente"}
    assert [critere["code"] for critere in bilan["criteres"]] == _CRITERES
    for critere in bilan["criteres"]:
        assert critere["etat"] in _ETATS
        assert critere["explication"].endswith(".")
    assert set(bilan["criteres"][0]) >= {
        *("code", "etat", "mesure", "seuil", "intervalle", "solidite", "executions_restantes"),
        *("sensible_aux_pilotes", "explication"),
    }
    for modalite in bilan["modalites"]:
        assert set(modalite) >= {"code", "etat", "explication"}
        assert modalite["etat"] in ("respectee", "non_respectee", "sans_objet")
    assert bilan["verdict"] in ("favorable", "defavorable", "en_attente")
    assert datetime.fromisoformat(bilan["calcule_le"]).utcoffset() is not None


async def test_le_bilan_d_une_preserie_vide(cnam: Service) -> None:
    bilan = await cnam.lire(BILAN)
    _verifier_forme(bilan)
    assert [bilan[cle] for cle in ("preserie", "editeur", "module", "logiciel", "categorie_ps", "statut")] == [
        *(PRESERIE, "ortho-soft", "mon-ortho", "ortho-plus", "lpp", "en_cours")
    ]
    assert bilan["referentiel"]["code"] == "lpp"
    assert (bilan["debut_le"], bilan["observee_depuis"], bilan.get("ensemble")) == (None, None, None)
    assert bilan["traces"] == {"enregistrees": 0, "doublons": 0, "rejetees": 0, "derniere_le": None}
    assert bilan["executions"] == {"total": 0, "enregistrees": 0, "tentatives": 0}
    assert {nombre for phase in bilan["scor"].values() for nombre in phase.values()} == {0}
    enregistrement = bilan["criteres"][0]
    assert {c: enregistrement[c] for c in ("etat", "mesure", "seuil", "intervalle", "solidite")} == {
        "etat": "indetermine",
        "mesure": None,
        "seuil": 0.8,
        "intervalle": None,
        "solidite": None,
    }
    assert (enregistrement["executions_restantes"], enregistrement["sensible_aux_pilotes"]) == (None, [])
    assert {critere["etat"] for critere in bilan["criteres"]} == {"indetermine"}
    assert bilan["verdict"] == "en_attente"
    assert datetime.now(UTC) - datetime.fromisoformat(bilan["calcule_le"]) < timedelta(minutes=1)


async def test_le_bilan_compte_chaque_cellule(cnam: Service) -> None:
    traces = await semer(cnam)
    bilan = await cnam.lire(BILAN)
    _verifier_forme(bilan)
    prevu = attendu()
    assert {cle: bilan[cle] for cle in prevu} == prevu
    # The semis knows every cell, so that an error in any of them shows.
    assert all(nombre for phase in prevu["scor"].values() for nombre in phase.values())
    assert bilan["traces"]["enregistrees"] == len(traces)
    assert sum(n for phase in bilan["scor"].values() for n in phase.values()) == bilan["executions"]["total"]
    enregistrement = bilan["criteres"][0]
    assert enregistrement["mesure"] == prevu["executions"]["enregistrees"] / prevu["executions"]["total"]
    assert enregistrement["intervalle"][0] < enregistrement["mesure"] < enregistrement["intervalle"][1]
    assert bilan["criteres"][2]["etat"] == "non_atteint"
    assert bilan["verdict"] == "defavorable"


async def test_la_fenetre_et_l_ensemble(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await semer(cnam)
    for depuis in (date(2026, 10, 16), date(2026, 10, 18), date(2026, 10, 19), date(2027, 1, 1)):
        await mettre(proprietaire, observee_depuis=depuis)
        bilan = await cnam.lire(BILAN)
        with cas(depuis):
            _verifier_forme(bilan)
            assert bilan["observee_depuis"] == depuis.isoformat()
            prevu = attendu(depuis)
            assert {cle: bilan[cle] for cle in prevu} == prevu
            assert bilan["ensemble"] == attendu()
            assert bilan["traces"]["enregistrees"] == attendu()["executions"]["tentatives"]
    assert bilan["criteres"][0]["etat"] == "indetermine"
    await mettre(proprietaire, observee_depuis=None)
    assert (await cnam.lire(BILAN)).get("ensemble") is None


async def test_corriger_la_phase_2_corrige_le_bilan_aussitot(cnam: Service) -> None:
    await cnam.poster([trace(scor_envoye=True), trace(numero_am=PILOTES[2], scor_envoye=True)])
    assert (await cnam.lire(BILAN))["scor"]["phase_2"]["double_envoi"] == 1
    chemin = f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}"
    lu = await cnam.lire(chemin)
    corps = {c: v for c, v in lu.items() if c != "numero_am"} | {"phase_2_le": "2026-10-21"}
    assert (await cnam.appeler("PUT", chemin, json=corps)).status_code == 200
    scor = (await cnam.lire(BILAN))["scor"]
    assert (scor["phase_1"]["conforme"], scor["phase_2"]["double_envoi"]) == (2, 0)


async def test_le_debut_est_la_premiere_execution_par_emission(cnam: Service) -> None:
    await cnam.poster(trace(operation="consultation", emise_le="2026-10-01T08:00:00Z"))
    assert (await cnam.lire(BILAN))["debut_le"] is None
    for emise_le in ("2026-10-20T09:00:00+02:00", "2026-10-12T09:00:00+02:00", "2026-10-22T09:00:00+02:00"):
        await cnam.poster(trace(emise_le=emise_le))
    debut = datetime.fromisoformat((await cnam.lire(BILAN))["debut_le"])
    assert debut == datetime(2026, 10, 12, 7, tzinfo=UTC)


async def test_une_annulation_ne_change_rien_aux_criteres(cnam: Service) -> None:
    execution = trace(ordonnance="A1", scor_envoye=False)
    await cnam.poster(execution)
    avant = await cnam.lire(BILAN)
    for operation in ("annulation", "modification", "consultation"):
        await cnam.poster(trace(operation=operation, ordonnance="A1", scor_envoye=True))
        await cnam.poster(echec(operation=operation, ordonnance="A1"))
    apres = await cnam.lire(BILAN)
    for cle in ("executions", "scor"):
        assert apres[cle] == avant[cle]
    assert apres["traces"]["enregistrees"] == 7


async def test_une_anomalie_bloquante_du_logiciel_rend_defavorable(cnam: Service) -> None:
    def panne(**champs: object) -> Corps:
        return echec(erreur={"code": "SIG-07", "origine": "logiciel"} | champs)

    def critere(bilan: Corps) -> Corps:
        trouve: Corps = bilan["criteres"][1]
        return trouve

    await cnam.poster([trace(), trace(operation="consultation")])
    assert critere(await cnam.lire(BILAN))["etat"] == "atteint"
    await cnam.poster([panne(), panne(origine="teleservice", bloquante=True), panne(code="E", origine="poste")])
    assert critere(await cnam.lire(BILAN))["etat"] == "atteint"
    await cnam.poster(panne(bloquante=True))
    bilan = await cnam.lire(BILAN)
    assert critere(bilan)["etat"] == "non_atteint"
    assert bilan["verdict"] == "defavorable"
    assert "SIG-07" in critere(bilan)["explication"]


async def test_les_operations_requises_doivent_avoir_reussi(cnam: Service) -> None:
    await cnam.poster([trace(), echec(operation="consultation")])
    assert (await cnam.lire(BILAN))["criteres"][1]["etat"] == "indetermine"
    await cnam.poster(trace(operation="consultation"))
    assert (await cnam.lire(BILAN))["criteres"][1]["etat"] == "atteint"


async def test_la_derniere_reception_se_lit(cnam: Service) -> None:
    await cnam.poster(trace(emise_le="2026-10-01T00:00:00Z"))
    derniere = datetime.fromisoformat((await cnam.lire(BILAN))["traces"]["derniere_le"])
    assert timedelta() <= datetime.now(UTC) - derniere < timedelta(minutes=1)


async def test_les_refus_sont_comptes_a_la_preserie_qu_ils_nomment(cnam: Service) -> None:
    await cnam.poster([trace(duree_ms=-1), trace(numero_am="999999999"), trace(logiciel="inconnu"), None])
    traces = (await cnam.lire(BILAN))["traces"]
    assert (traces["enregistrees"], traces["doublons"], traces["rejetees"]) == (0, 0, 2)
