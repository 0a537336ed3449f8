"""Prerequisites of deployment: identified, described, validated; the list behind criterion 4."""

from urllib.parse import quote

import asyncpg

from app.acces.roles import Role
from tests.contrat.aides import NIR, cas, compter, inscrire_rival, mettre, verifier_probleme
from tests.contrat.semis import BILAN
from tests.outils import PILOTES, PRESERIE, Corps, Service

LISTE = f"/preseries/{PRESERIE}/prerequis"
VIDE: Corps = {
    "libelle": "Certificat de production",
    "description": None,
    "valide_le": None,
    "preuve": None,
    "retire_le": None,
}
VALIDE: Corps = VIDE | {
    "description": "Le certificat du serveur d'envoi est celui de la production.",
    "valide_le": "2026-11-20",
    "preuve": "Procès-verbal du 20 novembre, relu par les deux parties.",
}


async def _mettre(service: Service, code: str, corps: Corps, statut: int = 201) -> Corps:
    reponse = await service.appeler("PUT", f"{LISTE}/{code}", json=corps)
    assert reponse.status_code == statut, reponse.text
    lu: Corps = reponse.json()
    assert lu == corps | {"code": code} == await service.lire(f"{LISTE}/{code}")
    return lu


async def _critere(service: Service) -> Corps:
    critere: Corps = (await service.lire(BILAN))["criteres"][3]
    return critere


async def test_un_prerequis_s_identifie_se_decrit_et_se_valide(cnam: Service) -> None:
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    await cnam.appeler("PUT", f"/preseries/{PRESERIE}/jalons/prerequis_identifies", json={"le": "2026-11-02"})
    assert (await _critere(cnam))["etat"] == "atteint"
    await _mettre(editeur, "certificat", VIDE)
    assert (await _critere(cnam))["etat"] == "indetermine"
    valide = await _mettre(editeur, "certificat", VALIDE, 200)
    assert (await _critere(cnam))["etat"] == "atteint"
    assert (await cnam.lire(LISTE)) == {"elements": [valide], "suivant": None}
    court = await cnam.appeler("PUT", f"{LISTE}/court", json={"libelle": "Court"})
    assert court.json() == dict.fromkeys(VIDE) | {"libelle": "Court", "code": "court"}


async def test_inscrit_par_erreur_il_se_retire_par_la_cnam(cnam: Service) -> None:
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    await cnam.appeler("PUT", f"/preseries/{PRESERIE}/jalons/prerequis_identifies", json={"le": "2026-11-02"})
    await _mettre(editeur, "certifcat", VIDE)
    assert (await _critere(cnam))["etat"] == "indetermine"
    retire = VIDE | {"retire_le": "2026-11-21"}
    refus = await editeur.appeler("PUT", f"{LISTE}/certifcat", json=retire)
    verifier_probleme(refus, 403, "role-insuffisant")
    await _mettre(cnam, "certifcat", retire, 200)
    critere = await _critere(cnam)
    assert (critere["etat"], critere["prerequis"]) == ("atteint", [])
    for liste in critere["listes"]:
        assert len((await cnam.lire(liste["lien"]))["elements"]) == liste["nombre"] == 0
    assert len((await cnam.lire(LISTE))["elements"]) == 1
    await _mettre(editeur, "certifcat", retire | {"preuve": "Doublon de « certificat »."}, 200)


async def test_deux_personnes_ne_s_ecrasent_pas(cnam: Service) -> None:
    await _mettre(cnam, "certificat", VIDE)
    lu = (await cnam.appeler("GET", f"{LISTE}/certificat")).headers["etag"]
    for entetes, statut in (
        ({"If-None-Match": "*"}, 412),
        ({"If-Match": '"autre"'}, 412),
        ({"If-Match": lu}, 200),
        ({"If-Match": lu}, 412),
    ):
        reponse = await cnam.appeler("PUT", f"{LISTE}/certificat", json=VALIDE, headers=entetes)
        assert reponse.status_code == statut
    assert await cnam.lire(f"{LISTE}/certificat") == VALIDE | {"code": "certificat"}


async def test_renvoye_il_ne_change_rien(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await _mettre(cnam, "certificat", VALIDE)
    avant = [await compter(proprietaire, table) for table in ("journal", "version_registre")]
    await _mettre(cnam, "certificat", VALIDE, 200)
    assert [await compter(proprietaire, table) for table in ("journal", "version_registre")] == avant
    (entree,) = (await cnam.lire("/journal?objet=prerequis"))["elements"]
    assert (entree["action"], entree["code"], entree["preserie"]) == ("creation", "certificat", PRESERIE)
    assert (entree["avant"], entree["apres"]) == (None, VALIDE | {"code": "certificat"})


async def test_la_liste_se_parcourt_et_se_filtre(cnam: Service) -> None:
    for numero in range(5):
        await _mettre(cnam, f"p-{numero}", VALIDE if numero % 2 else VIDE)
    for filtre, attendus in (("", [0, 1, 2, 3, 4]), ("valide=true", [1, 3]), ("valide=false", [0, 2, 4])):
        for limite in (1, 2, 1000):
            with cas((filtre, limite)):
                lus: list[str] = []
                suivant: str | None = ""
                while suivant is not None:
                    page = await cnam.lire(f"{LISTE}?{filtre}&limite={limite}{f'&apres={suivant}' if suivant else ''}")
                    lus += [p["code"] for p in page["elements"]]
                    suivant = page["suivant"]
                assert lus == [f"p-{numero}" for numero in attendus]
    for liste in (await _critere(cnam))["listes"]:
        assert len((await cnam.lire(liste["lien"]))["elements"]) == liste["nombre"]
    for filtre in ("valide=peut-etre", "apres=A/B", "limite=0"):
        verifier_probleme(await cnam.appeler("GET", f"{LISTE}?{filtre}"), 422, "corps-invalide")


async def test_tels_que_connus_a_un_instant(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """Instants are moved into the past: what is read has to be 5 seconds old."""
    await _mettre(cnam, "certificat", VIDE)
    await _mettre(cnam, "certificat", VALIDE, 200)
    await proprietaire.execute("SET session_replication_role = replica")
    await proprietaire.execute("UPDATE version_registre SET depuis_le = '2026-11-01T00:00:00Z'")
    await proprietaire.execute(
        "UPDATE version_registre SET depuis_le = '2026-11-02T00:00:00Z' WHERE ligne ->> 'preuve' IS NOT NULL"
    )
    for au, attendu in (("2026-11-01T12:00:00Z", VIDE), ("2026-11-02T00:00:00Z", VALIDE)):
        page = await cnam.lire(f"{LISTE}?au={quote(au)}")
        assert page["elements"] == [attendu | {"code": "certificat"}]
        critere = (await cnam.lire(f"{BILAN}?au={quote(au)}"))["criteres"][3]
        for liste in critere["listes"]:
            assert len((await cnam.lire(liste["lien"]))["elements"]) == liste["nombre"]
    assert (await cnam.lire(f"{LISTE}?au=2026-10-31T00:00:00Z"))["elements"] == []


async def test_un_prerequis_mal_dit_est_nomme(cnam: Service) -> None:
    for champ, valeur in (
        *(("libelle", ""), ("libelle", None), ("libelle", "x" * 201), ("libelle", f"Poste de {PILOTES[0]}")),
        *(("description", "x" * 2001), ("description", f"Patient {NIR}"), ("description", "")),
        *(("preuve", f"Vu chez {PILOTES[0]}."), ("preuve", 3), ("valide_le", "demain"), ("valide_le", "2026-02-30")),
    ):
        with cas((champ, valeur)):
            probleme = verifier_probleme(
                await cnam.appeler("PUT", f"{LISTE}/certificat", json=VIDE | {champ: valeur}), 422, "corps-invalide"
            )
            assert [faute["champ"] for faute in probleme["erreurs"]] == [champ]
            assert NIR not in str(probleme)
            assert PILOTES[0] not in str(probleme)
    for code in ("A", "x", "é"):
        assert (await cnam.appeler("PUT", f"{LISTE}/{code}", json=VIDE)).status_code == 422
    verifier_probleme(await cnam.appeler("GET", f"{LISTE}/certificat"), 404, "introuvable")


async def test_ceux_d_un_autre_n_existent_pas(cnam: Service) -> None:
    await inscrire_rival(cnam)
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    chemin = "/preseries/rival-lpp/prerequis/certificat"
    assert (await cnam.appeler("PUT", chemin, json=VIDE)).status_code == 201
    verifier_probleme(await editeur.appeler("PUT", chemin, json=VIDE), 404, "introuvable")
    for adresse in (chemin, "/preseries/rival-lpp/prerequis"):
        verifier_probleme(await editeur.appeler("GET", adresse), 404, "introuvable")
    assert (await cnam.lire(LISTE))["elements"] == []


async def test_une_preserie_terminee_garde_les_siens(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await _mettre(cnam, "certificat", VIDE)
    for statut in ("cloturee", "abandonnee"):
        await mettre(proprietaire, statut=statut)
        for code, corps in (("certificat", VALIDE), ("autre", VIDE)):
            reponse = await cnam.appeler("PUT", f"{LISTE}/{code}", json=corps)
            verifier_probleme(reponse, 409, "etape-refusee")
        await _mettre(cnam, "certificat", VIDE, 200)
