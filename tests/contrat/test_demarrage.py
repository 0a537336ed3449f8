"""A présérie starts once all that it needs stands; from then on what it is judged on is fixed."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from app.acces.roles import Role
from tests.contrat.aides import etat_dit, inscrire_rival, mettre, pilote, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service

_LOGICIEL: Corps = {
    "editeur": "ortho-soft",
    "module": "mon-ortho",
    "nom": "Ortho Plus",
    "sesam_vitale": True,
    "autorisation_cnda": {"numero": "ON-2026-0117", "date": "2026-09-02"},
}
_SERIE: Corps = {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33", "38"], "fin_prevue_le": None}


async def _mettre(service: Service, chemin: str, corps: Corps) -> None:
    reponse = await service.appeler("PUT", chemin, json=corps)
    assert reponse.status_code in (200, 201), reponse.text


async def _demarrer(service: Service, preserie: str) -> tuple[int, list[str]]:
    """The status of a start, and what is missing for it."""
    reponse = await service.appeler("POST", f"/preseries/{preserie}/demarrage")
    if reponse.status_code == 409:
        probleme = verifier_probleme(reponse, 409, "demarrage-incomplet")
        assert all(manque in probleme["detail"] for manque in probleme["manquants"])
        return 409, probleme["manquants"]
    return reponse.status_code, []


async def test_un_demarrage_dit_tout_ce_qui_manque(cnam: Service) -> None:
    await _mettre(cnam, "/logiciels/neuf", _LOGICIEL | {"autorisation_cnda": None})
    await _mettre(cnam, "/preseries/neuve", _SERIE | {"logiciel": "neuf"})
    assert (await _demarrer(cnam, "neuve"))[0] == 409
    assert len((await _demarrer(cnam, "neuve"))[1]) == 4
    apports = [
        ("/logiciels/neuf", _LOGICIEL),
        ("/preseries/neuve/jalons/support", {"le": "2026-09-12"}),
        ("/preseries/neuve/jalons/kit_accompagnement", {"le": "2026-09-14"}),
        (f"/preseries/neuve/pilotes/{PILOTES[0]}", pilote(retire_le="2026-10-01")),
    ]
    for rang, (chemin, corps) in enumerate(apports):
        await _mettre(cnam, chemin, corps)
        attendus = max(4 - rang - 1, 1)  # a pilote who has left is none
        assert len((await _demarrer(cnam, "neuve"))[1]) == attendus
    assert (await cnam.lire("/preseries/neuve"))["statut"] == "preparation"
    await _mettre(cnam, f"/preseries/neuve/pilotes/{PILOTES[0]}", pilote())
    assert await _demarrer(cnam, "neuve") == (200, [])
    assert (await cnam.lire("/preseries/neuve"))["statut"] == "en_cours"


async def test_demarrer_deux_fois_ne_change_rien(cnam: Service) -> None:
    avant = await cnam.lire(f"/preseries/{PRESERIE}")
    for _ in range(2):
        reponse = await cnam.appeler("POST", f"/preseries/{PRESERIE}/demarrage", json={})
        assert reponse.status_code == 200
        assert reponse.json() == avant
    assert datetime.now(UTC) - datetime.fromisoformat(avant["demarree_le"]) < timedelta(minutes=1)


@pytest.mark.parametrize("statut", ["validee", "cloturee", "abandonnee"])
async def test_une_preserie_menee_ne_redemarre_pas(
    cnam: Service, proprietaire: asyncpg.Connection, statut: str
) -> None:
    await mettre(proprietaire, statut=statut)
    verifier_probleme(await cnam.appeler("POST", f"/preseries/{PRESERIE}/demarrage"), 409)
    assert (await cnam.lire(f"/preseries/{PRESERIE}"))["statut"] == statut


async def test_un_pilote_n_est_que_dans_une_preserie_ouverte_du_logiciel(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await _mettre(cnam, "/preseries/neuve", _SERIE)
    for jalon in ("support", "kit_accompagnement"):
        await _mettre(cnam, f"/preseries/neuve/jalons/{jalon}", {"le": "2026-09-12"})
    await _mettre(cnam, f"/preseries/neuve/pilotes/{PILOTES[0]}", pilote())
    verifier_probleme(await cnam.appeler("POST", "/preseries/neuve/demarrage"), 409, "conflit")
    await mettre(proprietaire, statut="validee", traces_actives=False)
    await etat_dit(cnam, "desactivees")
    assert (await cnam.appeler("POST", "/preseries/neuve/demarrage")).status_code == 200
    autre = f"/preseries/neuve/pilotes/{PILOTES[1]}"
    assert (await cnam.appeler("PUT", autre, json=pilote(cpam="38"))).status_code == 201
    await mettre(proprietaire, statut="validee", traces_actives=True)
    verifier_probleme(await cnam.appeler("PUT", autre, json=pilote(cpam="33")), 409, "conflit")


async def test_apres_le_depart_l_editeur_et_le_module_sont_fixes(cnam: Service) -> None:
    await inscrire_rival(cnam, demarrer=False)
    await _mettre(cnam, "/modules/autre", {"editeur": "ortho-soft", "nom": "x"})
    for chemin, corps in (
        ("/logiciels/ortho-plus", _LOGICIEL | {"editeur": "rival"}),
        ("/logiciels/ortho-plus", _LOGICIEL | {"module": "autre"}),
        ("/modules/mon-ortho", {"editeur": "rival", "nom": "Module"}),
        (f"/preseries/{PRESERIE}", _SERIE | {"logiciel": "rival-plus"}),
    ):
        verifier_probleme(await cnam.appeler("PUT", chemin, json=corps), 409, "conflit")
    for chemin, corps in (
        ("/logiciels/ortho-plus", _LOGICIEL | {"nom": "Autre nom", "sesam_vitale": False}),
        ("/modules/mon-ortho", {"editeur": "ortho-soft", "nom": "Autre nom"}),
        (f"/preseries/{PRESERIE}", _SERIE | {"fin_prevue_le": "2027-01-01"}),
        ("/logiciels/rival-plus", _LOGICIEL | {"nom": "Rival"}),
        ("/modules/rival-ordo", {"editeur": "ortho-soft", "nom": "x"}),
    ):
        await _mettre(cnam, chemin, corps)


async def test_apres_le_depart_seule_la_cnam_change_la_phase_2(cnam: Service) -> None:
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    chemin = f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}"
    lu = await cnam.lire(chemin)
    corps = {champ: valeur for champ, valeur in lu.items() if champ != "numero_am"}
    for phase_2_le in ("2026-10-18", None):
        reponse = await editeur.appeler("PUT", chemin, json=corps | {"phase_2_le": phase_2_le})
        verifier_probleme(reponse, 403)
    assert await cnam.lire(chemin) == lu
    await _mettre(editeur, chemin, corps | {"forme_le": "2026-10-11"})
    await _mettre(cnam, chemin, corps | {"phase_2_le": "2026-10-18"})
    neuf = f"/preseries/{PRESERIE}/pilotes/2A1234567"
    verifier_probleme(await editeur.appeler("PUT", neuf, json=pilote(phase_2_le="2026-12-01")), 403)
    await _mettre(editeur, neuf, pilote(installe_le=None, installation_prevue_le="2026-12-01"))


async def test_avant_le_depart_l_editeur_dit_la_phase_2(cnam: Service) -> None:
    await _mettre(cnam, "/preseries/neuve", _SERIE)
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    chemin = "/preseries/neuve/pilotes/2A1234567"
    for phase_2_le in ("2026-12-01", "2026-12-02", None):
        await _mettre(editeur, chemin, pilote(phase_2_le=phase_2_le))
    assert (await cnam.lire(chemin))["phase_2_le"] is None


async def test_une_prolongation_releve_le_maximum_du_logiciel(cnam: Service) -> None:
    """At most so many pilotes per logiciel: what one of its préséries was granted, the next one is not refused for."""
    await _mettre(cnam, "/preseries/neuve", _SERIE)
    sien = {"installe_le": None, "installation_prevue_le": None}
    await _mettre(cnam, f"/preseries/neuve/pilotes/{PILOTES[0]}", pilote(**sien))
    chemin = f"/preseries/{PRESERIE}/pilotes/33999999"
    for numero in (1, 2):
        reponse = await cnam.appeler("PUT", f"{chemin}{numero}", json=pilote(**sien))
        assert reponse.status_code == (201 if numero == 1 else 409)
    plus: Corps = {"sens": "prolongation", "motif": "À étendre.", "pilotes_max": 8}
    assert (await cnam.appeler("POST", f"/preseries/{PRESERIE}/decision", json=plus)).status_code == 200
    await _mettre(cnam, f"{chemin}2", pilote(**sien))
    await _mettre(cnam, "/preseries/neuve/pilotes/339999993", pilote(**sien))
    refus = await cnam.appeler("PUT", "/preseries/neuve/pilotes/339999994", json=pilote(**sien))
    assert verifier_probleme(refus, 409, "modalite-non-respectee")["modalite"] == "pilotes_max"
    lues = {m["code"]: m for m in (await cnam.lire("/bilan/preseries/neuve"))["modalites"]}
    assert lues["pilotes_max"]["etat"] == "respectee"
    assert "8 pilotes" in lues["pilotes_max"]["explication"]


async def test_partir_n_est_jamais_refuse(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """Somebody planned first, who leaves before any installation, moves the first week: that is a fact all the same."""
    await mettre(proprietaire, statut="abandonnee")
    await _mettre(cnam, "/preseries/neuve", _SERIE)
    jours = ("2026-10-01", "2026-10-08", "2026-10-09", "2026-10-10", "2026-10-14")
    for rang, prevue_le in enumerate(jours):
        corps = pilote(installe_le=None, installation_prevue_le=prevue_le)
        await _mettre(cnam, f"/preseries/neuve/pilotes/33999999{rang}", corps)
    premier = pilote(installe_le=None, installation_prevue_le="2026-10-01")
    chemin = "/preseries/neuve/pilotes/339999990"
    deplace = await cnam.appeler("PUT", chemin, json=premier | {"installation_prevue_le": "2026-10-30"})
    verifier_probleme(deplace, 409, "modalite-non-respectee")
    await _mettre(cnam, chemin, premier | {"retire_le": "2026-10-02"})
    lues = {m["code"]: m["etat"] for m in (await cnam.lire("/bilan/preseries/neuve"))["modalites"]}
    assert lues["premiere_semaine"] == "non_respectee"


async def test_une_fois_validee_seule_la_cnam_change_les_pilotes(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    await mettre(proprietaire, statut="validee")
    chemin = f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}"
    lu = await cnam.lire(chemin)
    corps = {champ: valeur for champ, valeur in lu.items() if champ != "numero_am"}
    verifier_probleme(await editeur.appeler("PUT", chemin, json=corps | {"accord_le": "2026-09-01"}), 403)
    await _mettre(editeur, chemin, corps)
    await _mettre(cnam, chemin, corps | {"accord_le": "2026-09-01"})


async def test_rouvrir_une_preserie_juge_a_nouveau_ce_qui_lie(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """Traces switched on again make it open: others of its logiciel may have filled up meanwhile."""
    await mettre(proprietaire, statut="validee", traces_actives=False)
    await _mettre(cnam, "/preseries/neuve", _SERIE)
    for jalon in ("support", "kit_accompagnement"):
        await _mettre(cnam, f"/preseries/neuve/jalons/{jalon}", {"le": "2026-09-12"})
    for rang in range(3):
        await _mettre(cnam, f"/preseries/neuve/pilotes/33999999{rang}", pilote())
    assert await _demarrer(cnam, "neuve") == (200, [])
    rouvrir = await cnam.appeler("PUT", f"/preseries/{PRESERIE}/traces-postes", json={"actives": True})
    assert verifier_probleme(rouvrir, 409, "modalite-non-respectee")["modalite"] == "pilotes_max"
    assert (await cnam.lire(f"/preseries/{PRESERIE}"))["traces_postes"] == "desactivees"


async def test_le_bilan_d_une_preserie_terminee_ne_compte_pas_les_suivantes(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await mettre(proprietaire, statut="cloturee", traces_actives=False)
    avant = (await cnam.lire(f"/bilan/preseries/{PRESERIE}"))["modalites"]
    await _mettre(cnam, "/preseries/neuve", _SERIE)
    for jalon in ("support", "kit_accompagnement"):
        await _mettre(cnam, f"/preseries/neuve/jalons/{jalon}", {"le": "2026-09-12"})
    for rang in range(3):
        await _mettre(cnam, f"/preseries/neuve/pilotes/33999999{rang}", pilote())
    assert await _demarrer(cnam, "neuve") == (200, [])
    assert (await cnam.lire(f"/bilan/preseries/{PRESERIE}"))["modalites"] == avant
