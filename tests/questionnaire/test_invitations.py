"""Invitations: to whom, for how long, and what is kept of their tokens."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx

from app.acces.roles import Role
from app.main import create_app
from app.referentiels import EN_VIGUEUR
from app.reglages import Reglages
from tests.contrat.aides import cas, compter, mettre, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service, ensemble
from tests.questionnaire.aides import INVITATIONS, inviter, inviter_un, repondre, reponse

VALIDITE = timedelta(days=EN_VIGUEUR["lpp"].questionnaire.validite_jours)


async def test_chaque_pilote_present_recoit_un_lien(cnam: Service, base: asyncpg.Connection) -> None:
    chemin = f"/preseries/{PRESERIE}/pilotes/{PILOTES[4]}"
    depart = {nom: v for nom, v in (await cnam.lire(chemin)).items() if nom != "numero_am"}
    retrait = await cnam.appeler("PUT", chemin, json=depart | {"retire_le": "2026-11-01"})
    assert retrait.status_code == 200, retrait.text
    emises = (await cnam.appeler("POST", INVITATIONS)).json()
    assert [emise["numero_am"] for emise in emises] == sorted(PILOTES[:4])
    assert len({emise["jeton"] for emise in emises}) == 4
    for emise in emises:
        assert re.fullmatch("[A-Za-z0-9_-]{43}", emise["jeton"])
        assert emise["url"] == f"http://test/questionnaire/{emise['jeton']}"
    lignes = await base.fetch("SELECT empreinte, expire_le - le AS duree FROM invitation")
    assert {ligne["empreinte"] for ligne in lignes} == {hashlib.sha256(e["jeton"].encode()).digest() for e in emises}
    assert all(abs(ligne["duree"] - VALIDITE) < timedelta(minutes=1) for ligne in lignes)


async def test_on_peut_n_en_inviter_que_certains(cnam: Service) -> None:
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    assert set(await inviter(editeur, [PILOTES[1], PILOTES[1], PILOTES[0]])) == set(PILOTES[:2])
    for numeros in (["999999999"], [PILOTES[0], "999999999"]):
        refus = verifier_probleme(await editeur.appeler("POST", INVITATIONS, json={"numeros_am": numeros}), 422)
        assert [faute["champ"] for faute in refus["erreurs"]] == ["numeros_am"]
        assert "999999999" not in str(refus)
    malformes: list[Corps] = [{"numeros_am": []}, {"numeros_am": ["x"]}, {"autres": []}]
    for corps in malformes:
        verifier_probleme(await editeur.appeler("POST", INVITATIONS, json=corps), 422, "corps-invalide")
    assert [e["numero_am"] for e in (await cnam.lire(INVITATIONS))["elements"]] == sorted(PILOTES[:2])


async def test_on_n_invite_qu_a_une_preserie_en_cours_ou_validee(cnam: Service, base: asyncpg.Connection) -> None:
    for statut, attendu in (("preparation", 409), ("en_cours", 201), ("validee", 201), ("abandonnee", 409)):
        with cas(statut):
            await mettre(base, statut=statut)
            recue = await cnam.appeler("POST", INVITATIONS)
            assert recue.status_code == attendu
            if attendu == 409:
                verifier_probleme(recue, 409, "etape-refusee")


async def test_une_nouvelle_invitation_remplace_la_precedente(cnam: Service, pilote: Service) -> None:
    premier = await inviter_un(cnam)
    await repondre(pilote, premier, reponse())
    second = await inviter_un(cnam)
    verifier_probleme(await pilote.appeler("GET", f"/questionnaire/{premier}"), 410, "invitation-expiree")
    refus = await pilote.appeler("POST", f"/questionnaire/{premier}", json=reponse())
    verifier_probleme(refus, 410, "invitation-expiree")
    assert (await pilote.lire(f"/questionnaire/{second}"))["reponse"]["satisfaction"] == 4
    await repondre(pilote, second, reponse(satisfaction=3), 200)


async def test_un_lien_expire(cnam: Service, pilote: Service, base: asyncpg.Connection) -> None:
    jeton = await inviter_un(cnam)
    await base.execute("UPDATE invitation SET expire_le = clock_timestamp()")
    verifier_probleme(await pilote.appeler("GET", f"/questionnaire/{jeton}"), 410, "invitation-expiree")
    refus = await pilote.appeler("POST", f"/questionnaire/{jeton}", json=reponse())
    verifier_probleme(refus, 410, "invitation-expiree")
    assert await compter(base, "reponse") == 0


async def test_on_voit_qui_a_repondu_et_qui_relancer(cnam: Service, pilote: Service) -> None:
    jetons = await inviter(cnam)
    await inviter(cnam, [PILOTES[2]])
    await repondre(pilote, jetons[PILOTES[0]], reponse())
    pages, apres = [], ""
    while True:
        page = await cnam.lire(f"{INVITATIONS}?limite=2{apres}")
        pages.append(page["elements"])
        if page["suivant"] is None:
            break
        apres = f"&apres={page['suivant']}"
    assert [len(page) for page in pages] == [2, 2, 1]
    elements = [element for page in pages for element in page]
    assert [element["numero_am"] for element in elements] == sorted(PILOTES)
    assert {e["numero_am"] for e in elements if e["repondu_le"] is not None} == {PILOTES[0]}
    for element in elements:
        assert set(element) == {"numero_am", "invite_le", "expire_le", "repondu_le"}
        duree = datetime.fromisoformat(element["expire_le"]) - datetime.fromisoformat(element["invite_le"])
        assert abs(duree - VALIDITE) < timedelta(minutes=1)
        assert datetime.fromisoformat(element["invite_le"]) < datetime.now(UTC)


async def test_les_liens_commencent_par_l_adresse_publique(cnam: Service, reglages: Reglages) -> None:
    for dite in ("https://traces.example/lpp", "https://traces.example/lpp/"):
        autre = create_app(reglages.model_copy(update={"url_publique": dite}))
        transport = httpx.ASGITransport(autre)
        async with (
            autre.router.lifespan_context(autre),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            emises = (await Service(client, autre, cnam.cle).appeler("POST", INVITATIONS)).json()
        assert {emise["url"].removesuffix(emise["jeton"]) for emise in emises} == {
            "https://traces.example/lpp/questionnaire/"
        }


async def test_le_journal_dit_qui_est_invite_sans_son_lien(cnam: Service) -> None:
    jeton = await inviter_un(cnam)
    page = await cnam.lire("/journal?objet=invitation")
    (entree,) = page["elements"]
    assert (entree["action"], entree["auteur"]["role"], entree["preserie"]) == ("creation", "cnam", PRESERIE)
    assert entree["personnel"] == {"numero_am": PILOTES[0]}
    assert jeton not in str(page)
    assert PILOTES[0] not in str({nom: v for nom, v in entree.items() if nom != "personnel"})


async def test_deux_invitations_a_la_fois_n_en_laissent_qu_une_valable(cnam: Service, pilote: Service) -> None:
    jetons = await ensemble(*(inviter_un(cnam) for _ in range(4)))
    statuts = [(await pilote.appeler("GET", f"/questionnaire/{jeton}")).status_code for jeton in jetons]
    assert sorted(statuts) == [200, 410, 410, 410]
