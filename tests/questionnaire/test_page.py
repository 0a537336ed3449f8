"""The page of a pilote as a browser gets it: what it shows, keeps, refuses and never says."""

import base64
import hashlib
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import asyncpg
import httpx
from pydantic import SecretStr

from app.main import create_app
from app.observabilite import mesures
from app.reglages import Reglages
from tests.contrat.aides import NIR, cas, compter, mettre, verifier_probleme
from tests.outils import PILOTES, Service
from tests.questionnaire.aides import (
    NAVIGATEUR,
    REPONSES,
    bloquee,
    envoyer,
    formulaire,
    inviter_un,
    repondre,
    reponse,
)

_VIDES = {"meta", "br", "input"}
PIEGE = '</textarea><script>alert("zq7x9")</script>&amp;'


class _Lecteur(HTMLParser):
    """Fails on a tag that is not closed where it should be, and on what a policy without scripts forbids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ouvertes: list[str] = []
        self.balises: list[str] = []
        self.ids: list[str] = []
        self.liens: list[str] = []
        self.coches: set[tuple[str, str]] = set()
        self.feed(page)
        self.close()
        assert self.ouvertes == []
        assert len(set(self.ids)) == len(self.ids)
        assert not {"script", "link", "iframe", "img", "object"} & set(self.balises)
        assert "<!DOCTYPE html>" in page
        assert '<html lang="fr">' in page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        dits = dict(attrs)
        self.balises.append(tag)
        assert not [nom for nom in dits if nom.startswith("on") or nom == "style"]
        if "id" in dits:
            self.ids.append(dits["id"] or "")
        if "href" in dits:
            self.liens.append(dits["href"] or "")
        if tag == "input" and "checked" in dits:
            self.coches.add((dits["name"] or "", dits["value"] or ""))
        if tag not in _VIDES:
            self.ouvertes.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.ouvertes.pop() == tag


async def _page(pilote: Service, jeton: str, statut: int = 200) -> httpx.Response:
    recue = await pilote.appeler("GET", f"/questionnaire/{jeton}", headers=NAVIGATEUR)
    assert recue.status_code == statut
    assert recue.headers["content-type"] == "text/html; charset=utf-8"
    _Lecteur(recue.text)
    return recue


def _protegee(recue: httpx.Response) -> None:
    """Nobody keeps it, frames it, finds it, or learns its address."""
    politique = recue.headers["content-security-policy"]
    assert politique.startswith("default-src 'none'; ")
    assert politique.endswith("base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
    assert "unsafe" not in politique
    assert recue.headers["cache-control"] == "no-store"
    assert recue.headers["referrer-policy"] == "no-referrer"
    assert recue.headers["x-robots-tag"].startswith("noindex")
    assert recue.headers["x-frame-options"] == "DENY"
    assert recue.headers["x-content-type-options"] == "nosniff"
    if recue.headers["content-type"].startswith("text/html"):
        (style,) = re.findall(r"<style>(.*?)</style>", recue.text, re.DOTALL)
        empreinte = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{empreinte}';" in politique


async def test_la_page_pose_les_questions_du_referentiel(cnam: Service, pilote: Service) -> None:
    jeton = await inviter_un(cnam)
    lu = await pilote.lire(f"/questionnaire/{jeton}")
    assert (lu["logiciel"], lu["reponse"]) == ("Ortho Plus", None)
    recue = await _page(pilote, jeton)
    lecteur = _Lecteur(recue.text)
    texte = recue.text.replace("&#39;", "'")
    questions = lu["questions"]
    for dit in (
        *questions.pop("operations").values(),
        *questions.values(),
        lu["titre"],
        lu["introduction"],
        "Ortho Plus",
    ):
        assert dit in texte, dit
    assert all(note in texte for note in lu["notes"])
    assert lecteur.balises.count("fieldset") == lecteur.balises.count("legend") == 6
    assert lecteur.balises.count("textarea") == 2
    assert lecteur.coches == set()
    assert not [numero for numero in PILOTES if numero in recue.text]
    _protegee(recue)


async def test_le_formulaire_s_envoie_et_se_corrige(cnam: Service, pilote: Service, base: asyncpg.Connection) -> None:
    jeton = await inviter_un(cnam)
    merci = await envoyer(pilote, jeton, 201, commentaire="Ligne 1\r\nLigne 2")
    assert "Merci" in merci.text
    assert _Lecteur(merci.text).liens == [jeton]
    _protegee(merci)
    (lue,) = (await cnam.lire(REPONSES))["elements"]
    assert lue == reponse(commentaire="Ligne 1\nLigne 2") | {
        nom: lue[nom] for nom in ("id", "le", "frein_leve_le", "motif")
    }
    page = await _page(pilote, jeton)
    assert _Lecteur(page.text).coches == {
        ("satisfaction", "4"),
        ("operations.consultation", "5"),
        ("operations.execution", "4"),
        ("frein_bloquant", "non"),
    }
    assert "Ligne 1\nLigne 2</textarea>" in page.text
    await envoyer(pilote, jeton, 200, commentaire="Ligne 1\r\nLigne 2")
    assert await compter(base, "reponse") == 1
    await envoyer(pilote, jeton, 200, frein_bloquant="oui", frein="La délivrance se fige.")
    assert await compter(base, "reponse") == 2


async def test_un_formulaire_a_revoir_garde_ce_qui_est_ecrit(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    jeton = await inviter_un(cnam)
    champs = formulaire(frein_bloquant="oui", commentaire=PIEGE) | {"operations.execution": "2"}
    del champs["satisfaction"]
    recue = await pilote.appeler("POST", f"/questionnaire/{jeton}", data=champs, headers=NAVIGATEUR)
    assert recue.status_code == 422
    _protegee(recue)
    lecteur = _Lecteur(recue.text)
    assert lecteur.liens == ["#satisfaction-1", "#frein-1"]
    assert {lien.removeprefix("#") for lien in lecteur.liens} <= set(lecteur.ids)
    assert "<title>Erreur : " in recue.text
    assert "Choisissez une réponse." in recue.text
    assert "Dites quel est ce problème." in recue.text
    assert {("operations.execution", "2"), ("frein_bloquant", "oui")} <= lecteur.coches
    assert "&lt;/textarea&gt;&lt;script&gt;" in recue.text
    assert await compter(base, "reponse") == 0


async def test_chaque_faute_d_un_formulaire_a_sa_phrase(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    jeton = await inviter_un(cnam)
    for champs, phrase in (
        ({"satisfaction": "7"}, "Choisissez une réponse."),
        ({"satisfaction": "quatre"}, "Choisissez une réponse."),
        ({"frein_bloquant": "peut-être"}, "Répondez par oui ou par non."),
        ({"operations.execution": "0"}, "À chaque opération demandée, une note de 1 à 5."),
        ({"operations.inconnue": "3"}, "À chaque opération demandée, une note de 1 à 5."),
        ({"frein": "x" * 2001}, "Texte trop long : 2000 caractères au plus."),
        ({"commentaire": "x\r\n" * 1001}, "Texte trop long : 2000 caractères au plus."),
        ({"commentaire": f"Patient {NIR}."}, "Un numéro de sécurité sociale n'a pas sa place ici : ôtez-le."),
        ({"imprevu": "1"}, "Un champ n'est pas prévu"),
    ):
        with cas(champs):
            recue = await envoyer(pilote, jeton, 422, **champs)
            _Lecteur(recue.text)
            assert phrase in recue.text.replace("&#39;", "'")
    assert await compter(base, "reponse") == 0
    await envoyer(pilote, jeton, 201, commentaire="x\r\n" * 999)


async def test_un_programme_qui_envoie_le_formulaire_est_refuse_en_json(cnam: Service, pilote: Service) -> None:
    jeton = await inviter_un(cnam)
    entetes = {"Accept": "application/json"}
    envoi = formulaire(satisfaction="9")
    refus = await pilote.appeler("POST", f"/questionnaire/{jeton}", data=envoi, headers=entetes)
    assert verifier_probleme(refus, 422)["erreurs"][0]["champ"] == "satisfaction"
    recue = await pilote.appeler("POST", f"/questionnaire/{jeton}", data=formulaire(), headers=entetes)
    assert (recue.status_code, recue.json()["satisfaction"]) == (201, 4)
    _protegee(recue)
    illisible = {"content": b"a=%ff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    verifier_probleme(await pilote.appeler("POST", f"/questionnaire/{jeton}", **illisible), 400)


async def test_un_refus_est_une_page_pour_un_navigateur(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    remplace, jeton = await inviter_un(cnam), await inviter_un(cnam)

    async def refus(cible: str, statut: int, dit: str) -> None:
        for methode, corps in (("GET", None), ("POST", formulaire())):
            with cas((methode, statut)):
                recue = await pilote.appeler(methode, f"/questionnaire/{cible}", data=corps, headers=NAVIGATEUR)
                assert recue.status_code == statut
                _Lecteur(recue.text)
                _protegee(recue)
                assert dit in recue.text
                assert cible not in recue.text

    await refus("zq7x9zq7x9", 404, "demandez-en une nouvelle")
    await refus(remplace, 410, "demandez-en une nouvelle")
    await mettre(base, bilan_arrete_le=datetime.now(UTC))
    await refus(jeton, 409, "clos")
    sans_page = await pilote.appeler("GET", f"/questionnaire/{remplace}")
    verifier_probleme(sans_page, 410, "invitation-expiree")
    _protegee(sans_page)


async def test_un_refus_en_page_compte_parmi_les_problemes(cnam: Service, pilote: Service) -> None:
    def comptes() -> float:
        valeur = mesures.REGISTRE.get_sample_value("traces_postes_problemes_total", {"code": "introuvable"})
        return valeur or 0

    avant = comptes()
    await _page(pilote, "inconnu", 404)
    assert comptes() == avant + 1


async def test_un_parametre_de_trop_est_refuse_en_page(cnam: Service, pilote: Service) -> None:
    jeton = await inviter_un(cnam)
    recue = await pilote.appeler("GET", f"/questionnaire/{jeton}?utm_source=mel", headers=NAVIGATEUR)
    assert recue.status_code == 422
    _Lecteur(recue.text)


async def test_sans_base_un_navigateur_recoit_une_page(reglages: Reglages) -> None:
    application = create_app(
        reglages.model_copy(update={"database_url": SecretStr("postgresql://127.0.0.1:1/nulle-part")})
    )
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://test") as client,
    ):
        for methode in ("GET", "POST"):
            recue = await Service(client, application).appeler(
                methode, "/questionnaire/jeton", data=formulaire() if methode == "POST" else None, headers=NAVIGATEUR
            )
            assert (recue.status_code, recue.headers["retry-after"]) == (503, "2")
            _Lecteur(recue.text)


async def test_une_reponse_par_programme_et_par_page_est_la_meme(cnam: Service, pilote: Service) -> None:
    jeton = await inviter_un(cnam)
    await repondre(pilote, jeton, bloquee())
    await envoyer(pilote, jeton, 200, satisfaction="2", frein_bloquant="oui", frein="La délivrance se fige.")
    (lue,) = (await cnam.lire(REPONSES))["elements"]
    assert (lue["frein"], lue["commentaire"]) == ("La délivrance se fige.", None)
