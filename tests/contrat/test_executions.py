"""Behind every figure stands its list: as long as the figure, and nothing in it that does not belong."""

from collections import Counter
from datetime import date, datetime
from urllib.parse import quote

import asyncpg
from sqlalchemy import event

from tests.contrat.aides import cas, mettre, verifier_probleme
from tests.contrat.semis import BILAN, lister, semer
from tests.outils import PILOTES, PRESERIE, Corps, Service, echec, trace

_AXES = ("pilote", "version", "type_prescription", "jour")
_CHAMPS = {
    *("id", "preserie", "pilote", "numero_execution", "type_prescription", "version", "enregistree", "phase"),
    *("conformite", "jour", "premiere_le", "derniere_le", "tentatives"),
}


async def test_derriere_chaque_cellule_scor_sa_liste(cnam: Service) -> None:
    await semer(cnam)
    scor = (await cnam.lire(BILAN))["scor"]
    for phase in (1, 2):
        assert len(await lister(cnam, f"&phase={phase}")) == sum(scor[f"phase_{phase}"].values())
        for conformite, nombre in scor[f"phase_{phase}"].items():
            with cas((phase, conformite)):
                liste = await lister(cnam, f"&phase={phase}&conformite={conformite}")
                assert len(liste) == nombre
                assert {(e["phase"], e["conformite"]) for e in liste} <= {(phase, conformite)}
    par_conformite = [await lister(cnam, f"&conformite={conformite}") for conformite in scor["phase_2"]]
    assert sum(map(len, par_conformite)) == len(await lister(cnam, ""))


async def test_derriere_chaque_total_sa_liste(cnam: Service) -> None:
    await semer(cnam)
    executions = (await cnam.lire(BILAN))["executions"]
    toutes = await lister(cnam, "")
    assert all(set(e) >= _CHAMPS for e in toutes)
    assert len(toutes) == executions["total"]
    assert sum(e["tentatives"] for e in toutes) == executions["tentatives"]
    enregistrees = await lister(cnam, "&enregistree=true")
    assert len(enregistrees) == executions["enregistrees"] == sum(e["enregistree"] for e in toutes)
    autres = await lister(cnam, "&enregistree=false")
    assert {e["id"] for e in enregistrees} | {e["id"] for e in autres} == {e["id"] for e in toutes}


async def test_chaque_ventilation_fait_le_bilan_et_chaque_ligne_a_sa_liste(cnam: Service) -> None:
    await semer(cnam)
    executions = (await cnam.lire(BILAN))["executions"]
    for axe in _AXES:
        ventilation = await cnam.lire(f"{BILAN}/ventilation?par={axe}")
        assert ventilation["par"] == axe
        _verifier_sommes(ventilation["lignes"], executions)
        for ligne in ventilation["lignes"]:
            with cas((axe, ligne)):
                liste = await lister(cnam, f"&{axe}={quote(ligne['cle'], safe='')}")
                assert len(liste) == ligne["executions"] > 0
                assert sum(e["enregistree"] for e in liste) == ligne["enregistrees"]
                assert sum(e["tentatives"] for e in liste) == ligne["tentatives"]
                assert {e[axe] for e in liste} == {ligne["cle"]}


def _verifier_sommes(lignes: list[Corps], executions: Corps) -> None:
    sommes: Counter[str] = Counter()
    for ligne in lignes:
        assert set(ligne) == {"cle", "executions", "enregistrees", "tentatives"}
        sommes.update({cle: valeur for cle, valeur in ligne.items() if cle != "cle"})
    assert (sommes["executions"], sommes["enregistrees"], sommes["tentatives"]) == (
        *(executions["total"], executions["enregistrees"], executions["tentatives"]),
    )
    cles = [ligne["cle"] for ligne in lignes]
    assert cles == sorted(set(cles))


async def test_les_filtres_se_combinent(cnam: Service) -> None:
    await semer(cnam)
    toutes = await lister(cnam, "")
    for enregistree, phase, pilote, jour in (
        (True, 2, PILOTES[1], "2026-10-17"),
        (False, 2, PILOTES[1], "2026-10-16"),
        (True, 1, PILOTES[2], "2026-10-18"),
        (False, 1, PILOTES[0], "2026-10-16"),
        (True, 1, PILOTES[1], "2026-10-16"),
    ):
        filtres = f"&enregistree={str(enregistree).lower()}&phase={phase}&pilote={pilote}&jour={jour}"
        attendues = [
            e["id"]
            for e in toutes
            if (e["enregistree"], e["phase"], e["pilote"], e["jour"]) == (enregistree, phase, pilote, jour)
        ]
        assert [e["id"] for e in await lister(cnam, filtres)] == attendues, filtres
    assert await lister(cnam, "&version=inconnue") == []
    assert await lister(cnam, "&pilote=999999999") == []


async def test_les_pages_parcourent_tout_une_seule_fois(cnam: Service) -> None:
    await semer(cnam)
    toutes = [e["id"] for e in await lister(cnam, "")]
    assert len(set(toutes)) == len(toutes) == 108
    for limite in (1, 7, 54, 107, 108, 109):
        assert [e["id"] for e in await lister(cnam, "", limite)] == toutes
    oui = [e["id"] for e in await lister(cnam, "&enregistree=true")]
    assert [e["id"] for e in await lister(cnam, "&enregistree=true", 5)] == oui


async def test_dans_une_fenetre_la_ventilation_et_les_listes_la_suivent(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await semer(cnam)
    depuis = date(2026, 10, 18)
    await mettre(proprietaire, observee_depuis=depuis)
    bilan = await cnam.lire(BILAN)
    for axe in _AXES:
        lignes = (await cnam.lire(f"{BILAN}/ventilation?par={axe}"))["lignes"]
        _verifier_sommes(lignes, bilan["executions"])
    assert len(await lister(cnam, "")) == bilan["ensemble"]["executions"]["total"]
    assert len(await lister(cnam, f"&depuis={depuis}")) == bilan["executions"]["total"]
    for conformite, nombre in bilan["scor"]["phase_2"].items():
        assert len(await lister(cnam, f"&depuis={depuis}&phase=2&conformite={conformite}")) == nombre


async def test_une_execution_donne_ses_traces(cnam: Service) -> None:
    await semer(cnam)
    commun = {"ordonnance": "DETAIL", "version": "9.9.9"}
    siennes = [
        echec(**commun, emise_le="2026-10-20T08:00:00Z", scor_envoye=True),
        trace(**commun, emise_le="2026-10-20T09:00:00Z", scor_envoye=...),
        trace(**commun, emise_le="2026-10-20T07:00:00Z", scor_envoye=...),
    ]
    await cnam.poster([*siennes, trace(ordonnance="DETAIL", operation="annulation", version="9.9.9")])
    (lue,) = await lister(cnam, "&version=9.9.9")
    detaillee = await cnam.lire(f"/executions/{lue['id']}")
    traces = detaillee.pop("traces")
    assert detaillee == lue | {"traces_purgees_le": None, "mises_a_l_ecart": []}
    assert [t["id"] for t in traces] == [siennes[i]["id"] for i in (2, 0, 1)]
    assert (lue["enregistree"], lue["tentatives"], lue["phase"], lue["conformite"]) == (True, 3, 2, "conforme")
    assert datetime.fromisoformat(lue["premiere_le"]) == datetime.fromisoformat(siennes[2]["emise_le"])
    assert datetime.fromisoformat(lue["derniere_le"]) == datetime.fromisoformat(siennes[1]["emise_le"])
    assert "DETAIL" not in str(traces)
    assert traces[1]["resultat"] == "echec"
    assert traces[1]["scor_envoye"] is True


async def test_chaque_execution_a_autant_de_traces_que_de_tentatives(cnam: Service) -> None:
    await semer(cnam)
    for execution in (await lister(cnam, ""))[::6]:
        detaillee = await cnam.lire(f"/executions/{execution['id']}")
        assert len(detaillee["traces"]) == execution["tentatives"]
        assert detaillee["enregistree"] == any(t["resultat"] == "succes" for t in detaillee["traces"])


async def test_une_deuxieme_delivrance_est_une_autre_execution(cnam: Service) -> None:
    await cnam.poster([trace(ordonnance="A", numero_execution=numero) for numero in (1, 2, 10_000)])
    await cnam.poster([trace(ordonnance="A"), trace(ordonnance="A", numero_am=PILOTES[1])])
    lues = await lister(cnam, "")
    assert sorted((e["pilote"], e["numero_execution"], e["tentatives"]) for e in lues) == sorted(
        [(PILOTES[0], 1, 2), (PILOTES[0], 2, 1), (PILOTES[0], 10_000, 1), (PILOTES[1], 1, 1)]
    )


async def test_un_filtre_mal_fait_est_nomme(cnam: Service) -> None:
    for filtre in (
        *("enregistree=peut-etre", "conformite=bof", "phase=3", "phase=x", "pilote=12", "jour=hier"),
        *("jour=2026-02-30", "apres=!", "apres=AAAA", "limite=0", f"version={'x' * 33}"),
    ):
        with cas(filtre):
            reponse = await cnam.appeler("GET", f"/executions?preserie={PRESERIE}&{filtre}")
            probleme = verifier_probleme(reponse, 422, "corps-invalide")
            assert [faute["champ"] for faute in probleme["erreurs"]] == [filtre.split("=")[0]]
    for chemin in ("/executions", f"{BILAN}/ventilation", f"{BILAN}/ventilation?par=poste"):
        verifier_probleme(await cnam.appeler("GET", chemin), 422, "corps-invalide")


async def test_la_liste_d_un_pilote_suit_la_cle_des_executions(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """The others' executions, however many, are not gone through."""
    await semer(cnam)
    ordres: list[tuple[str, tuple[object, ...]]] = []
    moteur = cnam.application.state.base.moteur.sync_engine
    event.listen(moteur, "before_cursor_execute", lambda *ordre: ordres.append((ordre[2], ordre[3])))
    pilote = (await lister(cnam, ""))[0]["pilote"]
    ordres.clear()
    assert {e["pilote"] for e in await lister(cnam, f"&pilote={pilote}")} == {pilote}
    sql, parametres = next((sql, parametres) for sql, parametres in ordres if "FROM execution" in sql)
    await proprietaire.execute("SET enable_seqscan = off")
    plan = "\n".join(ligne[0] for ligne in await proprietaire.fetch(f"EXPLAIN {sql}", *parametres))
    conditions = [ligne for ligne in plan.splitlines() if "Index Cond" in ligne and "pseudonyme" not in ligne]
    assert [c for c in conditions if "preserie_id = 1" in c and "pilote_id = (InitPlan" in c], plan
