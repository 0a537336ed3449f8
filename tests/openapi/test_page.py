"""/docs: whole, in French, well formed, and with nothing from anywhere else."""

import base64
import hashlib
import re
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import app.contrat
from app.contrat.document import operations
from app.reponses import TYPE_PROBLEME
from tests.description import document
from tests.outils import Service

_VIDES = {"meta", "br", "hr", "img", "input", "link"}


class _Lecteur(HTMLParser):
    """Fails on a tag that is not closed where it should be; keeps ids, links and tags."""

    def __init__(self) -> None:
        super().__init__()
        self.ouvertes: list[str] = []
        self.balises: list[str] = []
        self.ids: list[str] = []
        self.liens: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.balises.append(tag)
        for nom, valeur in attrs:
            assert not nom.startswith("on"), nom
            assert nom != "style"
            if nom == "id":
                self.ids.append(valeur or "")
            if nom in ("href", "src"):
                self.liens.append(valeur or "")
        if tag not in _VIDES:
            self.ouvertes.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.ouvertes.pop() == tag


async def _page(service: Service) -> str:
    reponse = await service.appeler("GET", "/docs")
    assert reponse.status_code == 200
    assert reponse.headers["content-type"] == "text/html; charset=utf-8"
    return reponse.text


async def test_la_page_est_bien_formee_et_tient_seule(service: Service) -> None:
    page = await _page(service)
    lecteur = _Lecteur()
    lecteur.feed(page)
    lecteur.close()
    assert lecteur.ouvertes == []
    assert len(set(lecteur.ids)) == len(lecteur.ids)
    assert not {"script", "link", "iframe", "img", "form", "object"} & set(lecteur.balises)
    for lien in lecteur.liens:
        assert lien == "openapi.json" or lien.removeprefix("#") in lecteur.ids, lien
    assert "url(" not in page
    assert "@import" not in page
    assert '<html lang="fr">' in page
    assert lecteur.balises.count("h1") == lecteur.balises.count("main") == lecteur.balises.count("nav") == 1


async def test_la_page_dit_chaque_operation_et_chaque_probleme(service: Service) -> None:
    page = await _page(service)
    articles = dict(re.findall(r'<article id="(\w+)"(.*?)</article>', page, re.DOTALL))
    attendus = {operation["operationId"]: (chemin, operation) for chemin, _, operation in operations(document())}
    assert set(articles) == set(attendus)
    for nom, (chemin, operation) in attendus.items():
        article = articles[nom]
        assert f"</span>{chemin}</p>" in article
        assert "curl &#34;$URL/" in article
        for parametre in operation.get("parameters", ()):
            assert f"<code>{parametre['name']}</code>" in article
        for role in operation.get("x-roles", ()):
            assert f"<code>{role}</code>" in article
        for reponse in operation["responses"].values():
            for code in reponse.get("content", {}).get(TYPE_PROBLEME, {}).get("examples", {}):
                assert f"<code>{code}</code>" in article


def test_la_roue_porte_la_page_et_ses_textes(tmp_path: Path) -> None:
    """What is no Python file must be installed, too."""
    racine = Path(app.contrat.__file__).parents[2]
    commande = [str(Path(sys.executable).with_name("hatchling")), "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(commande, cwd=racine, check=True, capture_output=True, timeout=60)
    (roue,) = tmp_path.glob("*.whl")
    portes = {nom for nom in zipfile.ZipFile(roue).namelist() if nom.startswith("app/contrat/")}
    presents = {
        f.relative_to(racine).as_posix()
        for f in (racine / "app" / "contrat").rglob("*")
        if f.is_file() and f.suffix != ".pyc"
    }
    assert presents == portes


async def test_la_page_n_admet_que_son_propre_style(service: Service) -> None:
    reponse = await service.appeler("GET", "/docs")
    politique = reponse.headers["content-security-policy"]
    styles = re.findall(r"<style>(.*?)</style>", reponse.text, re.DOTALL)
    assert len(styles) == 1
    empreinte = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert politique.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{empreinte}';" in politique
    assert "unsafe" not in politique
