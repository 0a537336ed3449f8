"""What the Cnam and the éditeur see of the answers, and the frein that the Cnam lifts."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg

from app.acces.roles import Role
from tests.contrat.aides import cas, compter, mettre, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service
from tests.questionnaire.aides import (
    INVITATIONS,
    QUESTIONNAIRE,
    REPONSES,
    bloquee,
    entrees_du_journal,
    inviter,
    inviter_un,
    repondre,
    reponse,
)


async def _critere(cnam: Service, **parametres: str) -> Corps:
    bilan = await cnam.lire(f"/bilan/preseries/{PRESERIE}", params=parametres)
    critere: Corps = next(c for c in bilan["criteres"] if c["code"] == "satisfaction")
    return critere


async def _il_y_a_un_instant() -> str:
    """An instant of now, once it is far enough past to be asked for."""
    instant = datetime.now(UTC)
    await asyncio.sleep(5.1)
    return instant.isoformat()


async def test_les_resultats_comptent_la_derniere_reponse_de_chacun(cnam: Service, pilote: Service) -> None:
    assert (await cnam.lire(QUESTIONNAIRE))["taux_reponse"] is None
    jetons = await inviter(cnam)
    await repondre(pilote, jetons[PILOTES[0]], reponse(satisfaction=1, operations={}))
    await repondre(pilote, jetons[PILOTES[0]], reponse(satisfaction=5, operations={"consultation": 3}), 200)
    await repondre(pilote, jetons[PILOTES[1]], bloquee())
    lus = await cnam.lire(QUESTIONNAIRE)
    vide = {"moyenne": None, "repartition": [0, 0, 0, 0, 0]}
    assert lus == {
        "invites": 5,
        "reponses": 2,
        "taux_reponse": 0.4,
        "satisfaction": {"moyenne": 3.5, "repartition": [0, 1, 0, 0, 1]},
        "operations": {
            "consultation": {"moyenne": 4.0, "repartition": [0, 0, 1, 0, 1]},
            "execution": {"moyenne": 4.0, "repartition": [0, 0, 0, 1, 0]},
            "modification": vide,
            "annulation": vide,
        },
        "freins_ouverts": 1,
        "freins_leves": 0,
    }
    critere = await _critere(cnam)
    assert {nom: critere[nom] for nom in lus} == lus


async def _listes(cnam: Service, critere: Corps) -> None:
    """Each list of the criterion has as many elements as it says, also page by page."""
    for liste in critere["listes"]:
        with cas(liste):
            vus, apres = 0, ""
            while True:
                lien = liste["lien"] + ("&" if "?" in liste["lien"] else "?") + f"limite=1{apres}"
                page = await cnam.lire(lien)
                vus += len(page["elements"])
                if page["suivant"] is None:
                    break
                apres = f"&apres={page['suivant']}"
            assert vus == liste["nombre"]


async def test_les_listes_du_critere_ont_autant_d_elements_qu_il_dit(cnam: Service, pilote: Service) -> None:
    jetons = await inviter(cnam)
    await repondre(pilote, jetons[PILOTES[0]], bloquee())
    await repondre(pilote, jetons[PILOTES[1]], bloquee())
    await repondre(pilote, jetons[PILOTES[2]], reponse())
    un = (await cnam.lire(f"{REPONSES}?frein=ouvert"))["elements"][0]["id"]
    avant = await _il_y_a_un_instant()
    await cnam.appeler("PATCH", f"{REPONSES}/{un}", json={"frein_leve": True, "motif": "Corrigé."})
    await repondre(pilote, jetons[PILOTES[2]], bloquee(), 200)
    await repondre(pilote, jetons[PILOTES[3]], reponse())
    critere = await _critere(cnam)
    assert [liste["nombre"] for liste in critere["listes"]] == [4, 2, 1]
    assert critere["etat"] == "non_atteint"
    await _listes(cnam, critere)
    alors = await _critere(cnam, au=avant)
    assert [liste["nombre"] for liste in alors["listes"]] == [3, 2, 0]
    await _listes(cnam, alors)
    assert (await cnam.lire(QUESTIONNAIRE, params={"au": avant}))["freins_leves"] == 0
    verifier_probleme(await cnam.appeler("GET", REPONSES, params={"apres": "x"}), 422)
    futur = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    verifier_probleme(await cnam.appeler("GET", REPONSES, params={"au": futur}), 422)


async def test_la_cnam_leve_un_frein_une_fois(cnam: Service, pilote: Service, base: asyncpg.Connection) -> None:
    jetons = await inviter(cnam, PILOTES[:2])
    await repondre(pilote, jetons[PILOTES[0]], bloquee())
    await repondre(pilote, jetons[PILOTES[1]], reponse())
    avec, sans = (lue["id"] for lue in (await cnam.lire(REPONSES))["elements"])
    levee = {"frein_leve": True, "motif": "Corrigé dans la version 4.2.2."}
    lue = (await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=levee)).json()
    assert (lue["id"], lue["motif"], lue["frein_leve_le"] is not None) == (avec, levee["motif"], True)
    encore = await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=levee)
    assert (encore.status_code, encore.json()) == (200, lue)
    entrees = [entree for entree in await entrees_du_journal(cnam) if entree["action"] == "levee"]
    assert [(e["code"], e["personnel"], e["auteur"]["role"]) for e in entrees] == [
        (str(avec), {"motif": levee["motif"]}, "cnam")
    ]
    autre = await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=levee | {"motif": "Un autre."})
    verifier_probleme(autre, 409, "conflit")
    verifier_probleme(await cnam.appeler("PATCH", f"{REPONSES}/{sans}", json=levee), 409, "conflit")
    verifier_probleme(await cnam.appeler("PATCH", f"{REPONSES}/999", json=levee), 404, "introuvable")
    for corps in (
        {"frein_leve": 1, "motif": "x"},
        {"frein_leve": True},
        levee | {"motif": f"Vu avec {PILOTES[0]}"},
    ):
        verifier_probleme(await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=corps), 422, "corps-invalide")
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    refus = await editeur.appeler("PATCH", f"{REPONSES}/{avec}", json=levee)
    verifier_probleme(refus, 403, "role-insuffisant")
    assert [(await _critere(cnam))[nom] for nom in ("freins_ouverts", "freins_leves")] == [0, 1]
    remis = {"frein_leve": False, "motif": "Levé par erreur."}
    for _ in range(2):
        lue = (await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=remis)).json()
        assert (lue["frein_leve_le"], lue["motif"]) == (None, None)
    assert await compter(base, "levee_frein") == 2
    assert [(await _critere(cnam))[nom] for nom in ("freins_ouverts", "freins_leves")] == [1, 0]
    assert (await cnam.appeler("PATCH", f"{REPONSES}/{avec}", json=levee)).json()["motif"] == levee["motif"]


async def test_un_frein_leve_que_le_pilote_signale_encore_est_de_nouveau_ouvert(cnam: Service, pilote: Service) -> None:
    jeton = await inviter_un(cnam)
    await repondre(pilote, jeton, bloquee())
    (premiere,) = (await cnam.lire(REPONSES))["elements"]
    levee = {"frein_leve": True, "motif": "Corrigé."}
    await cnam.appeler("PATCH", f"{REPONSES}/{premiere['id']}", json=levee)
    await repondre(pilote, jeton, bloquee(), 200)
    assert len((await cnam.lire(f"{REPONSES}?frein=leve"))["elements"]) == 1
    await repondre(pilote, jeton, bloquee(commentaire="Toujours là."), 200)
    (seconde,) = (await cnam.lire(f"{REPONSES}?frein=ouvert"))["elements"]
    assert (seconde["frein_leve_le"], seconde["motif"]) == (None, None)
    refus = await cnam.appeler("PATCH", f"{REPONSES}/{premiere['id']}", json=levee)
    verifier_probleme(refus, 404, "introuvable")


async def test_un_frein_ne_se_leve_plus_une_fois_la_preserie_terminee(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    await repondre(pilote, await inviter_un(cnam), bloquee())
    (une,) = (await cnam.lire(REPONSES))["elements"]
    await mettre(base, statut="cloturee")
    refus = await cnam.appeler("PATCH", f"{REPONSES}/{une['id']}", json={"frein_leve": True, "motif": "Corrigé."})
    verifier_probleme(refus, 409, "etape-refusee")


async def test_personne_ne_lit_de_qui_est_une_reponse(cnam: Service, pilote: Service) -> None:
    await repondre(pilote, await inviter_un(cnam), reponse())
    for role, editeur in ((Role.CNAM, None), (Role.EDITEUR, "ortho-soft"), (Role.LECTURE, None)):
        with cas(role):
            qui = await cnam.en(role, editeur=editeur)
            for chemin in (QUESTIONNAIRE, REPONSES):
                assert PILOTES[0] not in (await qui.appeler("GET", chemin)).text
    verifier_probleme(await (await cnam.en(Role.LECTURE)).appeler("GET", INVITATIONS), 403)
