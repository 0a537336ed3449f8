"""The pages in a real Chromium: axe-core, the keyboard alone, no JavaScript, the width of a small phone."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.outils import PILOTES, registre_exemple
from tests.processus.lancement import Serveur, creer_cle, serveur
from tests.questionnaire.aides import INVITATIONS, REPONSES, bloquee

_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    _CHROMIUM is None, reason="Chromium is not here: apt-get install --no-install-recommends chromium"
)
_OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
_REGLES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
ENVOYER = "Envoyer mes réponses"


class Enquete:
    """The service with the example's présérie, and someone who invites its pilotes."""

    def __init__(self, service: Serveur) -> None:
        self.service = service
        self.cnam = creer_cle(service.dossier, "--role", "cnam")
        service.inscrire(self.cnam, registre_exemple())

    def lien(self, numero_am: str = PILOTES[0]) -> str:
        (emise,) = self.service.appeler("POST", INVITATIONS, self.cnam, json={"numeros_am": [numero_am]}).json()
        url: str = emise["url"]
        return url

    def reponses(self) -> list[dict[str, object]]:
        elements: list[dict[str, object]] = self.service.appeler("GET", REPONSES, self.cnam).json()["elements"]
        return elements


@pytest.fixture(scope="module")
def enquete(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enquete]:
    with serveur(tmp_path_factory.mktemp("questionnaire") / "donnees", workers=1) as service:
        yield Enquete(service)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as lance:
        navigateur = lance.chromium.launch(executable_path=_CHROMIUM, args=_OPTIONS)
        yield navigateur
        navigateur.close()


@pytest.fixture(params=["light", "dark"])
def couleurs(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    choisies: Literal["light", "dark"] = request.param
    return choisies


@pytest.fixture
def page(chromium: Browser, couleurs: Literal["light", "dark"]) -> Iterator[Page]:
    """A page in these colours; whatever the policy of the service refuses would be an error here."""
    with chromium.new_context(color_scheme=couleurs, locale="fr-FR") as contexte:
        page = contexte.new_page()
        erreurs: list[str] = []
        page.on("console", lambda dit: erreurs.append(dit.text) if "Content Security Policy" in dit.text else None)
        yield page
        assert erreurs == []


def _accessible(page: Page) -> None:
    resultat = Axe().run(page, options=_REGLES)
    assert resultat.response["passes"], "axe n'a rien vérifié"
    assert resultat.violations_count == 0, resultat.generate_report()
    assert resultat.response["incomplete"] == [], resultat.response["incomplete"]


def test_le_formulaire_vide_puis_en_faute_puis_le_merci(enquete: Enquete, page: Page, couleurs: str) -> None:
    page.goto(enquete.lien(PILOTES[0] if couleurs == "light" else PILOTES[1]))
    _accessible(page)
    page.get_by_role("button").click()
    assert page.title().startswith("Erreur : ")
    _accessible(page)
    _remplir(page)
    page.get_by_role("button").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("Merci")
    _accessible(page)
    page.get_by_role("link").click()
    assert page.get_by_role("button").inner_text() == "Enregistrer mes corrections"
    _accessible(page)


def test_un_lien_remplace_et_un_lien_inconnu(enquete: Enquete, page: Page) -> None:
    remplace = enquete.lien()
    enquete.lien()
    for adresse, statut in ((remplace, 410), (f"{enquete.service.url}/questionnaire/inconnu", 404)):
        recue = page.goto(adresse)
        assert recue is not None
        assert recue.status == statut
        _accessible(page)


def test_sans_javascript_on_repond_et_on_corrige(enquete: Enquete, chromium: Browser) -> None:
    with chromium.new_context(java_script_enabled=False) as contexte:
        page = contexte.new_page()
        page.goto(enquete.lien(PILOTES[2]))
        page.get_by_role("button", name=ENVOYER).click()
        assert page.get_by_role("heading", level=2).inner_text() == "Votre réponse n'est pas encore enregistrée"
        _remplir(page)
        page.get_by_label("Souhaitez-vous ajouter").fill("Trois mots\net d'autres")
        page.get_by_role("button").click()
        page.get_by_role("link", name="corriger mes réponses").click()
        assert page.get_by_label("Souhaitez-vous ajouter").input_value() == "Trois mots\net d'autres"
        page.get_by_label("Oui", exact=True).check()
        page.get_by_label("Si oui, lequel").fill("Tout se fige.")
        page.get_by_role("button").click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("Merci")
    (lue,) = [lue for lue in enquete.reponses() if lue["frein"] == "Tout se fige."]
    assert (lue["satisfaction"], lue["operations"]) == (5, {"consultation": 4})
    assert lue["commentaire"] == "Trois mots\net d'autres"


def test_au_clavier_seul_des_fautes_a_l_envoi(enquete: Enquete, chromium: Browser) -> None:
    with chromium.new_context() as contexte:
        page = contexte.new_page()
        page.goto(enquete.lien(PILOTES[3]))
        _jusqu_au(page, "BUTTON")
        page.keyboard.press("Enter")
        page.wait_for_selector("#a-corriger")
        _jusqu_au(page, "A")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.name") == "satisfaction"
        page.keyboard.press("ArrowDown")
        _jusqu_au(page, "INPUT", "frein_bloquant")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Space")
        _jusqu_au(page, "TEXTAREA", "frein")
        page.keyboard.type("Au clavier.")
        _jusqu_au(page, "BUTTON")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('Merci')")
    (lue,) = [lue for lue in enquete.reponses() if lue["frein"] == "Au clavier."]
    assert (lue["satisfaction"], lue["frein_bloquant"]) == (2, True)


def test_a_320_pixels_rien_ne_deborde(enquete: Enquete, chromium: Browser, tmp_path: Path) -> None:
    with chromium.new_context(viewport={"width": 320, "height": 640}) as contexte:
        page = contexte.new_page()
        lien = enquete.lien(PILOTES[4])
        page.goto(lien)
        _tient(page)
        page.get_by_role("button").click()
        _tient(page)
        enquete.service.appeler("POST", lien.removeprefix(enquete.service.url), json=bloquee(commentaire="m" * 300))
        page.goto(lien)
        _tient(page)
        hauteurs = page.eval_on_selector_all(".choix", "les => les.map(e => e.getBoundingClientRect().height)")
        assert min(hauteurs) >= 44
        page.screenshot(path=tmp_path / "telephone.png", full_page=True)


def _remplir(page: Page) -> None:
    page.get_by_role("group", name="Dans l'ensemble").get_by_label("Très satisfaisant").check()
    page.get_by_role("group", name="la consultation").get_by_label("Satisfaisant", exact=True).check()
    page.get_by_label("Non", exact=True).check()


def _jusqu_au(page: Page, balise: str, nom: str = "") -> None:
    """Tab after tab, as who has no mouse goes."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("[document.activeElement.tagName, document.activeElement.name || '']") == [balise, nom]:
            return
    raise AssertionError(f"Le clavier ne mène pas à {balise} {nom}")


def _tient(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
