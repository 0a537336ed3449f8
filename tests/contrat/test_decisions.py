"""POST /preseries/{code}/decision: what prolongs, what does not, and what every decision leaves behind."""

import asyncpg
import pytest

from app.acces.roles import Role
from tests.contrat.aides import NIR, cas, mettre, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service

CHEMIN = f"/preseries/{PRESERIE}/decision"
MOTIF = "Corrigé en version 4.2.2."


async def _decider(service: Service, **corps: object) -> Corps:
    reponse = await service.appeler("POST", CHEMIN, json={"sens": "prolongation", "motif": MOTIF} | corps)
    assert reponse.status_code == 200, reponse.text
    lue: Corps = reponse.json()
    return lue


async def test_une_prolongation_change_ce_qu_elle_dit_et_garde_le_reste(cnam: Service) -> None:
    presente = await cnam.lire(f"/preseries/{PRESERIE}")
    for termes in ({"pilotes_max": 8}, {"fin_prevue_le": "2026-12-14"}, {"observee_depuis": "2026-11-24"}):
        presente |= termes
        assert await _decider(cnam, **termes) == presente
    assert await _decider(cnam, observee_depuis="2026-11-20", pilotes_max=8) == presente | {
        "observee_depuis": "2026-11-20"
    }


async def test_les_decisions_se_lisent_la_derniere_d_abord(cnam: Service) -> None:
    await _decider(cnam, pilotes_max=8)
    await _decider(cnam, pilotes_max=9, motif="Encore un.")
    for _ in range(2):  # the second time, nothing is decided
        await _decider(cnam, sens="abandon", motif="Assez.")
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    prises = (await editeur.lire(CHEMIN))["elements"]
    assert [(p["sens"], p["motif"], p["pilotes_max"]) for p in prises] == [
        ("abandon", "Assez.", None),
        ("prolongation", "Encore un.", 9),
        ("prolongation", MOTIF, 8),
    ]
    assert len({p["cle"] for p in prises}) == 1


async def test_une_prolongation_qui_n_en_est_pas_une(cnam: Service) -> None:
    fin = (await cnam.lire(f"/preseries/{PRESERIE}"))["fin_prevue_le"]
    for termes in ({}, {"pilotes_max": 6}, {"pilotes_max": 5}, {"fin_prevue_le": fin}, {"fin_prevue_le": "2026-11-01"}):
        with cas(termes):
            corps = {"sens": "prolongation", "motif": MOTIF} | termes
            verifier_probleme(await cnam.appeler("POST", CHEMIN, json=corps), 409, "conflit")
    assert (await cnam.lire(CHEMIN))["elements"] == []


@pytest.mark.parametrize("sens", ["validation", "abandon"])
async def test_les_termes_sont_ceux_d_une_prolongation(cnam: Service, sens: str) -> None:
    corps = {"sens": sens, "motif": MOTIF, "pilotes_max": 8}
    probleme = verifier_probleme(await cnam.appeler("POST", CHEMIN, json=corps), 422, "corps-invalide")
    assert probleme["erreurs"][0]["champ"] == "sens"


async def test_un_motif_se_donne_et_ne_dit_rien_d_un_patient(cnam: Service) -> None:
    for motif in ("", "   ", None, f"Patient {NIR}.", f"Le pilote nº{PILOTES[0]}.", "a\x00b", "x" * 2001, 3):
        with cas(motif):
            abandon: Corps = {"sens": "abandon", "motif": motif}
            probleme = verifier_probleme(await cnam.appeler("POST", CHEMIN, json=abandon), 422, "corps-invalide")
            assert [faute["champ"] for faute in probleme["erreurs"]] == ["motif"]
            assert NIR not in str(probleme)
            assert PILOTES[0] not in str(probleme)
    for corps in ({"sens": "abandon"}, {"motif": MOTIF}, {"sens": "autre", "motif": MOTIF}):
        verifier_probleme(await cnam.appeler("POST", CHEMIN, json=corps), 422)
    assert (await cnam.lire(f"/preseries/{PRESERIE}"))["statut"] == "en_cours"


async def test_une_validation_nomme_chaque_critere_qui_manque(cnam: Service) -> None:
    corps = {"sens": "validation", "motif": MOTIF}
    probleme = verifier_probleme(await cnam.appeler("POST", CHEMIN, json=corps), 409, "validation-incomplete")
    bilan = await cnam.lire(f"/bilan/preseries/{PRESERIE}")
    manquent = [critere["code"] for critere in bilan["criteres"] if critere["etat"] != "atteint"]
    assert len(manquent) == 5
    *criteres, arrete = probleme["manquants"]
    assert all(f"critère {code}" in manque for code, manque in zip(manquent, criteres, strict=True))
    assert "arrêté" in arrete


async def test_une_preserie_menee_ne_se_decide_plus(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    for statut in ("validee", "cloturee", "abandonnee"):
        await mettre(proprietaire, statut=statut)
        for sens in ("prolongation", "validation", "abandon"):
            with cas((statut, sens)):
                corps = {"sens": sens, "motif": MOTIF}
                verifier_probleme(await cnam.appeler("POST", CHEMIN, json=corps), 409, "etape-refusee")


async def test_la_base_refuse_de_changer_une_decision(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await _decider(cnam, pilotes_max=8)
    for ordre in ("UPDATE decision SET motif = 'autre'", "DELETE FROM decision", "TRUNCATE decision"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await proprietaire.execute(ordre)


async def test_un_registre_rejoue_ne_defait_pas_une_prolongation(cnam: Service) -> None:
    prolongee = await _decider(cnam, fin_prevue_le="2026-12-14", pilotes_max=8)
    await cnam.inscrire()
    assert await cnam.lire(f"/preseries/{PRESERIE}") == prolongee
    assert await _decider(cnam, fin_prevue_le="2026-12-14", pilotes_max=8) == prolongee
    lue = await cnam.lire(f"/preseries/{PRESERIE}")
    corps = {champ: lue[champ] for champ in ("logiciel", "categorie_ps", "cpam")}
    reponse = await cnam.appeler("PUT", f"/preseries/{PRESERIE}", json=corps | {"fin_prevue_le": "2027-01-15"})
    assert reponse.json()["fin_prevue_le"] == "2027-01-15"
