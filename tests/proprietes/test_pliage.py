"""The fold on chosen cases: the late first trace, the day in Paris, the phase, ties, flags in either order."""

from itertools import permutations
from typing import Any

import asyncpg
import pytest

from app.acces.roles import Role
from tests.outils import PILOTES, PRESERIE, Corps, Service, echec, registre_exemple, trace, uuid_de, vider_les_traces
from tests.proprietes.recompte import ecarts

SANS_PHASE_2 = PILOTES[2]
PHASE_2_LE_17 = PILOTES[0]
BILAN = f"/bilan/preseries/{PRESERIE}"


@pytest.fixture
async def cnam(service: Service) -> Service:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    return cnam


async def lignes(cnam: Service, axe: str) -> dict[str, tuple[int, int, int]]:
    lues = (await cnam.lire(f"{BILAN}/ventilation?par={axe}"))["lignes"]
    return {ligne["cle"]: (ligne["executions"], ligne["enregistrees"], ligne["tentatives"]) for ligne in lues}


async def recevoir(cnam: Service, *traces: Corps) -> None:
    for une in traces:
        reponse = await cnam.poster(une)
        assert reponse.status_code == 201, reponse.text


async def la_seule_execution(cnam: Service) -> Corps:
    elements = (await cnam.lire(f"/executions?preserie={PRESERIE}"))["elements"]
    assert len(elements) == 1
    seule: Corps = elements[0]
    return seule


async def test_une_premiere_trace_tardive_change_jour_version_type_et_phase(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    commun: dict[str, Any] = {"numero_am": PHASE_2_LE_17, "ordonnance": "ORD-TARDIVE"}
    await recevoir(cnam, trace(**commun, emise_le="2026-10-17T09:00:00+02:00", version="4.2.1", scor_envoye=True))
    assert await lignes(cnam, "jour") == {"2026-10-17": (1, 1, 1)}
    assert (await cnam.lire(BILAN))["scor"]["phase_2"]["double_envoi"] == 1

    tardive = echec(
        **commun, emise_le="2026-10-16T23:59:59.999999+02:00", version="4.2.0", type_prescription="kinesitherapie"
    )
    await recevoir(cnam, tardive)
    assert await lignes(cnam, "jour") == {"2026-10-16": (1, 1, 2)}
    assert await lignes(cnam, "version") == {"4.2.0": (1, 1, 2)}
    assert await lignes(cnam, "type_prescription") == {"kinesitherapie": (1, 1, 2)}
    bilan = await cnam.lire(BILAN)
    assert bilan["scor"]["phase_1"] == {"conforme": 1, "piece_manquante": 0, "en_attente": 0}
    assert sum(bilan["scor"]["phase_2"].values()) == 0
    seule = await la_seule_execution(cnam)
    assert (seule["jour"], seule["phase"], seule["version"]) == ("2026-10-16", 1, "4.2.0")
    assert await ecarts(proprietaire) == {}


async def test_une_trace_posterieure_ne_change_ni_jour_ni_version_ni_type(cnam: Service) -> None:
    await recevoir(
        cnam,
        echec(ordonnance="ORD-SUITE", emise_le="2026-10-16T12:00:00+02:00", version="4.2.0"),
        trace(ordonnance="ORD-SUITE", emise_le="2026-10-19T12:00:00+02:00", version="4.2.1"),
    )
    seule = await la_seule_execution(cnam)
    assert (seule["jour"], seule["version"], seule["tentatives"]) == ("2026-10-16", "4.2.0", 2)
    assert seule["enregistree"] is True


async def test_a_instants_egaux_le_plus_petit_id_est_le_premier(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    """As a number: the highest bit set makes the largest id, not a negative one; letters' case does not matter."""
    numeros = {"v-petit": 0x0F, "v-moyen": 0xA0, "v-grand": 1 << 127}
    for ordre in permutations(numeros):
        await vider_les_traces(proprietaire)
        for i, version in enumerate(ordre):
            decale = ("2026-10-20T09:00:00Z", "2026-10-20T11:00:00+02:00", "2026-10-20T05:00:00.000-04:00")[i]
            identifiant = uuid_de(numeros[version]).upper()
            await recevoir(cnam, trace(id=identifiant, ordonnance="ORD-EGALES", emise_le=decale, version=version))
        assert (await la_seule_execution(cnam))["version"] == "v-petit"


@pytest.mark.parametrize(
    ("emise_le", "jour"),
    [
        ("2026-10-24T21:59:59.999999Z", "2026-10-24"),
        ("2026-10-24T22:00:00Z", "2026-10-25"),
        ("2026-10-25T22:59:59.999999Z", "2026-10-25"),
        ("2026-10-25T23:00:00Z", "2026-10-26"),
        ("2027-03-27T22:59:59Z", "2027-03-27"),
        ("2027-03-27T23:00:00Z", "2027-03-28"),
        ("2027-03-28T21:59:59Z", "2027-03-28"),
        ("2027-03-28T22:00:00Z", "2027-03-29"),
        ("2026-12-31T23:00:00Z", "2027-01-01"),
        ("2026-11-20T10:30:00-13:30", "2026-11-21"),
        ("1900-01-01T12:00:00Z", "1900-01-01"),
        ("9998-12-31T23:30:00Z", "9999-01-01"),
    ],
)
async def test_le_jour_est_celui_de_paris_meme_aux_changements_d_heure(cnam: Service, emise_le: str, jour: str) -> None:
    await recevoir(cnam, trace(emise_le=emise_le))
    assert await lignes(cnam, "jour") == {jour: (1, 1, 1)}


@pytest.mark.parametrize("ordre", list(permutations(range(3))))
async def test_les_drapeaux_scor_ne_dependent_pas_de_l_ordre(cnam: Service, ordre: tuple[int, ...]) -> None:
    """Degraded mode, then registered, then said to be not sent: conforme, whatever comes first."""
    commun: dict[str, Any] = {"numero_am": PILOTES[1], "ordonnance": "ORD-DRAPEAUX"}
    suite = [
        echec(**commun, emise_le="2026-10-20T09:00:00Z", scor_envoye=True),
        trace(**commun, emise_le="2026-10-20T10:00:00Z", scor_envoye=...),
        trace(**commun, emise_le="2026-10-20T11:00:00Z", scor_envoye=False),
    ]
    await recevoir(cnam, *(suite[i] for i in ordre))
    assert (await cnam.lire(BILAN))["scor"]["phase_2"]["conforme"] == 1
    seule = await la_seule_execution(cnam)
    assert (seule["conformite"], seule["tentatives"], seule["enregistree"]) == ("conforme", 3, True)


async def test_changer_phase_2_le_change_aussitot_le_bilan(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await recevoir(
        cnam,
        trace(numero_am=SANS_PHASE_2, emise_le="2026-10-20T12:00:00Z", scor_envoye=True),
        trace(numero_am=SANS_PHASE_2, emise_le="2026-10-21T12:00:00Z", scor_envoye=True),
    )
    appel = next(corps for _, chemin, corps in registre_exemple() if chemin.endswith(SANS_PHASE_2))
    for phase_2_le, doubles in ((None, 0), ("2026-10-21", 1), ("2026-10-20", 2), ("2026-10-22", 0)):
        corps = appel | {"phase_2_le": phase_2_le}
        reponse = await cnam.appeler("PUT", f"/preseries/{PRESERIE}/pilotes/{SANS_PHASE_2}", json=corps)
        assert reponse.status_code == 200, reponse.text
        bilan = await cnam.lire(BILAN)
        assert bilan["scor"]["phase_2"]["double_envoi"] == doubles
        assert bilan["scor"]["phase_1"]["conforme"] == 2 - doubles
        liste = await cnam.lire(f"/executions?preserie={PRESERIE}&conformite=double_envoi")
        assert len(liste["elements"]) == doubles
        etats = {critere["code"]: critere["etat"] for critere in bilan["criteres"]}
        assert etats["scor"] == ("non_atteint" if doubles else "indetermine")
    assert await ecarts(proprietaire) == {}


async def test_une_cellule_videe_ne_parait_plus_dans_les_ventilations(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await recevoir(
        cnam,
        trace(ordonnance="ORD-VIDE", emise_le="2026-10-20T12:00:00Z", version="9.9"),
        trace(ordonnance="ORD-VIDE", emise_le="2026-10-19T12:00:00Z", version="4.2.1"),
    )
    assert await lignes(cnam, "version") == {"4.2.1": (1, 1, 2)}
    restes = "SELECT count(*) FROM compteur_execution WHERE executions < 0 OR (executions = 0) <> (tentatives = 0)"
    assert await proprietaire.fetchval(restes) == 0


async def test_deux_ordonnances_deux_numeros_deux_pilotes_sont_quatre_executions(cnam: Service) -> None:
    await recevoir(
        cnam,
        trace(ordonnance="ORD-A"),
        trace(ordonnance="ORD-A", numero_execution=2),
        trace(ordonnance="ORD-B"),
        trace(ordonnance="ORD-A", numero_am=PILOTES[1]),
        trace(ordonnance="ORD-A", numero_execution=1),
    )
    assert (await cnam.lire(BILAN))["executions"] == {"total": 4, "enregistrees": 4, "tentatives": 5}


async def test_seules_les_operations_execution_font_des_executions(cnam: Service) -> None:
    for operation in ("consultation", "modification", "annulation"):
        await recevoir(cnam, trace(operation=operation, ordonnance="ORD-C"))
    bilan = await cnam.lire(BILAN)
    assert bilan["executions"]["total"] == 0
    assert bilan["traces"]["enregistrees"] == 3
    await recevoir(cnam, trace(ordonnance="ORD-C"), trace(operation="annulation", ordonnance="ORD-C"))
    assert (await cnam.lire(BILAN))["executions"] == {"total": 1, "enregistrees": 1, "tentatives": 1}
