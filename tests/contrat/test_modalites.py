"""The modalités of the bilan, read from the registry and the traces, under the référentiel of the présérie."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from app.preseries.modalites import CODES
from tests.contrat.aides import cas, mettre, pilote
from tests.contrat.semis import BILAN
from tests.outils import PILOTES, PRESERIE, Corps, Service, antidater_le_registre, trace

AUJOURD_HUI = datetime.now(ZoneInfo("Europe/Paris")).date()


async def _modalites(service: Service, chemin: str = BILAN) -> dict[str, tuple[str, str]]:
    lues = (await service.lire(chemin))["modalites"]
    assert [modalite["code"] for modalite in lues] == list(CODES)
    return {modalite["code"]: (modalite["etat"], modalite["explication"]) for modalite in lues}


async def _poser(cnam: Service, chemin: str, corps: Corps) -> None:
    assert (await cnam.appeler("PUT", chemin, json=corps)).status_code in (200, 201)


async def _changer_pilote(cnam: Service, numero_am: str, **champs: object) -> None:
    chemin = f"/preseries/{PRESERIE}/pilotes/{numero_am}"
    lu = await cnam.lire(chemin)
    await _poser(cnam, chemin, {c: v for c, v in lu.items() if c != "numero_am"} | champs)


async def test_l_exemple_respecte_ses_modalites(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await mettre(proprietaire, fin_prevue_le=AUJOURD_HUI)
    await cnam.poster(trace(emise_le="2026-10-18T23:30:00+02:00"))
    lues = await _modalites(cnam)
    assert {code for code, (etat, _) in lues.items() if etat != "respectee"} == set()
    assert lues["pilotes_max"][1] == "5 pilotes pour ce logiciel, pour 6 au plus."
    assert lues["arret_scor"][1].startswith("1 exécution de phase 2 en première semaine, du 12/10/2026 au 18/10/2026")
    assert lues["cpam"][1].startswith("2 CPAM parmi les référentes (33 Gironde et 38 Isère)")
    assert not any(numero_am in explication for _, explication in lues.values() for numero_am in PILOTES)


async def test_l_arret_de_scor_suit_les_executions_de_phase_2_de_la_semaine(cnam: Service) -> None:
    assert (await _modalites(cnam))["arret_scor"][0] == "non_respectee"
    await cnam.poster([trace(emise_le="2026-10-19T00:30:00+02:00"), trace(numero_am=PILOTES[2])])
    assert (await _modalites(cnam))["arret_scor"][0] == "non_respectee"
    phase_1 = trace(emise_le="2026-10-14T09:00:00+02:00")
    consultation = trace(emise_le="2026-10-17T09:00:00+02:00", operation="consultation")
    await cnam.poster([phase_1, consultation])
    assert (await _modalites(cnam))["arret_scor"][0] == "non_respectee"
    await _changer_pilote(cnam, PILOTES[0], phase_2_le="2026-10-14")
    assert (await _modalites(cnam))["arret_scor"][1].startswith("1 exécution de phase 2")


async def test_une_minorite_equipee_n_est_pas_respectee_chez_un_editeur_sesam_vitale(cnam: Service) -> None:
    for numero_am in PILOTES[:2]:
        await _changer_pilote(cnam, numero_am, sesam_vitale=False)
    etat, explication = (await _modalites(cnam))["majorite_sesam_vitale"]
    assert etat == "non_respectee"
    assert explication.startswith("2 pilotes équipés d'un logiciel SESAM-Vitale sur 5")
    await _poser(cnam, "/editeurs/ortho-soft", {"raison_sociale": "Ortho Soft", "solution_sesam_vitale": False})
    assert (await _modalites(cnam))["majorite_sesam_vitale"][0] == "sans_objet"


async def test_les_pilotes_d_une_autre_preserie_ouverte_du_logiciel_comptent(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    autre = {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33"], "fin_prevue_le": None}
    await _poser(cnam, "/preseries/ortho-plus-bis", autre)
    await _poser(cnam, "/preseries/ortho-plus-bis/pilotes/339999991", pilote())
    nombres = {"preparation": 5, "en_cours": 6, "validee": 6, "abandonnee": 5}
    for statut, nombre in nombres.items():
        await mettre(proprietaire, "ortho-plus-bis", statut=statut, traces_actives=True)
        with cas(statut):
            assert (await _modalites(cnam))["pilotes_max"][1].startswith(f"{nombre} pilotes")
    await mettre(proprietaire, "ortho-plus-bis", statut="validee", traces_actives=False)
    assert (await _modalites(cnam))["pilotes_max"][1].startswith("5 pilotes")
    await mettre(proprietaire, "ortho-plus-bis", statut="en_cours", categorie_ps="autre")
    assert (await _modalites(cnam))["pilotes_max"][1].startswith("5 pilotes")
    await mettre(proprietaire, "ortho-plus-bis", categorie_ps="lpp")
    assert (await _modalites(cnam))["pilotes_max"][1].startswith("6 pilotes")
    await proprietaire.execute("UPDATE pilote SET retire_le = accord_le WHERE numero_am = '339999991'")
    assert (await _modalites(cnam))["pilotes_max"][1].startswith("5 pilotes")


async def test_ce_qui_est_rompu_par_heritage_se_lit(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await mettre(proprietaire, cpam=["33", "75"], pilotes_max=4, fin_prevue_le=date(2026, 10, 31))
    await proprietaire.execute("UPDATE pilote SET installe_le = '2026-10-13' WHERE numero_am = $1", PILOTES[3])
    await proprietaire.execute("UPDATE logiciel SET cnda_le = '2999-01-01'")
    lues = await _modalites(cnam)
    rompues = {"pilotes_max", "premiere_semaine", "cpam", "pilotes_cpam", "prerequis_entree", "fin_prevue"}
    assert {code for code in rompues if lues[code][0] == "non_respectee"} == rompues
    assert lues["cpam"][1].startswith("La CPAM 75 n'est pas référente ; CPAM référentes : 05 Hautes-Alpes, ")
    assert lues["pilotes_max"][1].startswith(
        "5 pilotes pour ce logiciel, toutes ses préséries ouvertes comprises, pour 4"
    )


async def test_un_pilote_muet_rompt_la_transmission(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    il_y_a_4_jours = datetime.now(UTC) - timedelta(days=4)
    await mettre(proprietaire, demarree_le=il_y_a_4_jours, traces_depuis_le=il_y_a_4_jours)
    await cnam.poster([trace(numero_am=numero_am) for numero_am in PILOTES[:3]])
    etat, explication = (await _modalites(cnam))["transmission"]
    assert (etat, explication) == (
        "non_respectee",
        "2 pilotes installés sur 5 dont rien n'est reçu depuis plus de 3 jours.",
    )
    await mettre(proprietaire, statut="validee", traces_actives=False)
    assert (await _modalites(cnam))["transmission"][0] == "sans_objet"


async def test_tel_que_connu_a_un_instant_l_est_au_jour_de_celui_ci(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await mettre(proprietaire, fin_prevue_le=date(2026, 10, 20), demarree_le=datetime(2026, 10, 11, tzinfo=UTC))
    traces = [trace(emise_le=f"2026-10-{jour}T09:00:00+02:00") for jour in (17, 18)]
    await cnam.poster(traces)
    await antidater_le_registre(proprietaire)
    await proprietaire.execute("UPDATE trace SET recue_le = '2026-10-17 10:00Z' WHERE id = $1", traces[0]["id"])
    assert (await _modalites(cnam))["arret_scor"][1].startswith("2 exécutions")
    attendus = {
        "2026-10-12T00:00:00Z": ("sans_objet", "Aucune exécution de phase 2 encore", "respectee"),
        "2026-10-18T12:00:00Z": ("respectee", "1 exécution de phase 2", "respectee"),
        "2026-10-20T21:59:59Z": ("respectee", "1 exécution de phase 2", "respectee"),
        "2026-10-20T22:00:00Z": ("respectee", "1 exécution de phase 2", "non_respectee"),
    }
    for au, (etat, debut, fin) in attendus.items():
        lues = await _modalites(cnam, f"{BILAN}?au={au}")
        with cas(au):
            assert (lues["arret_scor"][0], lues["arret_scor"][1].startswith(debut)) == (etat, True)
            assert lues["fin_prevue"][0] == fin
