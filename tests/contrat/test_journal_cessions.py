"""What passes from one éditeur to another: each is told its own half, and nothing of the other's."""

from app.acces.roles import Role
from tests.contrat.aides import inscrire_rival
from tests.outils import Corps, Service

MODULE: Corps = {"editeur": "ortho-soft", "nom": "Nom secret"}
LOGICIEL: Corps = {
    "editeur": "ortho-soft",
    "module": "secret",
    "nom": "Nom secret",
    "sesam_vitale": False,
    "autorisation_cnda": {"numero": "SECRET-1", "date": "2026-09-02"},
}


async def test_un_objet_cede_se_dit_a_chacun_par_sa_moitie(cnam: Service) -> None:
    await inscrire_rival(cnam, demarrer=False)
    appels = [
        ("/modules/secret", MODULE),
        ("/logiciels/secret-plus", LOGICIEL),
        ("/preseries/secrete", {"logiciel": "secret-plus", "categorie_ps": "lpp", "cpam": ["33"]}),
        ("/preseries/secrete", {"logiciel": "rival-plus", "categorie_ps": "lpp", "cpam": ["33"]}),
        ("/logiciels/secret-plus", LOGICIEL | {"editeur": "rival", "module": "rival-ordo", "nom": "Autre"}),
        ("/modules/secret", MODULE | {"editeur": "rival", "nom": "Autre"}),
    ]
    for chemin, corps in appels:
        assert (await cnam.appeler("PUT", chemin, json=corps)).status_code in (200, 201)
    rival = await (await cnam.en(Role.EDITEUR, editeur="rival")).lire("/journal?limite=1000")
    ancien = await (await cnam.en(Role.EDITEUR, editeur="ortho-soft")).lire("/journal?limite=1000")
    assert "ecret-plus" not in str([e for e in rival["elements"] if e["objet"] == "preserie"])
    assert "Nom secret" not in str(rival)
    reprises = [(e["objet"], e["avant"]) for e in rival["elements"] if e["action"] == "reprise"]
    assert reprises == [("module", None), ("logiciel", None), ("preserie", None)]
    cessions = [(e["objet"], e["apres"]) for e in ancien["elements"] if e["action"] == "cession"]
    assert cessions == [("module", None), ("logiciel", None), ("preserie", None)]
