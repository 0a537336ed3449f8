"""The page in a real Chromium: axe-core finds nothing to say, and the policy blocks nothing of it."""

import shutil

import asyncpg
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

from tests.outils import PRESERIE, Service
from tests.rapport.monde import remplir

_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


pytestmark = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="chromium manque : apt-get install --no-install-recommends chromium"
)


@pytest.mark.parametrize("largeur", [1200, 380])
async def test_la_page_est_accessible(cnam: Service, proprietaire: asyncpg.Connection, largeur: int) -> None:
    await remplir(cnam, proprietaire)
    lue = await cnam.appeler("GET", f"/bilan/preseries/{PRESERIE}/rapport")
    dits: list[str] = []
    async with async_playwright() as playwright:
        navigateur = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_OPTIONS)
        # axe itself is a script, which the page's policy would not let in.
        contexte = await navigateur.new_context(bypass_csp=True, viewport={"width": largeur, "height": 900})
        page = await contexte.new_page()
        page.on("console", lambda message: dits.append(message.text))
        await page.route("**", lambda route: route.fulfill(body=lue.text, headers=dict(lue.headers)))
        await page.goto("http://rapport.test/")
        await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        resultat = await Axe().run(page)
        deborde = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        await navigateur.close()
    assert resultat.violations_count == 0, resultat.generate_report()
    assert not deborde
    assert dits == []


async def test_sa_politique_ne_lui_ote_rien(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await remplir(cnam, proprietaire)
    lue = await cnam.appeler("GET", f"/bilan/preseries/{PRESERIE}/rapport")
    dits: list[str] = []
    async with async_playwright() as playwright:
        navigateur = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_OPTIONS)
        page = await navigateur.new_page()
        page.on("console", lambda message: dits.append(message.text))
        await page.route("**", lambda route: route.fulfill(body=lue.text, headers=dict(lue.headers)))
        await page.goto("http://rapport.test/")
        couleur = await page.locator("h1").evaluate("e => getComputedStyle(e).color")
        courbe = await page.locator("figure svg").bounding_box()
        await navigateur.close()
    assert dits == []
    assert couleur == "rgb(29, 53, 87)"
    assert courbe is not None
    assert courbe["height"] > 200
