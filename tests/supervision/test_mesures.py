"""GET /metrics within one process: who may read it, in which form, and what the technical metrics count."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from app.acces.roles import Acces, Role
from app.supervision import gardees, lecture
from app.traces.refus import Refus
from tests.contrat.aides import cas, verifier_probleme
from tests.outils import Service, trace
from tests.supervision.releves import Releve, lire

TEXTE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"


async def _relever(supervision: Service) -> Releve:
    reponse = await supervision.appeler("GET", "/metrics")
    assert reponse.status_code == 200, reponse.text
    return lire(reponse.text)


@pytest.fixture
async def supervision(service: Service) -> Service:
    return await service.en(Role.SUPERVISION)


async def test_seules_la_supervision_et_la_cnam_la_lisent(service: Service) -> None:
    verifier_probleme(await service.appeler("GET", "/metrics"), 401, "cle-absente")
    for role in Role:
        lui = await service.en(role, editeur="ortho-soft" if role in (Role.EDITEUR, Role.POSTE) else None)
        with cas(role):
            reponse = await lui.appeler("GET", "/metrics")
            if role in (Role.SUPERVISION, Role.CNAM):
                assert reponse.status_code == 200
            else:
                verifier_probleme(reponse, 403, "role-insuffisant")


async def test_la_supervision_ne_lit_rien_d_autre(supervision: Service) -> None:
    for chemin in ("/editeurs", "/bilan/preseries/x-lpp", "/executions?preserie=x-lpp"):
        with cas(chemin):
            verifier_probleme(await supervision.appeler("GET", chemin), 403, "role-insuffisant")


async def test_la_forme_suit_accept_et_ne_repete_rien_de_lui(supervision: Service) -> None:
    for accept, media in (
        ("*/*", TEXTE),
        ("text/plain;version=0.0.4", TEXTE),
        ("application/openmetrics-text; version=1.0.0", OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75", OPENMETRICS),
        ("application/openmetrics-text; version=0.0.1, text/plain;version=0.0.4;q=0.5", TEXTE),
        ("application/openmetrics-text; version=zq7x9", TEXTE),
        ("application/openmetrics-text; version=2.zq7x9", TEXTE),
        ("text/plain; version=1.zq7x9.0", TEXTE),
        (";;;,,=", TEXTE),
    ):
        with cas(accept):
            reponse = await supervision.appeler("GET", "/metrics", headers={"Accept": accept})
            assert reponse.status_code == 200
            assert reponse.headers["content-type"] == media
            assert reponse.text.endswith("# EOF\n") == (media == OPENMETRICS)


async def test_les_cellules_connues_d_avance_sont_la(supervision: Service) -> None:
    releve = await _relever(supervision)
    issues = {dict(etiquettes)["issue"] for etiquettes in releve.series("traces_postes_traces_total")}
    assert issues == {"enregistree", "doublon", *Refus}
    codes = {dict(etiquettes)["code"] for etiquettes in releve.series("traces_postes_problemes_total")}
    assert codes >= {*Refus, "json-invalide", "cle-refusee", "surcharge", "demarrage-incomplet", "erreur-interne"}
    for methode, route, statut in (("POST", "/traces", "503"), ("GET", "/metrics", "200"), ("GET", "/editeurs", "200")):
        etiquettes = {"methode": methode, "route": route, "statut": statut}
        assert releve.valeur("traces_postes_requete_duree_seconds_count", **etiquettes) >= 0


async def test_chaque_trace_et_chaque_probleme_sont_comptes(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    avant = await _relever(cnam)
    une = trace()
    for attendu, corps in (
        (201, une),
        (200, une),
        (409, une | {"version": "9"}),
        (422, trace(type_prescription="imagerie")),
        (200, [trace(), trace(), une, trace(numero_am="999999999"), 3]),
        (400, "["),
        (200, []),
    ):
        reponse = await (cnam.poster(corps) if corps != "[" else cnam.appeler("POST", "/traces", content=b"["))
        assert reponse.status_code == attendu, reponse.text
    apres = await _relever(cnam)

    def ecarts(serie: str, etiquette: str) -> dict[str, float]:
        trouves = {dict(e)[etiquette]: v - avant.series(serie)[e] for e, v in apres.series(serie).items()}
        return {nom: ecart for nom, ecart in trouves.items() if ecart}

    assert ecarts("traces_postes_traces_total", "issue") == {
        "enregistree": 3,
        "doublon": 2,
        "identifiant-reutilise": 1,
        "hors-perimetre": 1,
        "pilote-inconnu": 1,
        "trace-invalide": 1,
    }
    assert ecarts("traces_postes_problemes_total", "code") == {
        "identifiant-reutilise": 1,
        "hors-perimetre": 1,
        "json-invalide": 1,
    }
    # One commit for each of the bodies that held a trace fit to be written.
    assert apres["traces_postes_ecriture_lot_traces_count"] - avant["traces_postes_ecriture_lot_traces_count"] == 4
    assert apres["traces_postes_ecriture_lot_traces_sum"] - avant["traces_postes_ecriture_lot_traces_sum"] == 6
    assert apres["traces_postes_ecriture_duree_seconds_sum"] > avant["traces_postes_ecriture_duree_seconds_sum"]
    assert apres["traces_postes_ecriture_attente_traces"] == 0
    assert apres["traces_postes_ecriture_attente_max_traces"] == 20_000
    assert apres["traces_postes_relectures_attente"] == 0
    reserves = {dict(e)["reserve"]: n for e, n in apres.series("traces_postes_base_connexions_max").items()}
    assert {"service": 10, "relectures": 4}.items() <= reserves.items()  # a test before may have had a standby


async def test_les_etiquettes_sont_bornees_quoi_que_l_on_envoie(supervision: Service) -> None:
    for methode, chemin in (
        ("ZQ7X9", "/traces"),
        ("GET", "/zq7x9"),
        ("GET", "/editeurs/zq7x9"),
        ("ZQ7X9", "/zq7x9"),
        ("POST", "/editeurs/zq7x9"),
    ):
        await supervision.appeler(methode, chemin)
    releve = await _relever(supervision)
    assert "zq7x9" not in releve.texte.lower()
    serie = "traces_postes_requete_duree_seconds_count"
    assert releve.valeur(serie, methode="autre", route="aucune", statut="404") >= 1
    assert releve.valeur(serie, methode="GET", route="aucune", statut="404") >= 1
    assert releve.valeur(serie, methode="GET", route="/editeurs/{code}", statut="403") >= 1


async def test_un_lot_abandonne_est_compte(service: Service, proprietaire: asyncpg.Connection) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    avant = await _relever(cnam)
    await proprietaire.execute("ALTER TABLE compteur_operation RENAME COLUMN operation TO ailleurs")
    try:
        assert (await cnam.poster(trace())).status_code == 503
    finally:
        await proprietaire.execute("ALTER TABLE compteur_operation RENAME COLUMN ailleurs TO operation")
    apres = await _relever(cnam)
    serie = "traces_postes_ecriture_echecs_total"
    assert apres[serie] == avant[serie] + 1


async def test_la_lecture_des_preseries_dit_son_age(supervision: Service) -> None:
    releve = await _relever(supervision)
    assert releve["traces_postes_lecture_metier_reussie"] == 1
    assert 0 <= releve["traces_postes_lecture_metier_age_seconds"] < 1
    assert releve["traces_postes_ouvriers"] == 1


async def _une_cle_relevee_sans_base(
    service: Service, proprietaire: asyncpg.Connection, expire_le: datetime | None
) -> int:
    """The status of a scrape by a key that was seen before, once keys can't be read any more."""
    cle = await service.creer_cle(Acces(0, Role.SUPERVISION, expire_le=expire_le))
    lui = Service(service.client, service.application, cle)
    assert (await lui.appeler("GET", "/metrics")).status_code == 200
    await proprietaire.execute("ALTER TABLE cle_acces RENAME TO ailleurs")
    try:
        await proprietaire.execute("UPDATE registre SET generation = generation + 1")
        await asyncio.sleep(1.2)
        return (await lui.appeler("GET", "/metrics")).status_code
    finally:
        await proprietaire.execute("ALTER TABLE ailleurs RENAME TO cle_acces")


async def test_sans_base_une_cle_vaut_ce_qu_elle_valait(service: Service, proprietaire: asyncpg.Connection) -> None:
    assert await _une_cle_relevee_sans_base(service, proprietaire, None) == 200


async def test_sans_base_une_cle_expiree_ne_vaut_rien(service: Service, proprietaire: asyncpg.Connection) -> None:
    bientot = datetime.now(UTC) + timedelta(seconds=1)
    assert await _une_cle_relevee_sans_base(service, proprietaire, bientot) == 503


async def test_une_cle_revoquee_ne_releve_plus(supervision: Service, proprietaire: asyncpg.Connection) -> None:
    await _relever(supervision)
    await proprietaire.execute("UPDATE cle_acces SET revoquee_le = now()")
    await proprietaire.execute("UPDATE registre SET generation = generation + 1")
    await asyncio.sleep(1)
    verifier_probleme(await supervision.appeler("GET", "/metrics"), 401, "cle-refusee")


async def test_ce_qu_on_repare_dans_la_base_se_voit_dans_la_minute(
    service: Service, proprietaire: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a reception nor a change of the registry tells of it."""
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    assert (await cnam.poster(trace())).status_code == 201
    monkeypatch.setattr(lecture, "FRAICHE_S", 0.0)

    async def executions() -> float:
        series = (await _relever(cnam)).series("preserie_executions")
        return next(valeur for cle, valeur in series.items() if ("enregistree", "true") in cle)

    assert await executions() == 1
    await proprietaire.execute("UPDATE compteur_execution SET executions = 5")
    assert await executions() == 1
    monkeypatch.setattr(gardees, "_AGE_MAX_S", 0.0)
    assert await executions() == 5
