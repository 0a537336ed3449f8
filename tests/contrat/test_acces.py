"""What the table of callers and routes (``test_acces_table``) does not say: spellings of a key, items of an array."""

import asyncpg

from app.acces.roles import Role
from tests.contrat.aides import accuse, cas, inscrire_rival, verifier_probleme
from tests.outils import PILOTES, Service, trace


async def test_une_cle_mal_ecrite_est_refusee(cnam: Service) -> None:
    personne = Service(cnam.client, cnam.application)
    bonne = cnam.cle or ""
    for autorisation in ("", "Bearer", "Bearer ", f"Basic {bonne}", bonne, f"Bearer {bonne}x", f"Bearer {bonne[:-1]}"):
        for methode, chemin in (("POST", "/traces"), ("GET", "/editeurs")):
            with cas((methode, autorisation)):
                reponse = await personne.appeler(methode, chemin, headers={"Authorization": autorisation})
                verifier_probleme(reponse, 401)
    assert (await personne.appeler("GET", "/editeurs", headers={"Authorization": f"bearer {bonne}"})).status_code == 200


async def test_un_corps_n_est_pas_lu_sans_cle(cnam: Service) -> None:
    personne = Service(cnam.client, cnam.application)
    for contenu in (b"{", b"x" * 2_000_000):
        verifier_probleme(await personne.appeler("POST", "/traces", content=contenu), 401)


async def test_une_cle_de_poste_est_liee_a_son_editeur(cnam: Service) -> None:
    await inscrire_rival(cnam)
    rival = await cnam.en(Role.POSTE, editeur="rival")
    verifier_probleme(await rival.poster(trace()), 403, "logiciel-interdit")
    corps = accuse(
        await rival.poster([trace(), trace(logiciel="rival-plus")]), enregistrees=1, rejets=["logiciel-interdit"]
    )
    assert corps["rejets"][0]["champ"] == "logiciel"


async def test_une_cle_de_poste_peut_etre_reservee_a_un_numero_am(cnam: Service) -> None:
    reservee = await cnam.en(Role.POSTE, editeur="ortho-soft", numero_am=PILOTES[1])
    assert (await reservee.poster(trace(numero_am=PILOTES[1]))).status_code == 201
    probleme = verifier_probleme(await reservee.poster(trace(numero_am=PILOTES[0])), 403)
    assert [faute["champ"] for faute in probleme["erreurs"]] == ["numero_am"]
    corps = (await reservee.poster([trace(numero_am=PILOTES[1]), trace(numero_am=PILOTES[2])])).json()
    assert (corps["enregistrees"], corps["rejetees"]) == (1, 1)


async def test_un_refus_pour_un_autre_ne_dit_rien_de_sa_preserie(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    """Another éditeur's présérie: neither that it is open nor who its pilotes are."""
    await inscrire_rival(cnam)
    rival = await cnam.en(Role.POSTE, editeur="rival")
    for faute in ({}, {"duree_ms": -1}, {"type_prescription": "imagerie"}):
        connu, inconnu = trace(**faute), trace(**faute, numero_am="999999999")
        reponses = [(await rival.poster([envoi])).json() for envoi in (connu, inconnu)]
        for reponse, envoi in zip(reponses, (connu, inconnu), strict=True):
            assert reponse["rejets"][0].pop("id") == envoi["id"]
        with cas(faute):
            assert reponses[0] == reponses[1]
