"""Every operation of ``/openapi.json``, called with what its description allows and with what it does not."""

import json
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.fuzz.campagne import Cible
from tests.fuzz.fil import PATIENCE_S, Reponse
from tests.fuzz.jugement import mal_formee
from tests.outils import PILOTES, PRESERIE
from tests.processus.lancement import creer_cle

Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
Cas: TypeAlias = Case[Operation]
_CONNUS = {"code": PRESERIE, "numero_am": PILOTES[0], "jalon": "support"}
_CODES = {"editeurs": "ortho-soft", "modules": "mon-ortho", "logiciels": "ortho-plus"}
_CLES: Mapping[str, tuple[str, ...]] = {
    "cnam": (),
    "editeur": ("--editeur", "ortho-soft"),
    "poste": ("--editeur", "ortho-soft"),
    "lecture": (),
    "supervision": (),
}
_TROP_COURT = 6
"""Shorter texts may stand in an answer by chance."""


@dataclass
class Eprouvees:
    """What the calls gave: statuses by role, and defects."""

    statuts: dict[str, Counter[int]] = field(default_factory=dict)
    fautes: set[str] = field(default_factory=set)


def eprouver(visee: Cible, exemples: int, graine: int) -> Eprouvees:
    """So many examples for each operation, mode, and known and unknown address; each called with a key of each role."""
    description = visee.serveur.appeler("GET", "/openapi.json").json()
    mots = json.dumps(description, ensure_ascii=False)
    vues = Eprouvees()
    cles = {role: creer_cle(visee.serveur.dossier, "--role", role, *bornes) for role, bornes in _CLES.items()}
    porteurs = {"sans clé": {}, **{role: {"Authorization": f"Bearer {cle}"} for role, cle in cles.items()}}
    vues.statuts = {role: Counter() for role in porteurs}
    for resultat in schemathesis.openapi.from_dict(description).get_all_operations():
        assert isinstance(resultat, Ok), "description illisible"
        operation = resultat.ok()
        for cas in _tirer(operation, exemples, graine):
            for role, entetes in porteurs.items():
                statut, faute = _appeler(visee, cas, entetes, mots)
                vues.statuts[role][statut] += 1
                if faute is not None:
                    vues.fautes.add(f"{role}, {operation.label} : {faute}")
    return vues


def _tirer(operation: Operation, exemples: int, graine: int) -> list[Cas]:
    tires: list[Cas] = []

    def tirer(cas: Cas) -> None:
        tires.append(cas)

    reglages = settings(
        max_examples=exemples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        for chemin in _chemins(operation):
            strategie = operation.as_strategy(mode, path_parameters=chemin)
            # What has no parameter has nothing to get wrong.
            with warnings.catch_warnings(), suppress(Unsatisfiable):
                warnings.simplefilter("ignore")
                seed(graine)(reglages(given(strategie)(tirer)))()
    return tires


def _appeler(visee: Cible, cas: Cas, entetes: dict[str, str], mots: str) -> tuple[int, str | None]:
    """The status, and what is wrong with the answer."""
    if cas.operation.label.endswith("/flux"):
        return _ouvrir(visee, cas, entetes, mots)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reponse = cas.call(base_url=visee.serveur.url, headers=entetes)
    recus = {nom.lower(): valeurs[0] for nom, valeurs in reponse.headers.items()}
    brute = json.dumps(recus).encode() + reponse.content
    recue = Reponse(reponse.status_code, recus, brute, reponse.content, reponse.elapsed)
    return recue.statut, _faute(cas, recue, mots)


def _ouvrir(visee: Cible, cas: Cas, entetes: dict[str, str], mots: str) -> tuple[int, str | None]:
    """The same of an answer that has no end where it is no refusal."""
    appel = cas.as_transport_kwargs(base_url=visee.serveur.url, headers=entetes)
    envoyes = {nom: valeur.strip().encode("latin-1") for nom, valeur in appel["headers"].items()}
    with httpx.stream(
        appel["method"], appel["url"], params=appel["params"], headers=envoyes, timeout=PATIENCE_S
    ) as reponse:
        corps = b"" if reponse.is_success else reponse.read()
    recus = {nom.lower(): valeur for nom, valeur in reponse.headers.items()}
    brute = json.dumps(recus).encode() + corps
    return reponse.status_code, _faute(cas, Reponse(reponse.status_code, recus, brute, corps, 0.0), mots)


def _chemins(operation: Operation) -> Iterator[dict[str, str] | None]:
    """Path parameters as they come, then those of the example, so that calls reach beyond a 404."""
    yield None
    noms = [parametre.name for parametre in operation.path_parameters]
    if noms and set(noms) <= set(_CONNUS):
        premier = operation.path.strip("/").split("/")[0]
        yield {nom: _CONNUS[nom] for nom in noms} | ({"code": _CODES[premier]} if premier in _CODES else {})


def _faute(cas: Cas, reponse: Reponse, mots: str) -> str | None:
    if reponse.statut >= 500:
        return f"{reponse.statut} pour {cas.as_curl_command()}"
    if reponse.statut < 400:
        return None
    if (mal := mal_formee(reponse)) is not None:
        return f"{mal} ({reponse.statut}) pour {cas.as_curl_command()}"
    dite = reponse.brute.decode("utf-8", "replace")
    repetes = [texte for texte in _textes([cas.path_parameters, cas.query, cas.body]) if texte in dite]
    return next((f"répète {texte!r}" for texte in repetes if texte not in mots and not _est_uuid(texte)), None)


def _est_uuid(texte: str) -> bool:
    """The id of a trace is given back, when it is one."""
    try:
        UUID(texte)
    except ValueError:
        return False
    return True


def _textes(valeur: object) -> Iterator[str]:
    if isinstance(valeur, str) and len(valeur) >= _TROP_COURT:
        yield valeur
    elif isinstance(valeur, dict):
        yield from _textes([*valeur.keys(), *valeur.values()])
    elif isinstance(valeur, list):
        for une in valeur:
            yield from _textes(une)
