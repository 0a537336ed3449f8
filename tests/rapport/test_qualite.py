"""GET /bilan/preseries/{code}/qualite: what to know of the data, and where to look at it."""

from datetime import UTC, datetime, timedelta

import asyncpg

from tests.contrat.aides import verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service, echec, trace, uuid_de
from tests.rapport.aides import anterioriser_le_registre

CHEMIN = f"/bilan/preseries/{PRESERIE}/qualite"
_BORNE = "2026-10-20T09:00:00+02:00"


async def _envoyer(cnam: Service, *traces: Corps) -> None:
    accuse = (await cnam.poster(list(traces))).json()
    assert accuse["enregistrees"] == len(traces), accuse


async def test_rien_a_redire(cnam: Service) -> None:
    await _envoyer(cnam, trace(sequence=1), trace(sequence=2))
    assert await cnam.lire(CHEMIN) == {
        "preserie": PRESERIE,
        "au": None,
        "executions_repetees": 0,
        "repetees": [],
        "horloges_decalees": 0,
        "decalees": [],
        "sequences": {"perdues": 0, "trous": 0, "postes": []},
    }


async def test_une_execution_est_repetee_plus_d_un_jour_apres_son_premier_succes(cnam: Service) -> None:
    juste = "2026-10-21T09:00:00+02:00"
    apres = "2026-10-21T09:00:00.000001+02:00"
    await _envoyer(
        cnam,
        trace(ordonnance="JUSTE", emise_le=_BORNE),
        trace(ordonnance="JUSTE", emise_le=juste),
        trace(ordonnance="APRES", emise_le=_BORNE),
        echec(ordonnance="APRES", emise_le=apres),
        echec(ordonnance="ECHECS", emise_le=_BORNE),
        echec(ordonnance="ECHECS", emise_le=apres),
        echec(ordonnance="TARD", emise_le="2026-10-18T09:00:00+02:00"),
        trace(ordonnance="TARD", emise_le=_BORNE),
    )
    lue = await cnam.lire(CHEMIN)
    assert lue["executions_repetees"] == 1
    (identifiant,) = lue["repetees"]
    ouverte = await cnam.lire(f"/executions/{identifiant}")
    assert [t["emise_le"] for t in ouverte["traces"]] == ["2026-10-20T07:00:00Z", "2026-10-21T07:00:00.000001Z"]


async def test_une_horloge_avance_ou_precede_l_accord(cnam: Service) -> None:
    accord = (await cnam.lire(f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}"))["accord_le"]
    veille = (datetime.fromisoformat(accord) - timedelta(days=1)).date()
    dans = datetime.now(UTC)
    await _envoyer(
        cnam,
        trace(id=uuid_de(1), emise_le=(dans + timedelta(minutes=7)).isoformat()),
        trace(id=uuid_de(2), emise_le=(dans + timedelta(minutes=4)).isoformat()),
        trace(id=uuid_de(3), emise_le=f"{veille}T23:59:59+02:00"),
        trace(id=uuid_de(4), emise_le=f"{accord}T00:00:00+02:00", operation="consultation", scor_envoye=...),
    )
    lue = await cnam.lire(CHEMIN)
    assert lue["horloges_decalees"] == 2
    assert {t["id"] for t in lue["decalees"]} == {uuid_de(1), uuid_de(3)}
    for decalee in lue["decalees"]:
        assert decalee["numero_am"] == PILOTES[0]
        (sienne,) = (await cnam.lire(f"/executions/{decalee['execution']}"))["traces"]
        assert (sienne["id"], sienne["emise_le"]) == (decalee["id"], decalee["emise_le"])


async def test_les_sequences_sont_celles_des_postes(cnam: Service) -> None:
    await _envoyer(
        cnam,
        *(trace(sequence=n, poste="a") for n in (1, 2, 5, 9)),
        *(trace(sequence=n, poste="b", numero_am=PILOTES[1]) for n in (10, 12)),
        *(trace(sequence=n, poste="c") for n in (1, 2)),
    )
    sequences = (await cnam.lire(CHEMIN))["sequences"]
    assert (sequences["perdues"], sequences["trous"]) == (6, 3)
    postes = (await cnam.lire(f"/preseries/{PRESERIE}/postes?perdues=true"))["elements"]
    assert sequences["postes"] == [
        {
            "numero_am": p["numero_am"],
            "poste": p["poste"],
            "perdues": p["sequences"]["perdues"],
            "trous": len(p["sequences"]["trous"]),
        }
        for p in postes
    ]


async def test_telle_que_connue_a_un_instant(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await _envoyer(
        cnam,
        trace(id=uuid_de(1), ordonnance="A", emise_le=_BORNE, sequence=1),
        trace(id=uuid_de(2), ordonnance="A", emise_le="2026-10-22T09:00:00+02:00", sequence=5),
    )
    await proprietaire.execute("UPDATE trace SET recue_le = '2026-10-20T12:00:00Z' WHERE sequence = 1")
    await proprietaire.execute("UPDATE trace SET recue_le = '2026-10-23T12:00:00Z' WHERE sequence = 5")
    await anterioriser_le_registre(proprietaire)
    avant = await cnam.lire(CHEMIN, params={"au": "2026-10-21T00:00:00Z"})
    assert (avant["executions_repetees"], avant["sequences"]["perdues"]) == (0, 0)
    ensuite = await cnam.lire(CHEMIN, params={"au": "2026-10-24T00:00:00Z"})
    assert (ensuite["executions_repetees"], ensuite["sequences"]["perdues"]) == (1, 3)


async def test_au_plus_vingt_exemples_mais_tout_le_compte(cnam: Service) -> None:
    for numero in range(25):
        commun = {"ordonnance": f"REP{numero:03d}"}
        await _envoyer(cnam, trace(**commun, emise_le=_BORNE), trace(**commun, emise_le="2026-10-22T09:00:00+02:00"))
    lue = await cnam.lire(CHEMIN)
    assert lue["executions_repetees"] == 25
    assert len(lue["repetees"]) == 20


async def test_purgee_elle_n_est_plus_lue(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await proprietaire.execute("UPDATE preserie SET purgee_le = now() WHERE code = $1", PRESERIE)
    verifier_probleme(await cnam.appeler("GET", CHEMIN), 410, "traces-purgees")
