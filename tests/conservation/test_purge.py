"""Raw traces go once their delay has passed; every figure stays, and what needed them says so."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from app.acces.roles import Role
from app.conservation import echeances
from app.conservation import service as conservation
from app.conservation.echeances import Terminee
from app.referentiels import EN_VIGUEUR, VERSIONS
from app.reglages import Reglages
from app.stockage import generation
from app.stockage.base import Base
from tests.contrat.aides import cas, compter, etat_dit, inscrire_rival, mettre, verifier_probleme
from tests.journal.aides import commande, verifier
from tests.outils import PILOTES, PRESERIE, Service, echec, ensemble, envoyer_l_exemple, trace

DELAI = timedelta(days=EN_VIGUEUR["lpp"].donnees.conservation_jours)
BILAN = f"/bilan/preseries/{PRESERIE}"
AU = "au=2026-11-01T00:00:00Z"
FIGURES = (
    BILAN,
    f"{BILAN}/pilotes",
    *(f"{BILAN}/ventilation?par={axe}" for axe in ("pilote", "version", "type_prescription", "jour")),
    "/bilan",
    "/bilan/editeurs/ortho-soft",
    "/bilan/modules/mon-ortho",
    f"/executions?preserie={PRESERIE}&limite=1000",
    f"/executions?preserie={PRESERIE}&limite=1000&conformite=conforme",
    f"/preseries/{PRESERIE}/anomalies",
)
"""What a purge leaves as it is."""
BRUTES = (
    *(f"/{liste}?preserie={PRESERIE}" for liste in ("traces", "tentatives", "receptions")),
    *(f"/{liste}?preserie={PRESERIE}&{AU}" for liste in ("traces", "tentatives", "receptions", "executions")),
    f"{BILAN}?{AU}",
    f"{BILAN}/ventilation?par=jour&{AU}",
)
"""What needs raw traces."""


@pytest.fixture
async def cnam(service: Service) -> Service:
    """The example's présérie with all of its traces, and doublons and refusals besides."""
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    await envoyer_l_exemple(cnam)
    return cnam


@pytest.fixture
def base(service: Service) -> Base:
    base: Base = service.application.state.base
    return base


async def _terminer(proprietaire: asyncpg.Connection, il_y_a: timedelta, statut: str = "cloturee") -> None:
    await mettre(proprietaire, statut=statut, terminee_le=datetime.now(UTC) - il_y_a)


async def _dues(base: Base) -> Sequence[Terminee]:
    async with base.lecture() as session:
        return [due for due, _ in (await conservation.echeancier(session, datetime.now(UTC))).dues]


async def _purger(base: Base, avancement: Callable[[int], None] = lambda _: None, lot: int = 100) -> None:
    for due in await _dues(base):
        await conservation.purger(base, due, avancement, lot=lot)


async def _reste(proprietaire: asyncpg.Connection) -> tuple[int, int]:
    return await compter(proprietaire, "trace"), await compter(proprietaire, "reception_sans_suite")


async def _figures(service: Service) -> dict[str, str]:
    lues = {}
    for chemin in FIGURES:
        reponse = await service.appeler("GET", chemin)
        assert reponse.status_code == 200
        lues[chemin] = re.sub(r'"calcule_le":"[^"]*"', "", reponse.text)
    await asyncio.sleep(1.05)  # a scrape may show what was read a second before
    mesures = (await service.appeler("GET", "/metrics")).text
    return lues | {"/metrics": "\n".join(ligne for ligne in mesures.splitlines() if ligne.startswith("preserie_"))}


@pytest.mark.parametrize("statut", ["cloturee", "abandonnee"])
async def test_les_chiffres_sont_les_memes_avant_et_apres(
    cnam: Service, base: Base, proprietaire: asyncpg.Connection, statut: str
) -> None:
    await _terminer(proprietaire, DELAI, statut)
    avant = await _figures(cnam)
    assert min(await _reste(proprietaire)) > 0
    await _purger(base)
    assert await _reste(proprietaire) == (0, 0)
    apres = await _figures(cnam)
    for chemin, texte in avant.items():
        with cas(chemin):
            assert len(texte) > 50
            assert apres[chemin] == texte


async def test_ce_qui_demande_les_traces_brutes_le_dit(
    cnam: Service, base: Base, proprietaire: asyncpg.Connection
) -> None:
    await _terminer(proprietaire, DELAI)
    identifiant = (await cnam.lire(f"/executions?preserie={PRESERIE}"))["elements"][0]["id"]
    avant = await cnam.lire(f"/executions/{identifiant}")
    assert len(avant["traces"]) == avant["tentatives"] > 0
    assert avant["traces_purgees_le"] is None
    for chemin in BRUTES:
        assert (await cnam.appeler("GET", chemin)).status_code == 200, chemin
    await _purger(base)
    for chemin in BRUTES:
        with cas(chemin):
            verifier_probleme(await cnam.appeler("GET", chemin), 410, "traces-purgees")
    apres = await cnam.lire(f"/executions/{identifiant}")
    purgee_le = await proprietaire.fetchval("SELECT purgee_le FROM preserie WHERE code = $1", PRESERIE)
    assert datetime.fromisoformat(apres["traces_purgees_le"]) == purgee_le
    assert apres | {"traces": avant["traces"], "traces_purgees_le": None} == avant
    assert apres["traces"] == []


async def test_a_qui_n_a_pas_a_la_connaitre_une_preserie_purgee_est_introuvable(
    cnam: Service, base: Base, proprietaire: asyncpg.Connection
) -> None:
    await _terminer(proprietaire, DELAI)
    await _purger(base)
    rival = await cnam.en(Role.EDITEUR, editeur="rival")
    for chemin in BRUTES:
        verifier_probleme(await rival.appeler("GET", chemin), 404, "introuvable")


async def test_rien_ne_part_avant_l_echeance_ni_avant_la_fin(
    cnam: Service, base: Base, proprietaire: asyncpg.Connection
) -> None:
    reste = await _reste(proprietaire)
    for statut in ("preparation", "en_cours", "validee"):
        await _terminer(proprietaire, 2 * DELAI, statut)
        assert await _dues(base) == []
    await _terminer(proprietaire, DELAI - timedelta(minutes=1))
    async with base.lecture() as session:
        echeancier = await conservation.echeancier(session, datetime.now(UTC))
    assert echeancier.dues == []
    assert echeancier.prochaine is not None
    assert timedelta(0) < echeancier.prochaine.echeance - datetime.now(UTC) <= timedelta(minutes=1)
    await _purger(base)
    assert await _reste(proprietaire) == reste


async def test_le_delai_est_celui_du_referentiel_du_demarrage(monkeypatch: pytest.MonkeyPatch) -> None:
    present = EN_VIGUEUR["lpp"]
    donnees = present.donnees.model_copy(update={"conservation_jours": 7})
    ancien = present.model_copy(update={"version": "2020-01", "donnees": donnees})
    monkeypatch.setattr(echeances, "VERSIONS", {**VERSIONS, ("lpp", "2020-01"): ancien})
    fin = datetime(2026, 11, 1, 12, tzinfo=UTC)
    terminee = Terminee(1, "ps", "ed", "lpp", "2020-01", fin)
    assert terminee.echeance == fin + timedelta(days=7)
    assert replace(terminee, referentiel_version=present.version).echeance == fin + DELAI


async def test_interrompue_une_purge_ne_montre_rien_a_demi_et_se_termine(
    cnam: Service, base: Base, proprietaire: asyncpg.Connection
) -> None:
    await _terminer(proprietaire, DELAI)
    identifiant = (await cnam.lire(f"/executions?preserie={PRESERIE}"))["elements"][0]["id"]
    traces, receptions = await _reste(proprietaire)

    def interrompre(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await _purger(base, interrompre)
    restent = await _reste(proprietaire)
    assert restent[0] == traces - 100
    for chemin in BRUTES:
        verifier_probleme(await cnam.appeler("GET", chemin), 410, "traces-purgees")
    assert (await cnam.lire(f"/executions/{identifiant}"))["traces"] == []
    parties: list[int] = []
    await _purger(base, parties.append)
    assert await _reste(proprietaire) == (0, 0)
    assert sum(parties) == sum(restent)
    assert await _dues(base) == []
    entrees = (await cnam.lire(f"/journal?preserie={PRESERIE}&objet=preserie"))["elements"]
    purges = [(e["action"], e["apres"], e["auteur"]["role"]) for e in entrees if "purge" in e["action"]]
    assert purges == [
        ("suite_de_purge", {"traces": restent[0], "receptions": restent[1]}, "console"),
        ("purge", {"traces": traces, "receptions": receptions}, "console"),
    ]
    assert (await verifier(base))[0].constats == []


async def test_deux_purges_a_la_fois_n_en_font_qu_une(
    cnam: Service, base: Base, proprietaire: asyncpg.Connection
) -> None:
    await _terminer(proprietaire, DELAI)
    dues = await _dues(base)
    await ensemble(*(conservation.purger(base, due, lambda _: None, lot=100) for due in [*dues] * 3))
    assert await _reste(proprietaire) == (0, 0)
    entrees = (await cnam.lire("/journal"))["elements"]
    assert [e["action"] for e in entrees if "purge" in e["action"]].count("purge") == 1
    assert (await verifier(base))[0].constats == []


async def test_le_registre_n_attend_pas_que_les_traces_soient_comptees(
    cnam: Service, base: Base, proprietaire: asyncpg.Connection
) -> None:
    await _terminer(proprietaire, DELAI)
    dues = await _dues(base)
    envoyes: list[str] = []
    event.listen(base.moteur.sync_engine, "before_cursor_execute", lambda *a: envoyes.append(a[2]))
    for due in dues:
        await conservation.purger(base, due, lambda _: None)
    comptages = [rang for rang, ordre in enumerate(envoyes) if "count(" in ordre]
    verrous = [rang for rang, ordre in enumerate(envoyes) if "registre" in ordre]
    assert len(dues) == len(comptages) == 1
    assert comptages[0] < verrous[0]


async def test_une_purge_qui_ne_trouve_plus_rien_n_en_dit_rien(
    cnam: Service, base: Base, proprietaire: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one took it all between the count and the lock."""
    await _terminer(proprietaire, DELAI)
    (due,) = await _dues(base)
    avancer = generation.avancer

    async def se_faire_devancer(session: AsyncSession) -> None:
        monkeypatch.setattr(conservation, "avancer", avancer)
        await conservation.purger(base, due, lambda _: None)
        await avancer(session)

    monkeypatch.setattr(conservation, "avancer", se_faire_devancer)
    await conservation.purger(base, due, lambda _: None)
    entrees = (await cnam.lire("/journal"))["elements"]
    assert [e["action"] for e in entrees if "purge" in e["action"]] == ["purge"]


async def test_ce_qui_arrive_encore_part_a_la_purge_suivante_et_reste_compte(
    cnam: Service, base: Base, proprietaire: asyncpg.Connection
) -> None:
    await _terminer(proprietaire, DELAI)
    await _purger(base)
    rejetees = (await cnam.lire(BILAN))["traces"]["rejetees"]
    await etat_dit(cnam, "desactivees")
    verifier_probleme(await cnam.poster(trace()), 410, "traces-desactivees")
    assert await _reste(proprietaire) == (0, 1)
    await _purger(base)
    assert await _reste(proprietaire) == (0, 0)
    assert (await cnam.lire(BILAN))["traces"]["rejetees"] == rejetees + 1


async def test_les_autres_preseries_gardent_tout(cnam: Service, base: Base, proprietaire: asyncpg.Connection) -> None:
    await inscrire_rival(cnam)
    commun = {"logiciel": "rival-plus", "numero_am": PILOTES[0]}
    assert (await cnam.poster([trace(**commun), echec(**commun), trace(**commun, version="")])).status_code == 200
    await _terminer(proprietaire, DELAI)
    await _purger(base)
    assert await _reste(proprietaire) == (2, 1)
    assert len((await cnam.lire("/traces?preserie=rival-lpp"))["elements"]) == 2


async def test_la_base_ne_laisse_purger_que_ce_qui_est_termine(
    cnam: Service, base: Base, proprietaire: asyncpg.Connection
) -> None:
    """To the service's role: nothing before the end, and no deletion but by that function."""
    preserie_id = await proprietaire.fetchval("SELECT id FROM preserie WHERE code = $1", PRESERIE)
    reste = await _reste(proprietaire)
    connexion = await base.connecter()
    try:
        for ordre in (f"SELECT purger_traces({preserie_id}, 10)", "DELETE FROM trace", "DELETE FROM execution"):
            with cas(ordre), pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connexion.execute(ordre)
        await connexion.execute("CREATE TEMP TABLE preserie AS SELECT id, 'cloturee' AS statut FROM public.preserie")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connexion.execute(f"SELECT purger_traces({preserie_id}, 10)")  # a forged table is not believed
    finally:
        await connexion.close()
    assert await _reste(proprietaire) == reste


async def test_la_commande_simule_puis_purge_puis_n_a_plus_rien_a_faire(
    cnam: Service, reglages: Reglages, proprietaire: asyncpg.Connection
) -> None:
    rien = await commande(reglages, "purger")
    assert (rien.returncode, rien.stdout.splitlines()[0]) == (0, "Rien à purger aujourd'hui.")
    await _terminer(proprietaire, DELAI - timedelta(days=2, minutes=-5))
    bientot = await commande(reglages, "purger")
    echeance = (datetime.now(UTC) + timedelta(days=2, minutes=-5)).date()
    assert f"Prochaine échéance : {PRESERIE}, le {echeance}." in bientot.stdout
    await _terminer(proprietaire, DELAI)
    traces, receptions = await _reste(proprietaire)
    for arguments, titre, reste in (
        (("--simuler",), "À purger", (traces, receptions)),
        ((), "Purgé", (0, 0)),
    ):
        fini = await commande(reglages, "purger", *arguments)
        assert fini.returncode == 0, fini.stderr
        assert titre in fini.stdout
        assert re.search(rf"{PRESERIE}.*\b{traces}\b.*\b{receptions}\b", fini.stdout), fini.stdout
        assert await _reste(proprietaire) == reste
    assert "Rien à purger" in (await commande(reglages, "purger")).stdout
