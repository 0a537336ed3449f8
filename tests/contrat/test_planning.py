"""The planning over HTTP: JSON or CSV by ``Accept``; an import is whole or nothing, and bounded like any body."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator

import httpx

from app.acces.roles import Role
from app.main import create_app
from app.reglages import Reglages
from tests.contrat.aides import cas, inscrire_rival, pilote, verifier_probleme
from tests.contrat.test_sans_echo import MARQUE, PIEGES
from tests.outils import PILOTES, PRESERIE, Corps, Service

CHEMIN = f"/preseries/{PRESERIE}/planning"
COLONNES = (
    "numero_am,cpam,sesam_vitale,accord_le,equipement_verifie,forme_le,installation_prevue_le,installe_le,phase_2_le,"
    "retire_le"
)
_CSV = {"Content-Type": "text/csv"}
_NEUF = "2A1234567"


def _lignes(probleme: Corps) -> list[tuple[int, str]]:
    """The lines that a problem names, each with its field."""
    return [(faute["ligne"], faute["champ"]) for faute in probleme.get("erreurs", [])]


async def _importer(service: Service, contenu: str | bytes, **entetes: str) -> httpx.Response:
    octets = contenu if isinstance(contenu, bytes) else contenu.encode()
    return await service.appeler("POST", CHEMIN, content=octets, headers=_CSV | entetes)


async def _exporter(service: Service) -> str:
    reponse = await service.appeler("GET", CHEMIN, headers={"Accept": "text/csv"})
    assert reponse.status_code == 200, reponse.text
    return reponse.text


def _compte(reponse: httpx.Response) -> tuple[int, int, int]:
    assert reponse.status_code == 200, reponse.text
    corps: Corps = reponse.json()
    return corps["inscrits"], corps["modifies"], corps["inchanges"]


async def _editeur(cnam: Service) -> Service:
    return await cnam.en(Role.EDITEUR, editeur="ortho-soft")


async def test_le_planning_est_celui_des_pilotes_dans_l_ordre_des_installations(cnam: Service) -> None:
    sans_jour = pilote(installe_le=None, installation_prevue_le=None)
    await cnam.appeler("PUT", f"/preseries/{PRESERIE}/pilotes/2A1234567", json=sans_jour)
    lu = await (await _editeur(cnam)).lire(CHEMIN)
    assert lu["preserie"] == PRESERIE
    pilotes = (await cnam.lire(f"/preseries/{PRESERIE}/pilotes"))["elements"]
    jours = [(p["installe_le"] or p["installation_prevue_le"] or "9999", p["numero_am"]) for p in lu["elements"]]
    assert jours == sorted(jours)
    assert jours[-1][1] == "2A1234567"
    assert sorted(lu["elements"], key=lambda p: p["numero_am"]) == pilotes


async def test_le_csv_dit_la_meme_chose_que_le_json(cnam: Service) -> None:
    reponse = await cnam.appeler("GET", CHEMIN, headers={"Accept": "text/csv"})
    assert reponse.headers["content-type"] == "text/csv; charset=utf-8"
    assert reponse.headers["content-disposition"] == f'attachment; filename="{PRESERIE}.csv"'
    assert reponse.headers["vary"] == "Accept"
    entete, *lignes = reponse.text.split("\r\n")
    assert entete == COLONNES
    assert len(lignes) == len(PILOTES) + 1
    assert lignes[-1] == ""
    dits = {True: "oui", False: "non", None: ""}
    attendues = [
        {champ: dits.get(valeur, valeur) for champ, valeur in p.items()} for p in (await cnam.lire(CHEMIN))["elements"]
    ]
    assert list(csv.DictReader(io.StringIO(reponse.text))) == attendues


async def test_le_json_est_donne_a_qui_ne_prefere_pas_le_csv(cnam: Service) -> None:
    for accept in ("*/*", "application/json", "application/pdf", "text/csv;q=0.5, application/json"):
        reponse = await cnam.appeler("GET", CHEMIN, headers={"Accept": accept})
        assert reponse.headers["content-type"] == "application/json", accept
        assert reponse.headers["vary"] == "Accept"


async def test_reimporter_ce_qui_est_exporte_ne_change_rien(cnam: Service) -> None:
    avant = await _exporter(cnam)
    for service in (cnam, await _editeur(cnam)):
        assert _compte(await _importer(service, avant)) == (0, 0, len(PILOTES))
    assert await _exporter(cnam) == avant


async def test_un_fichier_inscrit_et_modifie(cnam: Service) -> None:
    avant = {p["numero_am"]: p for p in (await cnam.lire(CHEMIN))["elements"]}
    contenu = (
        "\ufeffnumero_am;cpam;sesam_vitale;accord_le;equipement_verifie;retire_le\r\n"
        f"2A1234567;38;VRAI;01/10/2026;faux;\r\n{PILOTES[0]};33;oui;2026-09-01;oui;05/11/2026\r\n"
    )
    assert _compte(await _importer(await _editeur(cnam), contenu)) == (1, 1, 0)
    assert _compte(await _importer(cnam, contenu)) == (0, 0, 2)
    apres = {p["numero_am"]: p for p in (await cnam.lire(CHEMIN))["elements"]}
    dits = {"cpam": "33", "sesam_vitale": True, "accord_le": "2026-09-01", "equipement_verifie": True}
    assert apres.pop("2A1234567") == {
        **dict.fromkeys(COLONNES.split(",")),
        "numero_am": "2A1234567",
        "cpam": "38",
        "sesam_vitale": True,
        "accord_le": "2026-10-01",
        "equipement_verifie": False,
    }
    assert apres == avant | {PILOTES[0]: avant[PILOTES[0]] | dits | {"retire_le": "2026-11-05"}}


async def test_une_seule_ligne_en_faute_et_rien_n_est_importe(cnam: Service) -> None:
    avant = await _exporter(cnam)
    contenu = f"numero_am,cpam,forme_le\n{PILOTES[0]},38,2026-10-01\n{PILOTES[1]},zz,31/02/2026\n{PILOTES[0]},38,\n"
    probleme = verifier_probleme(await _importer(cnam, contenu), 422, "corps-invalide")
    assert [(f["champ"], f["ligne"]) for f in probleme["erreurs"]] == [("cpam", 3), ("forme_le", 3), ("numero_am", 4)]
    assert await _exporter(cnam) == avant


async def test_apres_le_demarrage_un_editeur_ne_change_aucune_phase_2(cnam: Service) -> None:
    editeur = await _editeur(cnam)
    avant = await _exporter(cnam)
    entete = "numero_am,cpam,sesam_vitale,accord_le,equipement_verifie,phase_2_le"
    for contenu, ligne in (
        (f"numero_am,forme_le,phase_2_le\n{PILOTES[1]},2026-10-02,2026-10-12\n{PILOTES[0]},2026-10-02,2026-10-30\n", 3),
        (f"{entete}\n{_NEUF},38,oui,2026-10-01,oui,2026-11-01", 2),
    ):
        probleme = verifier_probleme(await _importer(editeur, contenu), 403, "role-insuffisant")
        assert _lignes(probleme) == [(ligne, "phase_2_le")]
        assert await _exporter(cnam) == avant
    assert sum(_compte(await _importer(cnam, contenu))) == 1


async def test_un_fichier_depasse_est_refuse(cnam: Service) -> None:
    export = await cnam.appeler("GET", CHEMIN, headers={"Accept": "text/csv"})
    version = export.headers["etag"]
    assert (await cnam.appeler("GET", CHEMIN)).headers["etag"] == version
    contenu = f"numero_am,retire_le\n{PILOTES[0]},2026-11-05"
    assert _compte(await _importer(cnam, contenu, **{"If-Match": version})) == (0, 1, 0)
    verifier_probleme(await _importer(cnam, export.content, **{"If-Match": version}), 412, "version-depassee")
    assert (await cnam.lire(f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}"))["retire_le"] == "2026-11-05"


async def test_une_modalite_fait_refuser_tout_le_fichier(cnam: Service) -> None:
    avant = await _exporter(cnam)
    entete = "numero_am,cpam,sesam_vitale,accord_le,equipement_verifie"
    for cpams, modalite in ((("38", "38"), "pilotes_max"), (("75",), "pilotes_cpam")):
        lignes = (f"38000000{n},{cpam},oui,2026-10-01,oui" for n, cpam in enumerate(cpams))
        probleme = verifier_probleme(await _importer(cnam, "\n".join([entete, *lignes])), 409, "modalite-non-respectee")
        assert probleme["modalite"] == modalite, probleme
        assert _lignes(probleme) == ([(2, "cpam")] if modalite == "pilotes_cpam" else [])
        assert await _exporter(cnam) == avant


async def test_un_pilote_deja_engage_ailleurs_fait_refuser_tout_le_fichier(cnam: Service) -> None:
    autre = "/preseries/autre-lpp"
    corps = {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33"]}
    await cnam.appeler("PUT", autre, json=corps)
    for jalon in ("support", "kit_accompagnement"):
        await cnam.appeler("PUT", f"{autre}/jalons/{jalon}", json={"le": "2026-09-12"})
    await cnam.appeler("PUT", f"{autre}/pilotes/330000001", json=pilote())
    assert (await cnam.appeler("POST", f"{autre}/demarrage", json={})).status_code == 200
    avant = await _exporter(cnam)
    entete = "numero_am,cpam,sesam_vitale,accord_le,equipement_verifie"
    contenu = f"{entete}\n{PILOTES[0]},33,oui,2026-10-01,oui\n330000001,33,oui,2026-10-01,oui\n"
    probleme = verifier_probleme(await _importer(cnam, contenu), 409, "conflit")
    assert _lignes(probleme) == [(3, "numero_am")]
    assert await _exporter(cnam) == avant


async def test_un_editeur_n_importe_rien_chez_un_autre(cnam: Service) -> None:
    await inscrire_rival(cnam)
    rival = await cnam.en(Role.EDITEUR, editeur="rival")
    for contenu in ("numero_am", "n'importe quoi", b"\xff"):
        verifier_probleme(await _importer(rival, contenu), 404, "introuvable")


async def test_ce_qui_n_est_pas_du_csv_est_refuse(cnam: Service) -> None:
    for contenu in (b"", b"\n\n", "numéro".encode("latin-1"), b'numero_am\n"'):
        with cas(contenu):
            verifier_probleme(await _importer(cnam, contenu), 400, "csv-invalide")


async def test_cette_route_ne_prend_que_du_csv_et_elle_seule(cnam: Service) -> None:
    for entetes in (
        {"Content-Type": "application/json"},
        {"Content-Type": "text/csv; charset=iso-8859-1"},
        {"Content-Type": "text/csv, application/json"},
        {"Content-Type": "text/csv", "Content-Encoding": "gzip"},
        {"Content-Type": "application/vnd.ms-excel"},
        {"Content-Type": ""},
    ):
        with cas(entetes):
            reponse = await cnam.appeler("POST", CHEMIN, content=b"numero_am", headers=entetes)
            probleme = verifier_probleme(reponse, 415, "type-de-media-refuse")
            assert "« Content-Type: text/csv »" in probleme["detail"]
    for media in ("text/csv", "TEXT/CSV;charset=UTF-8;header=present"):
        assert (await _importer(cnam, "numero_am", **{"Content-Type": media})).status_code == 200
    for methode, chemin in (
        ("PUT", "/editeurs/neuf"),
        ("POST", "/traces"),
        ("PUT", f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}"),
        ("POST", f"/preseries/{PRESERIE}/demarrage"),
    ):
        with cas(chemin):
            reponse = await cnam.appeler(methode, chemin, content=b"numero_am", headers=_CSV)
            probleme = verifier_probleme(reponse, 415, "type-de-media-refuse")
            assert "application/json" in probleme["detail"]


async def test_un_fichier_de_plus_d_un_mebioctet_est_refuse(cnam: Service) -> None:
    verifier_probleme(await _importer(cnam, b"numero_am\n" + b"\n" * (1024 * 1024)), 413, "corps-trop-grand")


async def test_rien_d_un_fichier_n_est_repete(cnam: Service) -> None:
    for piege in PIEGES:
        ligne = f'"{piege}"'
        for contenu in (
            piege,
            f"{COLONNES}\n{','.join([ligne] * 10)}",
            f"{COLONNES},{ligne}\n{ligne}",
            f'numero_am\n{ligne}x,"',
        ):
            with cas(contenu):
                reponse = await _importer(cnam, contenu)
                assert reponse.status_code in (400, 422)
                assert MARQUE not in reponse.text.lower()


class _Lent:
    """A sender that stops in the middle of a file until it is told to go on."""

    def __init__(self) -> None:
        self.commence, self.reprendre = asyncio.Event(), asyncio.Event()

    async def morceaux(self) -> AsyncIterator[bytes]:
        yield b"numero_am\r\n"
        self.commence.set()
        await self.reprendre.wait()
        yield PILOTES[0].encode()


async def test_un_envoi_lent_ne_retient_pas_le_registre(cnam: Service) -> None:
    lent = _Lent()
    async with asyncio.TaskGroup() as groupe:
        en_cours = groupe.create_task(cnam.appeler("POST", CHEMIN, content=lent.morceaux(), headers=_CSV))
        await lent.commence.wait()
        corps = {"raison_sociale": "Neuf", "solution_sesam_vitale": True}
        async with asyncio.timeout(20):
            assert (await cnam.appeler("PUT", "/editeurs/neuf", json=corps)).status_code == 201
        assert not en_cours.done()
        lent.reprendre.set()
    assert _compte(en_cours.result()) == (0, 0, 1)


async def test_un_envoi_trop_lent_est_interrompu(cnam: Service, reglages: Reglages) -> None:
    application = create_app(reglages.model_copy(update={"corps_delai_s": 0.1}))
    transport = httpx.ASGITransport(application)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        presse = Service(client, application, cnam.cle)
        reponse = await presse.appeler("POST", CHEMIN, content=_Lent().morceaux(), headers=_CSV)
        verifier_probleme(reponse, 408, "corps-trop-lent")
