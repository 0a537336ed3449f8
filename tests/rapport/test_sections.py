"""What single sections of the report tell, on the page and in the PDF: answers, seals, executions set aside, proofs."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import asyncpg

from tests.contrat.aides import cas
from tests.outils import PRESERIE, Service, trace
from tests.rapport.aides import CHEMIN, anterioriser_le_registre, deux_textes, lire_pdf, serre
from tests.rapport.monde import DEPASSE, HOSTILES, LONG, remplir


async def test_ce_que_les_pilotes_ecrivent_est_montre_sans_n_am(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await remplir(cnam, proprietaire)
    for forme, texte in await deux_textes(cnam):
        with cas(forme):
            assert serre("Appelez le [N° AM masqué], <b>merci</b>.—") in texte
            assert serre("Ne marche pas au [N° AM masqué]✗ ouvert") in texte
            assert "389391422," not in texte
            assert "3A1234567" not in texte
            assert "3réponsespour3pilotesinvités,soit100%;1freinbloquantouvert,0levé." in texte
            assert "Satisfactiond'ensemble3,6701011" in texte
            assert "Opération«exécution»3,6701011" in texte
            assert "Notesde1(«Trèsinsatisfaisant»)à5(«Trèssatisfaisant»)" in texte


async def test_un_bilan_arrete_est_montre_avec_ses_avis(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    arrete = await remplir(cnam, proprietaire)
    for forme, texte in await deux_textes(cnam):
        with cas(forme):
            assert f"Identifiant{arrete['id']}" in texte
            assert f"Empreinte(SHA-256){arrete['empreinte']}" in texte
            assert "AvisdelaCnam✓aapprouvé,le" in texte
            assert "Avisdel'éditeur✗arefusé,le" in texte
            assert serre(f"; motif : {HOSTILES[0]}Clé de cet avis{arrete['cle']}") in texte
            assert "État✗refuséparl'éditeurÉcartsàcejouraucunécartVerdict" in texte
            assert "État–dépasséÉcartsàcejouraucunécartVerdict" in texte
            assert f"Bilanarrêté{arrete['id'][:8]},telqueconnuau" in texte
            assert f"Bilanarrêté{DEPASSE[:8]},telqueconnuau" in texte


async def test_un_bilan_arrete_dit_combien_de_chiffres_ont_change(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    arrete = await remplir(cnam, proprietaire)
    accuse = await cnam.poster([trace(sequence=90_010)])
    assert accuse.json()["enregistrees"] == 1
    rectification = await cnam.lire(f"/bilan/arretes/{arrete['id']}/rectification")
    assert len(rectification["ecarts"]) > 1
    for forme, texte in await deux_textes(cnam):
        with cas(forme):
            assert texte.count(f"Écartsàcejour{len(rectification['ecarts'])}écartsdepuis") == 2


async def test_une_prolongation_depasse_le_bilan_arrete(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    refuse = await remplir(cnam, proprietaire)
    arrete = (await cnam.appeler("POST", f"/bilan/preseries/{PRESERIE}/arretes")).json()
    assert arrete["id"] != refuse["id"]
    prolongation = {"sens": "prolongation", "motif": "un mois de plus", "fin_prevue_le": "2027-06-30"}
    reponse = await cnam.appeler("POST", f"/preseries/{PRESERIE}/decision", json=prolongation)
    assert reponse.status_code == 200, reponse.text
    for _, texte in await deux_textes(cnam):
        assert "envigueur" not in texte
    apres = (await proprietaire.fetchval("SELECT clock_timestamp()")).isoformat().replace("+00:00", "Z")
    await asyncio.sleep(5.1)  # ``au`` is never of just now
    autres = ("✗refuséparl'éditeur", "–dépassé")
    for au, etat in ((arrete["contenu"]["au"], "✓envigueur"), (apres, "–dépassé")):
        for forme, texte in await deux_textes(cnam, f"?au={au}"):
            with cas((forme, etat)):
                assert tuple(re.findall("État(.{1,20})Verdict", texte)) == (etat, *autres)


async def test_les_mises_a_l_ecart_sont_montrees_avec_leur_motif(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await remplir(cnam, proprietaire)
    params = {"preserie": PRESERIE, "ecartee": "true"}
    ecartees = (await cnam.lire("/executions", params=params))["elements"]
    assert len(ecartees) == 3
    reprise = {"ecartee": False, "motif": "à compter"}
    reponse = await cnam.appeler("PATCH", f"/executions/{ecartees[2]['id']}", json=reprise)
    assert reponse.status_code == 200, reponse.text
    for forme, texte in await deux_textes(cnam):
        with cas(forme):
            for e in ecartees[:2]:
                jour = datetime.fromisoformat(e["jour"])
                dit = f"{jour:%d/%m/%Y}, pilote {e['pilote']} : dispositifs médicaux, non enregistrée, SCOR : "
                assert serre(f"{e['id']}{dit}{e['conformite'].replace('_', ' ')}par la Cnam, clé d'accès n° 1") in texte
            assert len(re.findall("le[0-9/]{10}[0-9:]{8}essai", texte)) == 2
            assert ecartees[2]["id"] not in texte
            assert "àcompter" not in texte


async def test_les_mises_a_l_ecart_d_un_instant(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    ecartees = (await cnam.lire("/executions", params={"preserie": PRESERIE, "ecartee": "true"}))["elements"]
    reprise = {"ecartee": False, "motif": "à compter"}
    await cnam.appeler("PATCH", f"/executions/{ecartees[0]['id']}", json=reprise)
    await anterioriser_le_registre(proprietaire)
    await proprietaire.execute("UPDATE trace SET recue_le = emise_le")
    await proprietaire.execute("SET session_replication_role = replica")
    await proprietaire.execute("UPDATE mise_a_l_ecart SET le = le - interval '1 hour' WHERE ecartee")
    await proprietaire.execute("RESET session_replication_role")
    for il_y_a, attendues in ((120, 0), (30, 3)):
        au = (datetime.now(UTC) - timedelta(minutes=il_y_a)).isoformat().replace("+00:00", "Z")
        for forme, texte in await deux_textes(cnam, f"?au={au}"):
            with cas((forme, il_y_a)):
                assert sum(e["id"] in texte for e in ecartees) == attendues
                assert ("Aucuneexécutionn'estmiseàl'écart." in texte) is (attendues == 0)


async def test_les_prerequis_sont_montres_avec_leur_preuve(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    for forme, texte in await deux_textes(cnam):
        with cas(forme):
            assert serre(f"{HOSTILES[0]}—?àvalider—") in texte
            assert serre(f"{HOSTILES[1]}à décrire 1✓ validé le 02/11/2026compte rendu 1") in texte


async def test_ce_qui_se_copie_du_pdf_est_entier(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    arrete = await remplir(cnam, proprietaire)
    lu = lire_pdf(await cnam.appeler("GET", CHEMIN + "?format=pdf"))
    texte = "\n".join(page.extract_text() for page in lu.pages)
    ecartees = (await cnam.lire("/executions", params={"preserie": PRESERIE, "ecartee": "true"}))["elements"]
    assert "\u200b" not in texte
    for entier in (arrete["id"], arrete["empreinte"], arrete["cle"], *(e["id"] for e in ecartees)):
        with cas(entier):
            assert entier in texte
    assert LONG not in texte  # no line could hold it
    assert LONG in serre(texte)
