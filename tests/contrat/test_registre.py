"""The registry: PUT creates then replaces, GET gives back what was put, lists are walked by cursor."""

from app.acces.roles import Role
from tests.contrat.aides import cas, pilote, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service, registre_exemple

_MINIMAL = {"accord_le": "2026-10-01", "cpam": "38", "sesam_vitale": False, "equipement_verifie": False}


async def test_tout_un_registre_se_rejoue(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    for attendu in (201, 200):
        for methode, chemin, corps in registre_exemple():
            reponse = await cnam.appeler(methode, chemin, json=corps)
            assert reponse.status_code == (attendu if methode == "PUT" else 200), chemin


async def test_un_get_rend_ce_qui_fut_mis(cnam: Service) -> None:
    for methode, chemin, corps in registre_exemple():
        if methode == "PUT":
            lu = await cnam.lire(chemin)
            assert {champ: lu[champ] for champ in corps} == corps, chemin
            assert chemin.rsplit("/", 1)[1] in (lu.get("code"), lu.get("numero_am"))


async def test_une_preserie_dit_ou_elle_en_est(cnam: Service) -> None:
    lue = await cnam.lire(f"/preseries/{PRESERIE}")
    assert (lue["statut"], lue["traces_postes"], lue["observee_depuis"]) == ("en_cours", "actives", None)
    assert lue["demarree_le"] is not None
    assert lue["jalons"] == {
        "support": "2026-09-12",
        "kit_accompagnement": "2026-09-14",
        "information_cpam": "2026-09-30",
        "reunion_lancement": "2026-10-07",
    }


CHANGES: list[tuple[str, Corps, Corps]] = [
    (
        "/editeurs/neuf",
        {"raison_sociale": "Neuf", "solution_sesam_vitale": True},
        {"raison_sociale": "Ne'uf \U0001f600", "solution_sesam_vitale": False},
    ),
    ("/modules/neuf", {"editeur": "ortho-soft", "nom": "a"}, {"editeur": "ortho-soft", "nom": "é" * 200}),
    (
        "/logiciels/neuf",
        {
            "editeur": "ortho-soft",
            "module": "mon-ortho",
            "nom": "a",
            "sesam_vitale": False,
            "autorisation_cnda": {"numero": "ON-2", "date": "2026-01-31"},
        },
        {"editeur": "ortho-soft", "module": "mon-ortho", "nom": "b", "sesam_vitale": True, "autorisation_cnda": None},
    ),
    (
        "/preseries/neuve",
        {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33"], "fin_prevue_le": "2027-01-01"},
        {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["38", "44", "05"], "fin_prevue_le": None},
    ),
    (f"/preseries/{PRESERIE}/jalons/reunion_deploiement", {"le": "2026-12-01"}, {"le": "2026-12-02"}),
    (
        f"/preseries/{PRESERIE}/pilotes/2A1234567",
        _MINIMAL | dict.fromkeys(("forme_le", "installation_prevue_le", "installe_le", "phase_2_le", "retire_le")),
        pilote(cpam="38", phase_2_le="2026-12-24", installe_le=None, installation_prevue_le=None),
    ),
]


async def test_un_put_cree_puis_remplace_tout(cnam: Service) -> None:
    for chemin, avant, apres in CHANGES:
        for statut, corps in ((201, avant), (200, apres), (200, apres)):
            with cas((chemin, corps)):
                reponse = await cnam.appeler("PUT", chemin, json=corps)
                assert reponse.status_code == statut, reponse.text
                lu = await cnam.lire(chemin)
                assert {champ: lu[champ] for champ in corps} == corps
                assert reponse.json() == lu


async def test_ce_qui_peut_manquer_vaut_rien(cnam: Service) -> None:
    chemin = f"/preseries/{PRESERIE}/pilotes/2A1234567"
    assert (await cnam.appeler("PUT", chemin, json=_MINIMAL)).status_code == 201
    lu = await cnam.lire(chemin)
    assert {c for c, valeur in lu.items() if valeur is None} == {
        *("forme_le", "installation_prevue_le", "installe_le", "phase_2_le", "retire_le")
    }


async def _tout(service: Service, chemin: str, limite: int) -> list[Corps]:
    elements: list[Corps] = []
    suivant: str | None = ""
    while suivant is not None:
        page = await service.lire(f"{chemin}?limite={limite}" + (f"&apres={suivant}" if suivant else ""))
        assert set(page) == {"elements", "suivant"}
        assert 0 < len(page["elements"]) <= limite
        elements += page["elements"]
        suivant = page["suivant"]
    return elements


async def test_les_listes_se_parcourent_par_curseur(cnam: Service) -> None:
    codes = [f"ed-{numero}" for numero in range(7)]
    for code in reversed(codes):
        corps = {"raison_sociale": code, "solution_sesam_vitale": True}
        assert (await cnam.appeler("PUT", f"/editeurs/{code}", json=corps)).status_code == 201
    for limite in (1, 2, 7, 8, 1000):
        assert [e["code"] for e in await _tout(cnam, "/editeurs", limite)] == [*codes, "ortho-soft"]
    for limite in (1, 2, 5):
        lus = await _tout(cnam, f"/preseries/{PRESERIE}/pilotes", limite)
        assert [p["numero_am"] for p in lus] == sorted(PILOTES)
    for chemin, code in (("/modules", "mon-ortho"), ("/logiciels", "ortho-plus"), ("/preseries", PRESERIE)):
        assert [e["code"] for e in await _tout(cnam, chemin, 1)] == [code]
    jalons = await cnam.lire(f"/preseries/{PRESERIE}/jalons")
    assert len(jalons["elements"]) == 4


async def test_un_element_de_liste_est_celui_qu_on_lit_seul(cnam: Service) -> None:
    for liste, cle in (
        *((f"/{nom}", "code") for nom in ("editeurs", "modules", "logiciels", "preseries")),
        (f"/preseries/{PRESERIE}/pilotes", "numero_am"),
        (f"/preseries/{PRESERIE}/jalons", "code"),
    ):
        for element in (await cnam.lire(liste))["elements"]:
            assert await cnam.lire(f"{liste}/{element[cle]}") == element


async def test_une_limite_hors_de_bornes_est_refusee(cnam: Service) -> None:
    for limite in ("0", "-1", "1001", "x", "", "9" * 30, "1.5"):
        with cas(limite):
            probleme = verifier_probleme(await cnam.appeler("GET", f"/editeurs?limite={limite}"), 422, "corps-invalide")
            assert [faute["champ"] for faute in probleme["erreurs"]] == ["limite"]


async def test_ce_qui_n_est_pas_au_registre_est_introuvable(cnam: Service) -> None:
    for chemin in (
        *("/editeurs/inconnu", "/modules/inconnu", "/logiciels/inconnu", "/preseries/inconnue"),
        *("/preseries/inconnue/pilotes", "/preseries/inconnue/jalons", "/preseries/inconnue/pilotes/389391422"),
        f"/preseries/{PRESERIE}/pilotes/999999999",
        f"/preseries/{PRESERIE}/jalons/reunion_deploiement",
        *("/bilan/preseries/inconnue", "/bilan/preseries/inconnue/ventilation?par=jour"),
        *("/executions?preserie=inconnue", "/executions/AAAA"),
    ):
        with cas(chemin):
            verifier_probleme(await cnam.appeler("GET", chemin), 404, "introuvable")
