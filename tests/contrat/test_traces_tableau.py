"""POST /traces with an array: always 200, each trace with its own outcome, and sums that add up."""

import json

import asyncpg

from tests.contrat.aides import NIR, accuse, compter, verifier_probleme
from tests.outils import Corps, Service, echec, trace


async def test_un_tableau_vide(poste: Service) -> None:
    reponse = await poste.poster([])
    assert reponse.status_code == 200
    assert accuse(reponse)["traces_postes"] == "inactives"


async def test_un_tableau_d_une_trace_repond_200(poste: Service) -> None:
    reponse = await poste.poster([trace()])
    assert reponse.status_code == 200
    accuse(reponse, enregistrees=1)
    assert (await poste.poster([trace(duree_ms=-1)])).status_code == 200


def _melange(connue: Corps) -> list[tuple[object, str]]:
    """Items of every outcome, each with the outcome that it must have."""
    neuve = trace()
    return [
        (trace(), "enregistree"),
        (trace(duree_ms="x"), "trace-invalide"),
        (connue, "doublon"),
        (trace(type_prescription="imagerie"), "hors-perimetre"),
        ("texte", "trace-invalide"),
        (trace(poste=NIR), "donnee-personnelle"),
        (neuve, "enregistree"),
        (trace(logiciel="inconnu"), "logiciel-inconnu"),
        (neuve, "doublon"),
        (trace(numero_am="999999999"), "pilote-inconnu"),
        (connue | {"version": "9.9"}, "identifiant-reutilise"),
        (neuve | {"version": "9.9"}, "identifiant-reutilise"),
        (None, "trace-invalide"),
        (echec(), "enregistree"),
    ]


async def test_chaque_trace_a_son_issue_et_les_sommes_sont_justes(
    poste: Service, proprietaire: asyncpg.Connection
) -> None:
    connue = trace()
    await poste.poster(connue)
    melange = _melange(connue)
    reponse = await poste.poster([element for element, _ in melange])
    assert reponse.status_code == 200
    attendus = [(i, issue) for i, (_, issue) in enumerate(melange) if issue not in ("enregistree", "doublon")]
    corps = accuse(reponse, enregistrees=3, doublons=2, rejets=[issue for _, issue in attendus])
    assert [rejet["index"] for rejet in corps["rejets"]] == [index for index, _ in attendus]
    for rejet in corps["rejets"]:
        element = melange[rejet["index"]][0]
        assert rejet["id"] == (element["id"] if isinstance(element, dict) else None)
        assert rejet["detail"].endswith(".")
    assert corps["traces_postes"] == "actives"
    assert await compter(proprietaire, "trace") == 4


async def test_les_issues_sont_comptees_au_bilan(poste: Service, cnam: Service) -> None:
    connue = trace()
    await poste.poster(connue)
    await poste.poster([element for element, _ in _melange(connue)])
    traces = (await cnam.lire("/bilan/preseries/ortho-plus-lpp"))["traces"]
    # An item that is no object and an unknown logiciel name no présérie.
    assert (traces["enregistrees"], traces["doublons"], traces["rejetees"]) == (4, 2, 6)


async def test_mille_traces_passent_et_mille_une_non(poste: Service, proprietaire: asyncpg.Connection) -> None:
    mille = [trace(**dict.fromkeys(("poste", "sequence", "duree_ms"), ...)) for _ in range(1000)]
    accuse(await poste.poster(mille), enregistrees=1000)
    assert await compter(proprietaire, "trace") == 1000
    accuse(await poste.poster(mille), doublons=1000)
    verifier_probleme(await poste.poster([*mille, trace()]), 413, "corps-trop-grand")
    verifier_probleme(await poste.poster([1] * 1001), 413, "corps-trop-grand")
    accuse(await poste.poster([1] * 1000), rejets=["trace-invalide"] * 1000)
    assert await compter(proprietaire, "trace") == 1000


async def test_un_element_illisible_ne_gene_pas_ses_voisins(poste: Service) -> None:
    mauvais = [
        '{"poste": "\\ud800"}',
        f'{{"duree_ms": {"9" * 5000}}}',
        f'{{"x": {"[" * 300}{"]" * 300}}}',
        '{"logiciel": "\\u0000", "numero_am": "\\u0000"}',
        '{"logiciel": "\\ud800", "numero_am": "\\udfff"}',
        f'{{"logiciel": "{"x" * 5000}"}}',
        '{"logiciel": {}, "numero_am": [], "id": {}, "type_prescription": []}',
        '{"logiciel": "ortho-plus", "numero_am": "\\u0000"}',
    ]
    for un in mauvais:
        reponse = await poste.appeler(
            "POST", "/traces", content=f"[{json.dumps(trace())}, {un}, {json.dumps(trace())}]"
        )
        corps = accuse(reponse, enregistrees=2, rejets=["trace-invalide"])
        assert corps["rejets"][0]["index"] == 1


async def test_une_trace_refusee_dans_un_tableau_laisse_son_id_libre(poste: Service) -> None:
    envoi = trace()
    accuse(await poste.poster([envoi | {"duree_ms": -1}, envoi]), enregistrees=1, rejets=["trace-invalide"])
    autre = trace()
    accuse(await poste.poster([autre, autre | {"duree_ms": -1}]), enregistrees=1, rejets=["trace-invalide"])


async def test_l_horloge_decalee_avertit_sans_refuser(poste: Service, proprietaire: asyncpg.Connection) -> None:
    envois = [
        trace(emise_le="2026-09-21T21:59:59.999999Z"),  # the accord's day starts at 22:00 UTC
        trace(emise_le="2026-09-22T00:00:00+02:00"),
        trace(emise_le="2098-01-01T00:00:00Z"),
        trace(),
    ]
    corps = accuse(await poste.poster(envois), enregistrees=4)
    assert {a["code"] for a in corps["avertissements"]} == {"horloge-decalee"}
    assert [a["index"] for a in corps["avertissements"]] == [0, 2]
    assert await compter(proprietaire, "trace") == 4
    # A clock ahead of ours but by less than five minutes is no warning; said again, the warning is said again.
    seul = await poste.poster(envois[2])
    assert [a["index"] for a in accuse(seul, doublons=1)["avertissements"]] == [0]
