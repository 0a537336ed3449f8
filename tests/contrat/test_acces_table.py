"""Who may do what: one row per route, one cell per caller (CONTRACT, « Access »). A new route is a new row.

A cell is 401 without a good key, 403 for a role that the row does not name, and for the others what the row's
``portee`` says: success, or 403 or 404 where the object is another's. A list is 200 to each of its roles, and
``vus`` says which items each caller finds in it. An éditeur owns the target's logiciel (``editeur``), another owns the
module it uses (``editeur-moteur``), a third neither (``editeur-tiers``); the keys are in ``monde.CLES``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from app.acces.roles import Role
from tests.contrat import monde
from tests.contrat.aides import cas, pilote, verifier_probleme
from tests.contrat.monde import CLES, PILOTE, SERIE, SERIE_TIERCE, Appelant
from tests.outils import Corps, Service, trace
from tests.test_documents import DOCS


@dataclass(frozen=True, slots=True)
class Portee:
    """Which keys of the right role reach the target, and what the others of that role are told; ``cnam`` does."""

    atteignent: frozenset[str]
    sinon: int


def _portee(atteignent: str, sinon: int = 404) -> Portee:
    return Portee(frozenset(atteignent.split()), sinon)


TOUTES = _portee(" ".join(CLES))
SIENNE = _portee("editeur lecture lecture-ici lecture-deux")
MODULE = _portee("editeur editeur-moteur")
ENVOI = _portee("editeur poste poste-pilote", 403)


@dataclass(frozen=True, slots=True)
class Route:
    """One row. ``roles`` is None where no key is needed; ``corps`` may be a function, for a fresh body each time."""

    methode: str
    gabarit: str
    roles: str | None
    portee: Portee = TOUTES
    corps: object | Callable[[], object] = None
    requete: str = ""
    vus: Mapping[str, str] | None = None
    statuts: frozenset[int] = frozenset({200})

    @property
    def nom(self) -> str:
        return f"{self.methode} {self.gabarit}"


def _liste(gabarit: str, roles: str = "editeur cnam", portee: Portee = TOUTES, **vus: str) -> Route:
    """A list of which each caller named sees these codes, the others that reach it none."""
    return Route("GET", gabarit, roles, portee, vus={nom.replace("_", "-"): codes for nom, codes in vus.items()})


def _une_trace() -> Corps:
    return trace(logiciel="lo-cible", numero_am=PILOTE)


DEUX = f"{SERIE} {SERIE_TIERCE}"
BILANS = {
    "cnam": DEUX,
    "editeur": SERIE,
    "editeur_tiers": SERIE_TIERCE,
    "lecture": DEUX,
    "lecture_ici": SERIE,
    "lecture_deux": DEUX,
    "lecture_ailleurs": SERIE_TIERCE,
}
"""The préséries whose bilans each finds in a list of all."""
CREE = frozenset({201})
DECLARE = frozenset({200, 201})
"""Anew where another caller has corrected it."""
UNE_ANOMALIE = "{operation}/{anomalie}"
APPROUVE = frozenset({201, 409})
"""Or too late: the bilan is sealed, and another caller of the table may have sealed it again."""
CIBLE = f"logiciel=lo-cible&numero_am={PILOTE}"
ROUTES = [
    Route("POST", "/traces", "poste editeur cnam", ENVOI, _une_trace, statuts=CREE),
    Route("POST", "/traces/essai", "poste editeur cnam", ENVOI, _une_trace, statuts=CREE),
    Route("GET", "/traces/consigne", "poste editeur cnam", ENVOI, requete=CIBLE),
    _liste(
        "/editeurs",
        cnam="ed-cible ed-moteur ed-tiers",
        editeur="ed-cible",
        editeur_moteur="ed-moteur",
        editeur_tiers="ed-tiers",
    ),
    Route("GET", "/editeurs/{code}", "editeur cnam", SIENNE),
    Route("PUT", "/editeurs/{code}", "cnam", corps=monde.EDITEUR),
    _liste(
        "/modules",
        cnam="mo-moteur mo-tiers",
        editeur="mo-moteur",
        editeur_moteur="mo-moteur",
        editeur_tiers="mo-tiers",
    ),
    Route("GET", "/modules/{code}", "editeur cnam", MODULE),
    Route("PUT", "/modules/{code}", "cnam", corps=monde.MODULE),
    _liste("/logiciels", cnam="lo-cible lo-tiers", editeur="lo-cible", editeur_tiers="lo-tiers"),
    Route("GET", "/logiciels/{code}", "editeur cnam", SIENNE),
    Route("PUT", "/logiciels/{code}", "cnam", corps=monde.LOGICIEL),
    _liste("/preseries", cnam="ps-cible ps-tierce", editeur="ps-cible", editeur_tiers="ps-tierce"),
    Route("GET", "/preseries/{code}", "editeur cnam", SIENNE),
    Route("PUT", "/preseries/{code}", "cnam", corps=monde.PRESERIE),
    Route("GET", "/preseries/{code}/jalons", "editeur cnam", SIENNE),
    Route("GET", "/preseries/{code}/jalons/{jalon}", "editeur cnam", SIENNE),
    Route("PUT", "/preseries/{code}/jalons/{jalon}", "cnam", corps=monde.JALON),
    Route("GET", "/preseries/{code}/prerequis/{prerequis}", "editeur cnam", SIENNE),
    Route("PUT", "/preseries/{code}/prerequis/{prerequis}", "editeur cnam", SIENNE, monde.PREREQUIS),
    Route("GET", "/preseries/{code}/pilotes", "editeur cnam", SIENNE),
    Route("GET", "/preseries/{code}/pilotes/{numero_am}", "editeur cnam", SIENNE),
    Route("PUT", "/preseries/{code}/pilotes/{numero_am}", "editeur cnam", SIENNE, pilote()),
    Route("GET", "/preseries/{code}/planning", "editeur cnam", SIENNE),
    Route("POST", "/preseries/{code}/planning", "editeur cnam", SIENNE, b"numero_am\r\n" + PILOTE.encode()),
    _liste("/validites", cnam="lo-cible lo-tiers", editeur="lo-cible", editeur_tiers="lo-tiers"),
    Route("GET", "/preseries/{code}/postes", "editeur cnam", SIENNE),
    Route("POST", "/preseries/{code}/demarrage", "cnam", corps={}),
    Route("GET", "/preseries/{code}/traces-postes", "editeur cnam", SIENNE),
    Route("PUT", "/preseries/{code}/traces-postes", "editeur cnam", SIENNE, {"actives": True}),
    Route("GET", "/preseries/{code}/decision", "editeur cnam", SIENNE),
    Route("POST", "/preseries/{code}/decision", "cnam", corps=monde.PROLONGATION),
    Route("POST", "/preseries/{code}/cloture", "cnam", statuts=frozenset({409})),  # not validated
    Route("GET", "/bilan/preseries/{code}", "editeur lecture cnam", SIENNE),
    Route("GET", "/bilan/preseries/{code}/ventilation", "editeur lecture cnam", SIENNE, requete="par=jour"),
    Route("GET", "/bilan/preseries/{code}/rapport", "editeur lecture cnam", SIENNE),
    Route("GET", "/bilan/preseries/{code}/qualite", "editeur lecture cnam", SIENNE),
    Route("GET", "/bilan/preseries/{code}/pilotes", "editeur lecture cnam", SIENNE),
    Route("GET", "/bilan/preseries/{code}/flux", "editeur lecture cnam", SIENNE),
    _liste("/bilan", "editeur lecture cnam", TOUTES, **BILANS),
    _liste(
        "/bilan/editeurs/{code}",
        "editeur lecture cnam",
        SIENNE,
        **dict.fromkeys(("cnam", "editeur", "lecture", "lecture_ici", "lecture_deux"), SERIE),
    ),
    _liste(
        "/bilan/modules/{code}",
        "editeur lecture cnam",
        _portee("editeur editeur-moteur lecture lecture-ici lecture-deux"),
        **dict.fromkeys(("cnam", "editeur", "lecture", "lecture_ici", "lecture_deux"), SERIE),
    ),
    *(
        Route("GET", liste, "editeur lecture cnam", SIENNE, requete=f"preserie={SERIE}")
        for liste in ("/executions", "/tentatives", "/traces", "/receptions")
    ),
    Route("GET", "/executions/{identifiant}", "editeur lecture cnam", SIENNE),
    Route("PATCH", "/executions/{identifiant}", "cnam", corps=monde.ECART),
    Route("GET", "/preseries/{code}/prerequis", "editeur lecture cnam", SIENNE),
    Route("GET", "/preseries/{code}/anomalies", "editeur lecture cnam", SIENNE),
    Route("POST", "/preseries/{code}/anomalies", "editeur cnam", SIENNE, monde.ANOMALIE, statuts=DECLARE),
    Route("GET", f"/preseries/{{code}}/anomalies/{UNE_ANOMALIE}", "editeur lecture cnam", SIENNE),
    Route("PATCH", f"/preseries/{{code}}/anomalies/{UNE_ANOMALIE}", "editeur cnam", SIENNE, monde.CORRECTION),
    Route("POST", "/preseries/{code}/questionnaire/invitations", "editeur cnam", SIENNE, statuts=APPROUVE),
    Route("GET", "/preseries/{code}/questionnaire/invitations", "editeur cnam", SIENNE),
    Route("GET", "/preseries/{code}/questionnaire", "editeur lecture cnam", SIENNE),
    Route("GET", "/preseries/{code}/questionnaire/reponses", "editeur lecture cnam", SIENNE),
    Route("PATCH", "/preseries/{code}/questionnaire/reponses/{reponse}", "cnam", corps=monde.LEVEE),
    Route("GET", "/questionnaire/{jeton}", None, statuts=frozenset({404})),  # the token of nobody
    Route("POST", "/questionnaire/{jeton}", None, corps=monde.REPONSE, statuts=frozenset({404})),
    Route("GET", "/bilan/preseries/{code}/arretes", "editeur lecture cnam", SIENNE),
    Route("GET", "/bilan/arretes/{arrete}", "editeur lecture cnam", SIENNE),
    Route("GET", "/bilan/arretes/{arrete}/rectification", "editeur lecture cnam", SIENNE),
    Route("POST", "/bilan/arretes/{arrete}/approbations", "editeur cnam", SIENNE, monde.APPROBATION, statuts=APPROUVE),
    Route("POST", "/bilan/preseries/{code}/arretes", "editeur cnam", SIENNE, statuts=CREE),
    Route("GET", "/journal", "editeur cnam"),
    Route("GET", "/metrics", "supervision cnam"),
    Route("GET", "/.well-known/jwks.json", None),
    Route("GET", "/sante/vivant", None),
    Route("GET", "/sante/pret", None),
    Route("GET", "/openapi.json", None),
    Route("GET", "/docs", None),
]
# What the parameters of a template stand for: by parameter, or by first segment where that is ``code``.
_CIBLES = {"editeurs": "ed-cible", "modules": "mo-moteur", "logiciels": "lo-cible", "preseries": SERIE}


def _adresse(route: Route, ids: Mapping[str, str], *, connue: bool = True) -> str:
    """The route's address on the target; or on something that nobody has, where that can be said."""
    cibles = {
        "jalon": "support",
        "numero_am": PILOTE,
        "operation": "execution",
        "anomalie": "LOG-1",
        "prerequis": "certificat",
        "jeton": "jeton",
        **ids,
    }

    def valeur(trouve: re.Match[str]) -> str:
        segments = route.gabarit[: trouve.start()].strip("/").split("/")
        return cibles.get(trouve[1]) or _CIBLES[segments[-1]]

    adresse = re.sub(r"\{(\w+)\}", valeur, route.gabarit) + (f"?{route.requete}" if route.requete else "")
    if connue:
        return adresse
    for code in (*_CIBLES.values(), ids["identifiant"], ids["arrete"]):
        adresse = adresse.replace(code, "inconnu")
    return adresse


async def _demander(service: Service, route: Route, appelant: Appelant, adresse: str) -> httpx.Response:
    corps = route.corps() if callable(route.corps) else route.corps
    entetes = dict(appelant.entetes)
    if isinstance(corps, bytes):
        entetes |= {"Content-Type": "text/csv"}
        return await service.client.request(route.methode, adresse, headers=entetes, content=corps)
    return await service.client.request(route.methode, adresse, headers=entetes, json=corps)


def _permis(route: Route) -> set[str]:
    return set((route.roles or "").split())


def _attendu(route: Route, appelant: Appelant) -> int | None:
    """The status of a refusal, or None for success."""
    if route.roles is None:
        return None
    if appelant.role is None:
        return 401
    if appelant.role not in _permis(route):
        return 403
    return None if appelant.role is Role.CNAM or appelant.nom in route.portee.atteignent else route.portee.sinon


def _codes(page: Corps) -> list[str]:
    """The codes of a page's objects, the logiciels of its validités, or the préséries of its bilans."""
    elements = page["elements"] if "elements" in page else page["preseries"]
    return [element.get("code") or element["preserie"] or element["logiciel"] for element in elements]


async def _verifier(service: Service, route: Route, appelant: Appelant, ids: Mapping[str, str]) -> None:
    reponse = await _demander(service, route, appelant, _adresse(route, ids))
    attendu = _attendu(route, appelant)
    if attendu is None:
        assert reponse.status_code in route.statuts, reponse.text
        if route.vus is not None:
            assert _codes(reponse.json()) == route.vus.get(appelant.nom, "").split()
        return
    probleme = verifier_probleme(reponse, attendu)
    if attendu == 401:
        assert reponse.headers["www-authenticate"].startswith("Bearer")
    if attendu == 403:
        assert probleme["type"].endswith(":role-insuffisant") is (appelant.role not in _permis(route))
    if attendu == 404:
        autre = await _demander(service, route, appelant, _adresse(route, ids, connue=False))
        absent = verifier_probleme(autre, 404, "introuvable")
        assert (probleme["title"], probleme["detail"]) == (absent["title"], absent["detail"])


async def test_chaque_appelant_sur_chaque_route(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    await monde.inscrire_le_monde(cnam)
    assert (await cnam.poster(_une_trace())).status_code == 201
    executions = await cnam.lire(f"/executions?preserie={SERIE}")
    repondu = await monde.repondre(cnam)  # before the bilan is sealed, which ends the questionnaire
    arrete = (await cnam.appeler("POST", f"/bilan/preseries/{SERIE}/arretes")).json()["id"]
    ids = {"identifiant": executions["elements"][0]["id"], "reponse": repondu, "arrete": arrete}
    for appelant in await monde.appelants(service):
        for route in ROUTES:
            with cas((appelant.nom, route.nom)):
                await _verifier(service, route, appelant, ids)


async def test_chaque_route_a_sa_ligne(service: Service) -> None:
    chemins = service.application.openapi()["paths"]
    servies = {f"{methode.upper()} {chemin}" for chemin, methodes in chemins.items() for methode in methodes}
    lignes = [route.nom for route in ROUTES]
    assert set(lignes) - {"GET /docs", "GET /openapi.json"} == servies
    assert len(lignes) == len(set(lignes))


def test_les_roles_sont_ceux_de_la_documentation() -> None:
    page = (DOCS / "routes.md").read_text("utf-8")
    lignes = re.findall(r"^\| `([A-Z]+ /[^`]*)` \| ([^|]+) \|", page, re.MULTILINE)
    decrits = {nom: set(re.findall(r"`(\w+)`", roles)) for nom, roles in lignes}
    assert decrits == {route.nom: _permis(route) for route in ROUTES}


def test_les_roles_de_la_table_existent() -> None:
    assert {role for route in ROUTES for role in _permis(route)} <= {*Role}
