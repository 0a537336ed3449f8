"""GET /bilan/preseries/{code}/rapport: the JSON bilan's figures for people, as a page and as a tagged PDF."""

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import asyncpg
import httpx
from pypdf import PdfReader

from app.preseries.modalites import CODES
from app.rapport.sections import MODALITES
from tests.contrat.aides import cas, verifier_probleme
from tests.outils import PRESERIE, Corps, Service, trace
from tests.rapport.aides import anterioriser_l_arrete, anterioriser_le_registre
from tests.rapport.monde import DEPASSE, HOSTILES, LONG, remplir

CHEMIN = f"/bilan/preseries/{PRESERIE}/rapport"


class _Page(HTMLParser):
    """The text of a page but for its style, its elements, and where they lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.morceaux: list[str] = []
        self.elements: list[str] = []
        self.attributs: list[tuple[str, str | None]] = []
        self.liens: list[str] = []
        self._dans: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self._dans.append(tag)
        self.attributs += attrs
        self.liens += [valeur or "" for nom, valeur in attrs if nom == "href"]

    def handle_data(self, data: str) -> None:
        if "style" not in self._dans[-1:]:
            self.morceaux.append(data)


def _serre(texte: str) -> str:
    """Without any space: a line may end anywhere."""
    return re.sub(r"[\s\u200b]", "", texte)


def _lire_pdf(reponse: httpx.Response) -> PdfReader:
    assert reponse.status_code == 200, reponse.text
    assert reponse.headers["content-type"] == "application/pdf"
    return PdfReader(io.BytesIO(reponse.content))


def _texte_pdf(pdf: PdfReader) -> str:
    pages = (page.extract_text() for page in pdf.pages)
    return _serre("".join(re.sub(r"Bilan de la présérie \S+\s+page \d+ sur \d+\s*$", "", page) for page in pages))


def _texte_html(reponse: httpx.Response) -> str:
    assert reponse.status_code == 200, reponse.text
    return _serre("".join(_Page(reponse.text).morceaux))


async def _deux_textes(cnam: Service, requete: str = "") -> Iterator[tuple[str, str]]:
    html = await cnam.appeler("GET", CHEMIN + requete)
    pdf = await cnam.appeler("GET", CHEMIN + requete, headers={"Accept": "application/pdf"})
    return iter((("html", _texte_html(html)), ("pdf", _texte_pdf(_lire_pdf(pdf)))))


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
            yield f"{liste['libelle']}{liste['nombre']:,}".replace(",", "") + liste["lien"]
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
    for forme, texte in await _deux_textes(cnam):
        for attendu in _attendus(bilan):
            with cas((forme, attendu)):
                assert _serre(attendu) in texte
        for jour in ventilation:
            a, m, j = jour["cle"].split("-")
            assert f"{j}/{m}/{a}{jour['executions']}{jour['enregistrees']}" in texte
        for pilote in pilotes:
            taux = _pourcent(pilote["enregistrees"] / pilote["executions"])
            assert pilote["cle"] in texte
            assert f"{pilote['executions']}{pilote['enregistrees']}{taux}" in texte
        for anomalie in anomalies:
            operation = anomalie["operation"].replace("execution", "exécution")
            assert _serre(f"{anomalie['code']} ({operation}, {anomalie['origine']})") in texte
        assert f"premiersuccès{qualite['executions_repetees']}{qualite['repetees'][0]}" in texte
        assert f"numéros{qualite['sequences']['perdues']}" in texte


async def test_les_textes_hostiles_ne_sont_que_des_textes(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    for forme, texte in await _deux_textes(cnam):
        for hostile in (*HOSTILES, LONG):
            with cas((forme, hostile)):
                assert _serre(hostile) in texte
    page = _Page((await cnam.appeler("GET", CHEMIN)).text)
    assert "script" not in page.elements
    assert not [nom for nom, _ in page.attributs if nom.startswith("on") or nom == "style"]


async def test_ce_que_les_pilotes_ecrivent_est_montre_sans_n_am(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await remplir(cnam, proprietaire)
    for forme, texte in await _deux_textes(cnam):
        with cas(forme):
            assert _serre("Appelez le [N° AM masqué], <b>merci</b>.—") in texte
            assert _serre("Ne marche pas au [N° AM masqué]✗ ouvert") in texte
            assert "389391422," not in texte
            assert "3A1234567" not in texte
            assert "3réponsespour3pilotesinvités,soit100%;1freinbloquantouvert,0levé." in texte
            assert "Satisfactiond'ensemble3,6701011" in texte
            assert "Opération«exécution»3,6701011" in texte
            assert "Notesde1(«Trèsinsatisfaisant»)à5(«Trèssatisfaisant»)" in texte


async def test_un_bilan_arrete_est_montre_avec_ses_avis(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    arrete = await remplir(cnam, proprietaire)
    for forme, texte in await _deux_textes(cnam):
        with cas(forme):
            assert f"Identifiant{arrete['id']}" in texte
            assert f"Empreinte(SHA-256){arrete['empreinte']}" in texte
            assert "AvisdelaCnam✓aapprouvé,le" in texte
            assert "Avisdel'éditeur✗arefusé,le" in texte
            assert _serre(f"; motif : {HOSTILES[0]}Clé de cet avis{arrete['cle']}") in texte
            assert "État✗envigueur,refuséparl'éditeurÉcartsàcejouraucunécartVerdict" in texte
            assert "État–dépasséÉcartsàcejouraucunécartVerdict" in texte
            assert f"Bilanarrêté{arrete['id'][:8]},telqueconnuau" in texte
            assert f"Bilanarrêté{DEPASSE[:8]},telqueconnuau" in texte


async def test_un_bilan_arrete_dit_combien_de_chiffres_ont_change(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    arrete = await remplir(cnam, proprietaire)
    accuse = await cnam.poster([trace(sequence=90_010)])
    assert accuse.json()["enregistrees"] == 1
    rectification = await cnam.lire(f"/bilan/arretes/{arrete['id']}/rectification")
    assert len(rectification["ecarts"]) > 1
    for forme, texte in await _deux_textes(cnam):
        with cas(forme):
            assert texte.count(f"Écartsàcejour{len(rectification['ecarts'])}écartsdepuis") == 2


async def test_une_prolongation_depasse_le_bilan_arrete(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    arrete = await remplir(cnam, proprietaire)
    prolongation = {"sens": "prolongation", "motif": "un mois de plus", "fin_prevue_le": "2027-06-30"}
    reponse = await cnam.appeler("POST", f"/preseries/{PRESERIE}/decision", json=prolongation)
    assert reponse.status_code == 200, reponse.text
    for _, texte in await _deux_textes(cnam):
        assert "État✗dépassé,refuséparl'éditeur" in texte
        assert "envigueur" not in texte
    await anterioriser_le_registre(proprietaire)
    await anterioriser_l_arrete(proprietaire)
    arrete_le = datetime.fromisoformat(arrete["contenu"]["au"]) - timedelta(hours=2)
    for apres, etats in ((0, ("✓envigueur", "–dépassé")), (90, ("–dépassé", "–dépassé"))):
        au = (arrete_le + timedelta(minutes=apres)).isoformat().replace("+00:00", "Z")
        for forme, texte in await _deux_textes(cnam, f"?au={au}"):
            with cas((forme, apres)):
                assert tuple(re.findall("État(.{1,12})Verdict", texte)) == etats


async def test_les_mises_a_l_ecart_sont_montrees_avec_leur_motif(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await remplir(cnam, proprietaire)
    params = {"preserie": PRESERIE, "ecartee": "true"}
    ecartees = (await cnam.lire("/executions", params=params))["elements"]
    assert len(ecartees) == 3
    reprise = {"ecartee": False, "motif": "à compter"}
    reponse = await cnam.appeler("PATCH", f"/executions/{ecartees[2]['id']}", json=reprise)
    assert reponse.status_code == 200, reponse.text
    for forme, texte in await _deux_textes(cnam):
        with cas(forme):
            for e in ecartees[:2]:
                jour = datetime.fromisoformat(e["jour"])
                dit = f"{jour:%d/%m/%Y}, pilote {e['pilote']} : dispositifs médicaux, non enregistrée, SCOR : "
                assert (
                    _serre(f"{e['id']}{dit}{e['conformite'].replace('_', ' ')}par la Cnam, clé d'accès n° 1") in texte
                )
            assert len(re.findall("le[0-9/]{10}[0-9:]{8}essai", texte)) == 2
            assert ecartees[2]["id"] not in texte
            assert "àcompter" not in texte
    avant = (datetime.now(UTC) - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    for _, texte in await _deux_textes(cnam, f"?au={avant}"):
        assert "Aucuneexécutionn'estmiseàl'écart." in texte


async def test_les_prerequis_sont_montres_avec_leur_preuve(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    for forme, texte in await _deux_textes(cnam):
        with cas(forme):
            assert _serre(f"{HOSTILES[0]}—?àvalider—") in texte
            assert _serre(f"{HOSTILES[1]}à décrire 1✓ validé le 02/11/2026compte rendu 1") in texte


async def test_ce_qui_se_copie_du_pdf_est_entier(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    arrete = await remplir(cnam, proprietaire)
    lu = _lire_pdf(await cnam.appeler("GET", CHEMIN + "?format=pdf"))
    texte = "\n".join(page.extract_text() for page in lu.pages)
    ecartees = (await cnam.lire("/executions", params={"preserie": PRESERIE, "ecartee": "true"}))["elements"]
    assert "\u200b" not in texte
    for entier in (arrete["id"], arrete["empreinte"], arrete["cle"], *(e["id"] for e in ecartees)):
        with cas(entier):
            assert entier in texte
    assert LONG not in texte  # no line could hold it
    assert LONG in _serre(texte)


async def test_le_pdf_est_balise_en_francais_et_titre(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    pdf = _lire_pdf(await cnam.appeler("GET", CHEMIN + "?format=pdf"))
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
    for forme, texte in await _deux_textes(cnam):
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
    page = _Page(reponse.text)
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
    for forme, texte in await _deux_textes(cnam, f"?au={au}"):
        for attendu in _attendus(bilan):
            with cas((forme, attendu)):
                assert _serre(attendu) in texte
        assert "Telqueconnuau20/10/202600:00:00" in texte
        assert arrete["id"] not in texte
    page = _Page((await cnam.appeler("GET", f"{CHEMIN}?au={au}")).text)
    assert "?au=2026-10-19T22%3A00%3A00Z&format=pdf" in page.liens


async def test_purgee_le_rapport_le_dit(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await proprietaire.execute("UPDATE preserie SET purgee_le = '2026-11-20T12:00:00Z' WHERE code = $1", PRESERIE)
    for forme, texte in await _deux_textes(cnam):
        with cas(forme):
            assert "Lestracesbrutessontpurgéesdepuisle20/11/202613:00:00." in texte
    hier = (datetime.now(UTC) - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    verifier_probleme(await cnam.appeler("GET", CHEMIN, params={"au": hier}), 410, "traces-purgees")


async def test_une_preserie_inconnue(cnam: Service) -> None:
    verifier_probleme(await cnam.appeler("GET", "/bilan/preseries/inconnue/rapport"), 404, "introuvable")


def test_chaque_modalite_a_son_nom() -> None:
    assert set(MODALITES) == set(CODES)
