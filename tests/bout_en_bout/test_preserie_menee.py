"""A présérie from its first registration to its end, over HTTP, in the order and the words of the source."""

from typing import Any

import httpx

from app.acces.roles import Role
from tests.arretes.aides import approuver, arreter
from tests.bout_en_bout.aides import Partie
from tests.contrat.aides import etat_dit, verifier_probleme
from tests.outils import Corps, Service, trace

SERIE = "ortho-plus-lpp"
SIX = tuple(f"33999990{n}" for n in range(6))
SEPTIEME = "339999906"
LOGICIEL: Corps = {"editeur": "ortho-soft", "module": "mon-ortho", "nom": "Ortho Plus", "sesam_vitale": True}
CNDA: Corps = {"autorisation_cnda": {"numero": "ON-2026-0117", "date": "2026-09-02"}}
PRESERIE: Corps = {
    "logiciel": "ortho-plus",
    "categorie_ps": "lpp",
    "cpam": ["33", "38"],
    "fin_prevue_le": "2026-11-23",
}


def volontaire(installation_prevue_le: str, **champs: Any) -> Corps:
    """A pilote of the Gironde who has agreed, its equipment checked, its installation planned."""
    return {
        "cpam": "33",
        "sesam_vitale": False,
        "accord_le": "2026-09-22",
        "equipement_verifie": True,
        "forme_le": None,
        "installation_prevue_le": installation_prevue_le,
        "installe_le": None,
        "phase_2_le": None,
        "retire_le": None,
    } | champs


async def test_une_preserie_de_son_inscription_a_son_abandon(service: Service) -> None:
    cnam = Partie(await service.en(Role.CNAM), SERIE)
    editeur = Partie(await service.en(Role.EDITEUR, editeur="ortho-soft"), SERIE)
    poste = await service.en(Role.POSTE, editeur="ortho-soft")

    # « Dans 1 à 3 CPAM, sur libre choix de l'éditeur, dans les CPAM référentes »
    await cnam.inscrit("/editeurs/ortho-soft", {"raison_sociale": "Ortho Soft", "solution_sesam_vitale": True})
    await cnam.inscrit("/modules/mon-ortho", {"editeur": "ortho-soft", "nom": "Module"})
    await cnam.inscrit("/logiciels/ortho-plus", LOGICIEL | {"autorisation_cnda": None})
    for cpam, mots in (
        (["75"], ("CPAM 75", "33 Gironde", "94 Val-de-Marne")),
        (["33", "38", "44", "49"], ("4 CPAM", "3")),
        ([], ("0 CPAM", "1")),
    ):
        probleme = await cnam.se_voit_refuser(
            "PUT", f"/preseries/{SERIE}", PRESERIE | {"cpam": cpam}, code="modalite-non-respectee", mots=mots
        )
        assert probleme["modalite"] == "cpam"
    await cnam.inscrit(f"/preseries/{SERIE}", PRESERIE)

    # « L'éditeur communique les n° de facturation […] : minimum 3 PS (maximum 6) par solution logicielle »
    for numero, le in zip(SIX, ("12", "13", "14", "22", "23", "24"), strict=True):
        await editeur.engage(numero, volontaire(f"2026-10-{le}"))
    await editeur.ne_peut_engager(SEPTIEME, volontaire("2026-10-30"), "pilotes_max", "7 pilotes", "6 au plus")
    await editeur.ne_peut_engager(SIX[5], volontaire("2026-10-24", cpam="44"), "pilotes_cpam", "CPAM 44", "33")

    # « démarrage progressif : 3 installations maximum en première semaine »
    await editeur.ne_peut_engager(
        SIX[3], volontaire("2026-10-18"), "premiere_semaine", "4 installations", "du 12/10/2026 au 18/10/2026"
    )
    await editeur.ne_peut_engager(  # the window moves with an earlier installation, entered later
        SIX[5], volontaire("2026-10-11"), "premiere_semaine", "du 11/10/2026 au 17/10/2026", "18/10/2026"
    )
    await editeur.inscrit(f"/preseries/{SERIE}/pilotes/{SIX[3]}", volontaire("2026-10-19"), 200)

    # « Pré requis : logiciel autorisé […], support […] mis en place, kit d'accompagnement »
    refus = await cnam.ne_peut("POST", "demarrage", None, "demarrage-incomplet", "CNDA", "support", "kit")
    assert len(refus["manquants"]) == 3
    await cnam.inscrit("/logiciels/ortho-plus", LOGICIEL | CNDA, 200)
    await cnam.date(support="2026-09-12", kit_accompagnement="2026-09-14")
    verifier_probleme(await poste.poster(_execution(1)), 409, "preserie-non-ouverte")
    await cnam.ne_peut("POST", "cloture", None, "etape-refusee", "en préparation", "demarrage")
    assert (await cnam.fait("POST", "demarrage"))["statut"] == "en_cours"

    # « une réunion de lancement est organisée », « la Cnam en informe les CPAM »
    await cnam.date(information_cpam="2026-09-30", reunion_lancement="2026-10-07")

    # « à compter de la date d'envoi des premières ordonnances numériques »
    assert (await cnam.bilan())["debut_le"] is None
    for rang in (2, 1):
        assert (await poste.poster(_execution(rang))).status_code == 201
    assert (await cnam.bilan())["debut_le"] == "2026-10-20T08:00:01Z"

    await _ce_que_le_demarrage_fige(cnam, editeur)
    await _decider(cnam, editeur)
    await _apres_l_abandon(cnam, editeur, poste)


def _execution(numero: int, **champs: Any) -> Corps:
    return trace(
        numero_am=SIX[0], emise_le=f"2026-10-20T10:00:0{numero}+02:00", ordonnance=f"SCENARIO{numero:08d}", **champs
    )


async def _ce_que_le_demarrage_fige(cnam: Partie, editeur: Partie) -> None:
    """The éditeur is judged: what it is judged on is not its own to change."""
    verifier_probleme(
        await editeur.service.appeler(
            "PUT", f"/preseries/{SERIE}/pilotes/{SIX[0]}", json=volontaire("2026-10-12", phase_2_le="2026-10-15")
        ),
        403,
        "role-insuffisant",
    )
    await cnam.inscrit(f"/preseries/{SERIE}/pilotes/{SIX[0]}", volontaire("2026-10-12", phase_2_le="2026-10-15"), 200)
    await cnam.inscrit("/editeurs/autre", {"raison_sociale": "Autre", "solution_sesam_vitale": False})
    await cnam.se_voit_refuser(
        "PUT",
        "/logiciels/ortho-plus",
        LOGICIEL | CNDA | {"editeur": "autre"},
        code="conflit",
        mots=("ne changent",),
    )
    verifier_probleme(await editeur.service.appeler("POST", f"/preseries/{SERIE}/demarrage"), 403)


async def _decider(cnam: Partie, editeur: Partie) -> None:
    # « Le passage à l'étape de déploiement […] est conditionné par les résultats d'un bilan »
    validation = {"sens": "validation", "motif": "Au vu du bilan."}
    refus = await cnam.ne_peut("POST", "decision", validation, "validation-incomplete", "critère anomalies", "approuvé")
    # two criteria are met by the two executions; the others are named, and the bilan that both sides approve
    for manque, mot in zip(refus["manquants"], ("anomalies", "prerequis", "satisfaction", "approuvé"), strict=True):
        assert mot in manque
    arrete = await arreter(editeur.service)
    await approuver(cnam.service, arrete)
    await approuver(editeur.service, arrete)
    refus = await cnam.ne_peut("POST", "decision", validation, "validation-incomplete", "n'a pas un verdict favorable")
    assert [manque.partition("critère ")[2].partition(")")[0] for manque in refus["manquants"]] == [
        *("anomalies", "prerequis", "satisfaction"),
        "",
    ]
    await cnam.ne_peut("PUT", "traces-postes", {"actives": False}, "etape-refusee", "en cours")

    # « la présérie peut être prolongée et / ou étendue à d'autres professionnels »
    prolongation: Corps = {"sens": "prolongation", "motif": "L'arrêt de l'envoi par SCOR est corrigé."}
    for termes, mot in (
        ({}, "ne change rien"),
        ({"fin_prevue_le": "2026-11-22"}, "23/11/2026"),
        ({"pilotes_max": 5}, "6 pilotes"),
    ):
        await cnam.ne_peut("POST", "decision", prolongation | termes, "conflit", mot)
    verifier_probleme(await editeur.service.appeler("POST", f"/preseries/{SERIE}/decision", json=prolongation), 403)
    etendue = prolongation | {"pilotes_max": 7, "fin_prevue_le": "2026-12-14", "observee_depuis": "2026-10-21"}
    vue = (await cnam.service.appeler("GET", f"/preseries/{SERIE}")).headers["etag"]
    assert (await _decider_en_ayant_lu(cnam, vue, etendue)).status_code == 200
    verifier_probleme(await _decider_en_ayant_lu(cnam, vue, prolongation | {"pilotes_max": 8}), 412, "version-depassee")
    etendu = await cnam.fait("POST", "decision", etendue)  # a lost answer, sent again: it is taken once
    (seule,) = (await editeur.lit("/decision"))["elements"]
    assert (seule["sens"], seule["pilotes_max"]) == ("prolongation", 7)
    await editeur.engage(SEPTIEME, volontaire("2026-10-30"))
    assert etendu["bilan_arrete_le"] is None
    await cnam.ne_peut("POST", "decision", validation, "validation-incomplete", "depuis la dernière prolongation")
    bilan = await cnam.bilan()
    assert bilan["statut"] == "en_cours"
    assert (bilan["executions"]["total"], bilan["ensemble"]["executions"]["total"]) == (0, 2)


async def _decider_en_ayant_lu(cnam: Partie, etag: str, corps: Corps) -> httpx.Response:
    return await cnam.service.appeler("POST", f"/preseries/{SERIE}/decision", json=corps, headers={"If-Match": etag})


async def _apres_l_abandon(cnam: Partie, editeur: Partie, poste: Service) -> None:
    abandon: Corps = {"sens": "abandon", "motif": "L'éditeur reprend son module."}
    chemin = f"/preseries/{SERIE}/decision"
    verifier_probleme(await cnam.service.appeler("POST", chemin, json=abandon | {"pilotes_max": 9}), 422)
    assert (await cnam.fait("POST", "decision", abandon))["statut"] == "abandonnee"
    for methode, suite, corps in (
        ("POST", "demarrage", None),
        ("POST", "decision", {"sens": "prolongation", "motif": "Non.", "pilotes_max": 9}),
        ("POST", "cloture", None),
        ("PUT", "traces-postes", {"actives": True}),
        ("PUT", f"pilotes/{SIX[1]}", volontaire("2026-10-13", forme_le="2026-10-12")),
        ("PUT", "jalons/support", {"le": "2026-09-13"}),
    ):
        await cnam.ne_peut(methode, suite, corps, "etape-refusee")
    await editeur.inscrit(f"/preseries/{SERIE}/pilotes/{SIX[1]}", volontaire("2026-10-13"), 200)  # as it stands
    await etat_dit(poste, "inactives", SIX[0])
    verifier_probleme(await poste.poster(_execution(3)), 409, "preserie-non-ouverte")
    assert (await cnam.bilan())["ensemble"]["executions"]["total"] == 2
