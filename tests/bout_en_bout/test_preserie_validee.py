"""From the validation to the end: deployment, traces switched off, stragglers, closing, purge; and who is covered."""

from datetime import timedelta

import asyncpg
import pytest

from app.acces.roles import Role
from app.conservation import service as conservation
from app.referentiels import EN_VIGUEUR
from app.stockage.base import Base
from tests.arretes.aides import approuver, arreter, constats, repondre
from tests.bout_en_bout.aides import Partie
from tests.contrat.aides import accuse, compter, etat_dit, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service, envoyer_l_exemple, trace

LOGICIEL: Corps = {"module": "mon-ortho", "sesam_vitale": True, "autorisation_cnda": None}


@pytest.fixture
async def cnam(service: Service) -> Partie:
    """The example's présérie with its traces, of which the criteria that traces decide are met."""
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    await envoyer_l_exemple(cnam)
    return Partie(cnam, PRESERIE)


async def test_de_la_validation_a_la_purge(cnam: Partie, proprietaire: asyncpg.Connection) -> None:
    editeur = Partie(await cnam.service.en(Role.EDITEUR, editeur="ortho-soft"), PRESERIE)
    poste = await cnam.service.en(Role.POSTE, editeur="ortho-soft")
    await _ce_que_des_personnes_disent(cnam, proprietaire)
    arrete = await _valider(cnam, editeur)
    await _les_logiciels_couverts(cnam)

    # « Si l'ensemble des critères est atteint, une réunion de démarrage du déploiement est organisée »
    mots = ("réunion", "traces-postes", "généralisation")
    refus = await cnam.ne_peut("POST", "cloture", None, "cloture-incomplete", *mots)
    assert len(refus["manquants"]) == 3
    await cnam.date(reunion_deploiement="2026-11-25")

    # « L'éditeur désactive alors l'envoi des traces postes de ses utilisateurs »
    retardataire = trace(poste="poste-9", sequence=1)
    assert (await poste.poster(retardataire)).status_code == 201
    assert (await editeur.fait("PUT", "traces-postes", {"actives": False}))["traces_postes"] == "desactivees"
    await etat_dit(poste, "desactivees")
    assert (await poste.poster(retardataire)).status_code == 200  # a doublon still is one
    await _les_retardataires(editeur, poste)

    # on again, and off
    await editeur.fait("PUT", "traces-postes", {"actives": True})
    await etat_dit(poste, "actives")
    assert (await poste.poster(trace(poste="poste-9", sequence=7))).status_code == 201
    await editeur.fait("PUT", "traces-postes", {"actives": False})
    await etat_dit(poste, "desactivees")

    # « L'Assurance Maladie communiquera sur l'autorisation et les modalités de la généralisation »
    refus = await cnam.ne_peut("POST", "cloture", None, "cloture-incomplete", "généralisation")
    assert len(refus["manquants"]) == 1
    verifier_probleme(await editeur.service.appeler("POST", f"/preseries/{PRESERIE}/cloture"), 403)
    await cnam.date(autorisation_generalisation="2026-12-01")
    close = await cnam.fait("POST", "cloture")
    assert (close["statut"], close["traces_postes"]) == ("cloturee", "desactivees")
    assert await cnam.fait("POST", "cloture") == close
    assert await proprietaire.fetchval("SELECT cle_enveloppee FROM preserie WHERE code = $1", PRESERIE) is None
    await cnam.ne_peut("PUT", "traces-postes", {"actives": True}, "etape-refusee", "clôturée")
    await etat_dit(poste, "desactivees")
    verifier_probleme(await poste.poster(trace()), 410, "traces-desactivees")

    assert await constats(cnam.service, arrete) == []
    await _la_fin_des_donnees(cnam, proprietaire)
    assert await constats(cnam.service, arrete) == []
    assert await cnam.service.lire(f"/bilan/arretes/{arrete['id']}") == arrete


async def _ce_que_des_personnes_disent(cnam: Partie, proprietaire: asyncpg.Connection) -> None:
    """« les prérequis techniques au déploiement sont identifiés », « les utilisateurs sont satisfaits »"""
    await cnam.date(prerequis_identifies="2026-11-02")
    await repondre(proprietaire)


async def _valider(cnam: Partie, editeur: Partie) -> Corps:
    """« Le passage à l'étape de déploiement […] est conditionné par les résultats d'un bilan » partagé"""
    validation: Corps = {"sens": "validation", "motif": "Tous les critères sont atteints."}
    refus = await cnam.ne_peut("POST", "decision", validation, "validation-incomplete", "arrêté", "arretes")
    assert len(refus["manquants"]) == 1
    refuse = await arreter(editeur.service)
    await approuver(editeur.service, refuse, "refuse", "Un pilote manque encore.")
    await cnam.ne_peut("POST", "decision", validation, "validation-incomplete", "refusé par l'éditeur")

    arrete = await arreter(cnam.service)
    assert arrete["contenu"]["verdict"] == "favorable"
    refus = await cnam.ne_peut("POST", "decision", validation, "validation-incomplete", "la Cnam", "l'éditeur")
    assert len(refus["manquants"]) == 2
    await approuver(editeur.service, arrete)
    refus = await cnam.ne_peut("POST", "decision", validation, "validation-incomplete", "avec une clé cnam")
    assert len(refus["manquants"]) == 1
    arrete = await approuver(cnam.service, arrete)
    verifier_probleme(await editeur.service.appeler("POST", f"/preseries/{PRESERIE}/decision", json=validation), 403)
    validee = await cnam.fait("POST", "decision", validation)
    assert (validee["statut"], validee["traces_postes"]) == ("validee", "actives")
    assert validee["bilan_arrete_le"] == arrete["contenu"]["au"]
    assert await cnam.fait("POST", "decision", validation) == validee
    (prise,) = (await editeur.lit("/decision"))["elements"]
    assert (prise["sens"], prise["arrete"]) == ("validation", arrete["id"])
    return arrete


async def _les_logiciels_couverts(cnam: Partie) -> None:
    """« valable pour tous les logiciels de l'éditeur qui utilisent le même module […] pas les intégrateurs »"""
    await cnam.inscrit("/logiciels/ortho-duo", LOGICIEL | {"editeur": "ortho-soft", "nom": "Ortho Duo"})
    await cnam.inscrit("/editeurs/tiers", {"raison_sociale": "Tiers", "solution_sesam_vitale": False})
    await cnam.inscrit("/logiciels/tiers-plus", LOGICIEL | {"editeur": "tiers", "nom": "Tiers Plus"})
    page = await cnam.service.lire("/validites?module=mon-ortho&categorie_ps=lpp")
    assert [(v["logiciel"], v["valide"], v["preserie"], v["raison"]) for v in page["elements"]] == [
        ("ortho-duo", True, PRESERIE, "meme-module"),
        ("ortho-plus", True, PRESERIE, "propre"),
        ("tiers-plus", False, None, "integrateur"),
    ]


async def _les_retardataires(editeur: Partie, poste: Service) -> None:
    """They are told 410, counted, and named to the éditeur."""
    probleme = verifier_probleme(await poste.poster(trace(poste="poste-9", sequence=3)), 410, "traces-desactivees")
    assert "désactiv" in probleme["detail"]
    envoi = [trace(poste="poste-9", sequence=4), trace(poste="poste-8", sequence=1, numero_am=PILOTES[1])]
    reponse = accuse(await poste.poster(envoi), rejets=["traces-desactivees"] * 2)
    assert reponse["traces_postes"] == "desactivees"
    retardataires = (await editeur.lit("/postes?apres_desactivation=true"))["elements"]
    assert {(p["numero_am"], p["poste"], p["apres_desactivation"]["nombre"]) for p in retardataires} == {
        (PILOTES[0], "poste-9", 3),
        (PILOTES[1], "poste-8", 1),
    }
    (neuf,) = [p for p in retardataires if p["poste"] == "poste-9"]
    assert neuf["sequences"]["perdues"] == 1  # number 2: the refused ones were seen
    assert neuf["sequences"]["trous"] == [{"de": 2, "a": 2}]


async def _la_fin_des_donnees(cnam: Partie, proprietaire: asyncpg.Connection) -> None:
    avant = await cnam.bilan()
    base: Base = cnam.service.application.state.base
    delai = timedelta(days=EN_VIGUEUR["lpp"].donnees.conservation_jours)
    fin = await proprietaire.fetchval("SELECT terminee_le FROM preserie WHERE code = $1", PRESERIE)
    async with base.lecture() as session:
        assert not (await conservation.echeancier(session, fin + delai - timedelta(seconds=1))).dues
        ((due, comptes),) = (await conservation.echeancier(session, fin + delai)).dues
    assert comptes.traces == avant["traces"]["enregistrees"]
    await conservation.purger(base, due, lambda _: None)
    for table in ("trace", "feuilles_arrete"):
        assert await compter(proprietaire, table) == 0
    assert await cnam.bilan() | {"calcule_le": None} == avant | {"calcule_le": None}
    for chemin in (f"/traces?preserie={PRESERIE}", f"/preseries/{PRESERIE}/postes"):
        verifier_probleme(await cnam.service.appeler("GET", chemin), 410, "traces-purgees")
    lue = await cnam.service.lire(f"/executions?preserie={PRESERIE}&limite=1000")
    assert len(lue["elements"]) == avant["executions"]["total"]
