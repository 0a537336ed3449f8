"""What the tests of the report share."""

import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import asyncpg
import httpx
from pypdf import PdfReader

from tests.outils import PRESERIE, Service

CHEMIN = f"/bilan/preseries/{PRESERIE}/rapport"


class Page(HTMLParser):
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


def serre(texte: str) -> str:
    """Without any space: a line may end anywhere."""
    return re.sub(r"[\s\u200b]", "", texte)


def lire_pdf(reponse: httpx.Response) -> PdfReader:
    assert reponse.status_code == 200, reponse.text
    assert reponse.headers["content-type"] == "application/pdf"
    return PdfReader(io.BytesIO(reponse.content))


def texte_pdf(pdf: PdfReader) -> str:
    pages = (page.extract_text() for page in pdf.pages)
    return serre("".join(re.sub(r"Bilan de la présérie \S+\s+page \d+ sur \d+\s*$", "", page) for page in pages))


def texte_html(reponse: httpx.Response) -> str:
    assert reponse.status_code == 200, reponse.text
    return serre("".join(Page(reponse.text).morceaux))


async def deux_textes(cnam: Service, requete: str = "") -> Iterator[tuple[str, str]]:
    html = await cnam.appeler("GET", CHEMIN + requete)
    pdf = await cnam.appeler("GET", CHEMIN + requete, headers={"Accept": "application/pdf"})
    return iter((("html", texte_html(html)), ("pdf", texte_pdf(lire_pdf(pdf)))))


async def anterioriser_le_registre(proprietaire: asyncpg.Connection) -> None:
    """As if all of the registry had been there since September: its versions are of now, whatever traces say."""
    await proprietaire.execute("SET session_replication_role = replica")  # no trigger: the database refuses this
    await proprietaire.execute("UPDATE version_registre SET depuis_le = '2026-09-01T00:00:00Z'")
    await proprietaire.execute("RESET session_replication_role")
