"""Sealing, approving, what comes later, and what is refused, over HTTP."""

import json

import asyncpg
import pytest

from app.acces.roles import Role
from app.arretes.canonique import canonique, empreinte
from app.main import create_app
from app.reglages import Reglages
from tests.arretes.aides import ARRETES, approuver, arreter, editeur_de, rendre_favorable
from tests.contrat.aides import NIR, cas, mettre, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service, echec, trace

INVITATIONS = f"/preseries/{PRESERIE}/questionnaire/invitations"


@pytest.fixture
async def cnam(service: Service, proprietaire: asyncpg.Connection) -> Service:
    cnam = await service.en(Role.CNAM)
    await rendre_favorable(cnam, proprietaire)
    return cnam


async def test_un_arrete_est_le_bilan_de_son_instant_recalcule_des_traces(cnam: Service) -> None:
    present = await cnam.lire(f"/bilan/preseries/{PRESERIE}")
    arrete = await arreter(await editeur_de(cnam))
    contenu = arrete["contenu"]
    assert contenu["au"] == contenu["calcule_le"]
    assert contenu["verdict"] == "favorable"
    instants = {"au", "calcule_le"}
    assert _sans_liens(present, instants) == _sans_liens(contenu, {*instants, "empreinte_traces"})
    assert arrete["empreinte"] == empreinte(contenu)
    assert arrete["approbations"] == []
    assert (await cnam.lire(f"/preseries/{PRESERIE}"))["bilan_arrete_le"] == contenu["au"]


def _sans_liens(valeur: object, sauf: set[str]) -> object:
    if isinstance(valeur, dict):
        return {nom: _sans_liens(v, sauf) for nom, v in valeur.items() if nom not in {"lien", *sauf}}
    return [_sans_liens(v, sauf) for v in valeur] if isinstance(valeur, list) else valeur


async def test_le_document_est_servi_dans_sa_forme_canonique(cnam: Service) -> None:
    arrete = await arreter(cnam)
    reponse = await cnam.appeler("GET", f"/bilan/arretes/{arrete['id']}")
    assert reponse.content == canonique(arrete)


async def test_les_deux_parties_se_prononcent_une_fois(cnam: Service) -> None:
    editeur = await editeur_de(cnam)
    arrete = await arreter(cnam)
    premiere = await approuver(cnam, arrete)
    seconde = await approuver(editeur, arrete, motif="Conforme à nos chiffres.")
    assert [(a["partie"], a["sens"], a["motif"]) for a in seconde["approbations"]] == [
        ("cnam", "approuve", None),
        ("editeur", "approuve", "Conforme à nos chiffres."),
    ]
    assert seconde["approbations"][0] == premiere["approbations"][0]
    assert {nom: seconde[nom] for nom in arrete if nom != "approbations"} == {
        nom: arrete[nom] for nom in arrete if nom != "approbations"
    }
    chemin = f"/bilan/arretes/{arrete['id']}/approbations"
    numero = (await cnam.lire("/journal"))["elements"][0]["numero"]
    encore = await cnam.appeler("POST", chemin, json={"sens": "approuve", "motif": None})
    assert (encore.status_code, encore.json()) == (200, seconde)
    for corps in ({"sens": "refuse", "motif": "Non."}, {"sens": "approuve", "motif": "Autre."}):
        verifier_probleme(await cnam.appeler("POST", chemin, json=corps), 409, "conflit")
    assert (await cnam.lire("/journal"))["elements"][0]["numero"] == numero
    assert await cnam.lire(f"/bilan/arretes/{arrete['id']}") == seconde


async def test_un_refus_dit_pourquoi_sans_nommer_personne(cnam: Service) -> None:
    arrete = await arreter(cnam)
    chemin = f"/bilan/arretes/{arrete['id']}/approbations"
    for motif in (None, "", "  ", f"Patient {NIR}.", f"Le pilote {PILOTES[0]}.", 3):
        with cas(motif):
            refus: Corps = {"sens": "refuse", "motif": motif}
            probleme = verifier_probleme(await cnam.appeler("POST", chemin, json=refus), 422, "corps-invalide")
            assert [faute["champ"] for faute in probleme["erreurs"]] == ["motif"]
            assert NIR not in str(probleme)
    refuse = await approuver(cnam, arrete, "refuse", "Deux traces d'essai y comptent.")
    assert refuse["approbations"][0]["motif"] == "Deux traces d'essai y comptent."
    entree = (await cnam.lire("/journal?objet=arrete"))["elements"][0]
    assert (entree["action"], entree["code"], entree["apres"]["sens"]) == ("refus", arrete["id"], "refuse")
    assert "motif" not in entree["apres"]
    assert entree["personnel"] == {"motif": "Deux traces d'essai y comptent."}


async def test_seul_le_dernier_arrete_s_approuve_et_plus_apres_une_prolongation(cnam: Service) -> None:
    premier = await arreter(cnam)
    premier = await approuver(cnam, premier)
    encore = await cnam.appeler("POST", ARRETES)
    assert (encore.status_code, encore.json()) == (200, premier)  # nothing changed: it stands, with its approval
    assert (await cnam.poster([trace()])).status_code == 200
    second = await arreter(cnam)
    corps = {"sens": "approuve", "motif": None}
    editeur = await editeur_de(cnam)
    refus = await editeur.appeler("POST", f"/bilan/arretes/{premier['id']}/approbations", json=corps)
    verifier_probleme(refus, 409, "conflit")
    prolongation = {"sens": "prolongation", "motif": "À revoir.", "pilotes_max": 9}
    assert (await cnam.appeler("POST", f"/preseries/{PRESERIE}/decision", json=prolongation)).status_code == 200
    assert (await cnam.lire(f"/preseries/{PRESERIE}"))["bilan_arrete_le"] is None
    refus = await editeur.appeler("POST", f"/bilan/arretes/{second['id']}/approbations", json=corps)
    verifier_probleme(refus, 409, "conflit")
    encore = await cnam.appeler("POST", f"/bilan/arretes/{premier['id']}/approbations", json=corps)
    assert encore.status_code == 200  # what was said stays said
    page = await cnam.lire(ARRETES)
    assert [resume["id"] for resume in page["elements"]] == [second["id"], premier["id"]]
    assert [len(resume["approbations"]) for resume in page["elements"]] == [0, 1]


async def test_un_refus_rouvre_le_questionnaire(cnam: Service) -> None:
    """Whoever sealed it, too early: the other side refuses, and pilotes may answer until the next one."""
    editeur = await editeur_de(cnam)
    (invitation,) = (await cnam.appeler("POST", INVITATIONS, json={"numeros_am": [PILOTES[3]]})).json()
    pilote = Service(cnam.client, cnam.application)
    avis = {"satisfaction": 2, "operations": {}, "frein_bloquant": True, "frein": "Trop lent.", "commentaire": None}
    scelle = await arreter(editeur)
    clos = await pilote.appeler("POST", f"/questionnaire/{invitation['jeton']}", json=avis)
    verifier_probleme(clos, 409, "questionnaire-clos")
    verifier_probleme(await editeur.appeler("POST", INVITATIONS), 409, "questionnaire-clos")
    await approuver(cnam, scelle, "refuse", "Deux pilotes n'ont pas encore répondu.")
    assert (await pilote.appeler("POST", f"/questionnaire/{invitation['jeton']}", json=avis)).status_code == 201
    corps = {"sens": "approuve", "motif": None}
    refus = await editeur.appeler("POST", f"/bilan/arretes/{scelle['id']}/approbations", json=corps)
    verifier_probleme(refus, 409, "conflit")
    validation = {"sens": "validation", "motif": "Tout y est."}
    refus = await cnam.appeler("POST", f"/preseries/{PRESERIE}/decision", json=validation)
    assert "refusé par la Cnam" in verifier_probleme(refus, 409, "validation-incomplete")["detail"]
    nouveau = await arreter(cnam)
    assert nouveau["id"] != scelle["id"]
    assert nouveau["contenu"]["criteres"][4]["freins_ouverts"] == 1


async def test_on_arrete_tant_que_la_preserie_est_ouverte(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    arrete = await arreter(cnam)
    for statut in ("preparation", "cloturee", "abandonnee"):
        with cas(statut):
            await mettre(proprietaire, statut=statut)
            verifier_probleme(await cnam.appeler("POST", ARRETES), 409, "etape-refusee")
            chemin = f"/bilan/arretes/{arrete['id']}/approbations"
            corps = {"sens": "approuve", "motif": None}
            verifier_probleme(await cnam.appeler("POST", chemin, json=corps), 409, "etape-refusee")
    await mettre(proprietaire, statut="validee")
    assert (await cnam.appeler("POST", ARRETES)).status_code == 201


async def test_un_arrete_qui_n_existe_pas(cnam: Service) -> None:
    for identifiant in ("inconnu", "00000000-0000-4000-8000-000000000000", "é"):
        for suite in ("", "/rectification"):
            reponse = await cnam.appeler("GET", f"/bilan/arretes/{identifiant}{suite}")
            verifier_probleme(reponse, 404, "introuvable")


async def test_ce_qui_arrive_ensuite_est_une_rectification(cnam: Service) -> None:
    arrete = await arreter(cnam)
    chemin = f"/bilan/arretes/{arrete['id']}"
    intact = await cnam.lire(f"{chemin}/rectification")
    assert (intact["traces_recues_depuis"], intact["ecarts"]) == (0, [])
    assert (intact["arrete"], intact["au"]) == (arrete["id"], arrete["contenu"]["au"])
    tardives = [echec(), echec(), trace()]
    await cnam.poster([*tardives, tardives[0]])
    rectifie = await cnam.lire(f"{chemin}/rectification")
    assert rectifie["traces_recues_depuis"] == 3
    ecarts = {ecart["champ"]: (ecart["arrete"], ecart["actuel"]) for ecart in rectifie["ecarts"]}
    assert ecarts["traces.enregistrees"] == (7, 10)
    assert ecarts["traces.doublons"] == (0, 1)
    assert ecarts["executions.total"] == (6, 9)
    assert ecarts["executions.enregistrees"] == (6, 7)
    assert ecarts["criteres.enregistrement.etat"] == ("atteint", "non_atteint")
    assert ecarts["verdict"] == ("favorable", "defavorable")
    assert not [champ for champ in ecarts if champ.rpartition(".")[2] in ("explication", "lien", "derniere_le", "au")]
    assert await cnam.lire(chemin) == arrete


async def test_la_base_refuse_de_changer_un_arrete(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await approuver(cnam, await arreter(cnam))
    for table in ("arrete", "approbation"):
        for ordre in ("UPDATE {} SET signature = ''", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with cas((ordre, table)), pytest.raises(asyncpg.InsufficientPrivilegeError):
                await proprietaire.execute(ordre.format(table))


async def test_les_cles_publiques_se_lisent_sans_cle(service: Service, cnam: Service, reglages: Reglages) -> None:
    arrete = await arreter(cnam)
    reponse = await service.appeler("GET", "/.well-known/jwks.json")
    assert reponse.headers["cache-control"] == "public, max-age=3600"
    (cle,) = reponse.json()["keys"]
    assert cle["kid"] == arrete["cle"]
    assert reponse.json() == create_app(reglages).state.signataire.jwks()
    assert json.loads(reponse.content) == {"keys": [{**cle, "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA"}]}
