"""GET /bilan/preseries/{code}/rapport: the JSON bilan's figures for people, as a page and as a tagged PDF."""

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from app.preseries.modalites import CODES
from app.rapport.sections import MODALITES
from tests.contrat.aides import cas, verifier_probleme
from tests.outils import PRESERIE, Corps, Service
from tests.rapport.aides import CHEMIN, Page, anterioriser_le_registre, deux_textes, lire_pdf, serre
from tests.rapport.monde import HOSTILES, LONG, remplir


def _pourcent(valeur: float) -> str:
    """Two decimals, cut; whole where nothing is cut off."""
    centiemes = int(valeur * 10_000 + 1e-9)
    entier, reste = divmod(centiemes, 100)
    return f"{entier}%" if abs(valeur * 10_000 - entier * 100) < 1e-6 else f"{entier},{reste:02d}%"


def _attendus(bilan: Corps) -> Iterator[str]:
    """Everything that the JSON bilan says in sentences or numbers, as it is written."""
    for critere in bilan["criteres"]:
        yield critere["explication"]
        if critere.get("mesure") is not None:
            yield _pourcent(critere["mesure"])
        for liste in critere["listes"]:
            yield f"{liste['libelle']}{liste['nombre']}{liste['lien']}"
    for tache in bilan["a_faire"]:
        yield tache["quoi"]
    for modalite in bilan["modalites"]:
        yield MODALITES[modalite["code"]]
        yield modalite["explication"]
    for chiffres in filter(None, (bilan, bilan["ensemble"])):
        yield _ligne_d_executions(chiffres["executions"])
        yield from _lignes_scor(chiffres["scor"])
    traces = bilan["traces"]
    yield f"{traces['enregistrees']}{traces['doublons']}{traces['rejetees']}"


def _ligne_d_executions(lues: Corps) -> str:
    total, enregistrees = lues["total"], lues["enregistrees"]
    taux = _pourcent(enregistrees / total) if total else "—"
    return f"{total}{enregistrees}{total - enregistrees}{taux}{lues['tentatives']}"


def _lignes_scor(scor: Corps) -> Iterator[str]:
    for phase, cases in scor.items():
        cellules = [cases.get(c, "—") for c in ("conforme", "double_envoi", "piece_manquante", "en_attente")]
        yield f"Phase{phase[-1]}" + "".join(map(str, cellules)) + str(sum(cases.values()))


async def test_la_page_et_le_pdf_disent_tous_les_chiffres_du_bilan(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await remplir(cnam, proprietaire)
    bilan = await cnam.lire(f"/bilan/preseries/{PRESERIE}")
    assert bilan["ensemble"] is not None
    anomalies = (await cnam.lire(f"/preseries/{PRESERIE}/anomalies"))["elements"]
    assert len(anomalies) > len(HOSTILES)
    ventilation = (await cnam.lire(f"/bilan/preseries/{PRESERIE}/ventilation?par=jour"))["lignes"]
    pilotes = (await cnam.lire(f"/bilan/preseries/{PRESERIE}/ventilation?par=pilote"))["lignes"]
    qualite = await cnam.lire(f"/bilan/preseries/{PRESERIE}/qualite")
    for forme, texte in await deux_textes(cnam):
        for attendu in _attendus(bilan):
            with cas((forme, attendu)):
                assert serre(attendu) in texte
        for jour in ventilation:
            a, m, j = jour["cle"].split("-")
            assert f"{j}/{m}/{a}{jour['executions']}{jour['enregistrees']}" in texte
        for pilote in pilotes:
            taux = _pourcent(pilote["enregistrees"] / pilote["executions"])
            assert pilote["cle"] in texte
            assert f"{pilote['executions']}{pilote['enregistrees']}{taux}" in texte
        for anomalie in anomalies:
            operation = anomalie["operation"].replace("execution", "exécution")
            assert serre(f"{anomalie['code']} ({operation}, {anomalie['origine']})") in texte
        assert f"premiersuccès{qualite['executions_repetees']}{qualite['repetees'][0]}" in texte
        assert f"numéros{qualite['sequences']['perdues']}" in texte


async def test_les_textes_hostiles_ne_sont_que_des_textes(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    for forme, texte in await deux_textes(cnam):
        for hostile in (*HOSTILES, LONG):
            with cas((forme, hostile)):
                assert serre(hostile) in texte
    page = Page((await cnam.appeler("GET", CHEMIN)).text)
    assert "script" not in page.elements
    assert not [nom for nom, _ in page.attributs if nom.startswith("on") or nom == "style"]


async def test_le_pdf_est_balise_en_francais_et_titre(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    pdf = lire_pdf(await cnam.appeler("GET", CHEMIN + "?format=pdf"))
    racine: Any = pdf.root_object
    assert racine["/MarkInfo"]["/Marked"] is True or racine["/MarkInfo"]["/Marked"].value is True
    assert "/StructTreeRoot" in racine
    assert racine["/Lang"] == "fr-FR"
    assert racine["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata is not None
    assert pdf.metadata.title == f"Bilan de la présérie {PRESERIE}"
    assert b"pdfuaid" in racine["/Metadata"].get_data()
    alternatives = [element["/Alt"] for element in _elements(racine["/StructTreeRoot"]) if "/Alt" in element]
    assert [a[:31] for a in alternatives] == ["Taux d'enregistrement par jour,"]
    balises = {element.get("/S") for element in _elements(racine["/StructTreeRoot"])}
    assert balises >= {"/H1", "/Table", "/TH", "/TD", "/Figure"}


def _elements(noeud: Any) -> Iterator[Any]:
    objet = noeud.get_object()
    if isinstance(objet, list):
        for enfant in objet:
            yield from _elements(enfant)
    elif hasattr(objet, "get"):
        yield objet
        if "/K" in objet:
            yield from _elements(objet["/K"])


async def test_une_preserie_sans_rien_a_son_rapport(cnam: Service) -> None:
    for forme, texte in await deux_textes(cnam):
        with cas(forme):
            assert "Aucuneexécutionn'estencorecomptée." in texte
            assert "Aucunbilann'estarrêté." in texte


async def test_accept_ou_format_disent_la_forme(cnam: Service) -> None:
    formes = [
        ("", "*/*", "text/html"),
        ("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("", "application/pdf", "application/pdf"),
        ("", "application/pdf;q=0.5, text/html", "text/html"),
        ("", "application/json", "text/html"),
        ("?format=html", "application/pdf", "text/html"),
        ("?format=pdf", "text/html", "application/pdf"),
    ]
    for requete, accept, attendu in formes:
        with cas((requete, accept)):
            reponse = await cnam.appeler("GET", CHEMIN + requete, headers={"Accept": accept})
            assert reponse.headers["content-type"].split(";")[0] == attendu
            assert reponse.headers["vary"] == "Accept"
            nom = rf'inline; filename="bilan-{PRESERIE}-\d{{4}}-\d\d-\d\d\.(html|pdf)"'
            assert re.fullmatch(nom, reponse.headers["content-disposition"])
    verifier_probleme(await cnam.appeler("GET", CHEMIN + "?format=docx"), 422, "corps-invalide")


async def test_la_page_n_execute_et_ne_charge_rien(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    reponse = await cnam.appeler("GET", CHEMIN)
    (style,) = re.findall("<style>(.*?)</style>", reponse.text, re.DOTALL)
    empreinte = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    politique = reponse.headers["content-security-policy"]
    assert politique.startswith(f"default-src 'none'; style-src 'sha256-{empreinte}';")
    page = Page(reponse.text)
    assert "?format=pdf" in page.liens
    assert all(lien.startswith(("/", "#", "?")) for lien in page.liens)
    for lien in page.liens:
        if lien.startswith(("/executions", "/traces")):
            with cas(lien):
                assert (await cnam.appeler("GET", lien)).status_code == 200


async def test_tel_que_connu_a_un_instant(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    arrete = await remplir(cnam, proprietaire)
    await anterioriser_le_registre(proprietaire)
    await proprietaire.execute("UPDATE trace SET recue_le = emise_le")
    au = "2026-10-19T22:00:00Z"
    bilan = await cnam.lire(f"/bilan/preseries/{PRESERIE}", params={"au": au})
    assert 0 < bilan["executions"]["total"] < 200
    for forme, texte in await deux_textes(cnam, f"?au={au}"):
        for attendu in _attendus(bilan):
            with cas((forme, attendu)):
                assert serre(attendu) in texte
        assert "Telqueconnuau20/10/202600:00:00" in texte
        assert arrete["id"] not in texte
    page = Page((await cnam.appeler("GET", f"{CHEMIN}?au={au}")).text)
    assert "?au=2026-10-19T22%3A00%3A00Z&format=pdf" in page.liens


async def test_purgee_le_rapport_le_dit(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await proprietaire.execute("UPDATE preserie SET purgee_le = '2026-11-20T12:00:00Z' WHERE code = $1", PRESERIE)
    for forme, texte in await deux_textes(cnam):
        with cas(forme):
            assert "Lestracesbrutessontpurgéesdepuisle20/11/202613:00:00." in texte
    hier = (datetime.now(UTC) - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    verifier_probleme(await cnam.appeler("GET", CHEMIN, params={"au": hier}), 410, "traces-purgees")


async def test_une_preserie_inconnue(cnam: Service) -> None:
    verifier_probleme(await cnam.appeler("GET", "/bilan/preseries/inconnue/rapport"), 404, "introuvable")


def test_chaque_modalite_a_son_nom() -> None:
    assert set(MODALITES) == set(CODES)
