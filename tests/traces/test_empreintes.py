"""Equal values, however they are written, are one content; any other value is another content."""

import json
import random
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from app.traces.empreintes import TAILLE, pseudonyme
from app.traces.tri import Ligne
from tests.outils import Corps
from tests.traces.annuaires import CLE, admise

_DEBUT, _FIN = datetime(1990, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001 — Hypothesis wants naive bounds
_decalages = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_instants = st.datetimes(_DEBUT, _FIN, timezones=_decalages)
_lettres = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Nd"]), max_size=20)
_erreurs = st.fixed_dictionaries(
    {"code": st.from_regex("[A-Za-z._-]{1,64}", fullmatch=True), "origine": st.sampled_from(("logiciel", "reseau"))},
    optional={"bloquante": st.booleans(), "message": _lettres},
)
_faits = {
    "poste": _lettres,
    "sequence": st.integers(0, 2**63 - 1),
    "numero_execution": st.integers(1, 10_000),
    "scor_envoye": st.booleans(),
    "duree_ms": st.integers(0, 2**31 - 1),
}
_requis = {
    "id": st.uuids().map(str),
    "emise_le": _instants.map(datetime.isoformat),
    "numero_am": st.just("389391422"),
    "logiciel": st.just("ortho-plus"),
    "version": _lettres.filter(bool),
    "operation": st.sampled_from(("execution", "consultation")),
    "ordonnance": _lettres.filter(bool),
    "type_prescription": st.sampled_from(("biologie", "orthoptie")),
}


@st.composite
def traces(tirer: st.DrawFn) -> Corps:
    """Any valid trace of one known pilote."""
    corps: Corps = tirer(st.fixed_dictionaries(_requis, optional=_faits))
    erreur = tirer(st.none() | _erreurs)
    return corps | ({"resultat": "succes"} if erreur is None else {"resultat": "echec", "erreur": erreur})


def _ligne(corps: Corps) -> Ligne:
    return admise(json.dumps(corps)).ligne


def _autrement(corps: Corps, hasard: random.Random, decalage: timezone) -> Corps:
    """The same values in other words."""
    dit: Corps = {"numero_execution": 1, **dict.fromkeys(("poste", "sequence", "scor_envoye", "duree_ms"))} | corps
    instant = datetime.fromisoformat(corps["emise_le"]).astimezone(decalage)
    dit["emise_le"] = instant.isoformat(timespec=hasard.choice(("microseconds", "auto")))
    dit["id"] = corps["id"].upper()
    if "erreur" in corps:
        dit["erreur"] = _melanger(
            {"bloquante": hasard.choice((False, None)), "message": None} | corps["erreur"], hasard
        )
    else:
        dit["erreur"] = None
    if hasard.random() < 0.5 and dit["numero_execution"] == 1:
        dit["numero_execution"] = None
    return _melanger(dit, hasard)


def _melanger(corps: Corps, hasard: random.Random) -> Corps:
    cles = list(corps)
    hasard.shuffle(cles)
    return {cle: corps[cle] for cle in cles}


@given(traces(), st.randoms(use_true_random=False), _decalages)
def test_les_memes_valeurs_autrement_ecrites_sont_un_meme_contenu(
    corps: Corps, hasard: random.Random, decalage: timezone
) -> None:
    assert _ligne(_autrement(corps, hasard, decalage)) == _ligne(corps)


_AUTRES: dict[str, st.SearchStrategy[Any]] = {
    **{champ: st.none() | valeurs for champ, valeurs in _faits.items()},
    **{champ: _requis[champ] for champ in ("emise_le", "version", "operation", "ordonnance", "type_prescription")},
}
_DEFAUTS = {"numero_execution": 1}


@given(traces(), st.data())
def test_une_valeur_changee_est_un_autre_contenu(corps: Corps, donnees: st.DataObject) -> None:
    champ = donnees.draw(st.sampled_from(sorted(_AUTRES)))
    valeur = donnees.draw(_AUTRES[champ])
    avant = corps.get(champ)
    assume((valeur or _DEFAUTS.get(champ, valeur)) != (avant or _DEFAUTS.get(champ, avant)))
    assume(champ != "emise_le" or datetime.fromisoformat(valeur) != datetime.fromisoformat(corps[champ]))
    assert _ligne(corps | {champ: valeur}).empreinte != _ligne(corps).empreinte


@given(traces(), _erreurs, _erreurs)
def test_une_autre_erreur_est_un_autre_contenu(corps: Corps, une: Corps, autre: Corps) -> None:
    def dite(erreur: Corps) -> tuple[object, ...]:
        return erreur["code"], erreur["origine"], erreur.get("bloquante", False), erreur.get("message")

    assume(dite(une) != dite(autre))
    echecs = [corps | {"resultat": "echec", "erreur": erreur} for erreur in (une, autre)]
    succes = {cle: v for cle, v in corps.items() if cle != "erreur"} | {"resultat": "succes"}
    assert len({_ligne(dit).empreinte for dit in (*echecs, succes)}) == 3


def test_un_texte_vide_n_est_pas_une_absence() -> None:
    base: Corps = {
        "id": "0199a3f0-7c1e-7b2a-9d51-4f5f3b1c2d3e",
        "emise_le": "2026-10-20T09:12:44Z",
        "numero_am": "389391422",
        "logiciel": "ortho-plus",
        "version": "4",
        "operation": "consultation",
        "resultat": "succes",
    }
    assert _ligne(base | {"poste": ""}).empreinte != _ligne(base).empreinte
    assert _ligne(base | {"sequence": 0}).empreinte != _ligne(base).empreinte
    assert _ligne(base | {"duree_ms": 0}).empreinte != _ligne(base).empreinte
    assert _ligne(base | {"scor_envoye": False}).empreinte != _ligne(base).empreinte


def test_la_microseconde_compte_et_pas_moins() -> None:
    def instant(fraction: str) -> bytes:
        corps = {
            "id": "0199a3f0-7c1e-7b2a-9d51-4f5f3b1c2d3e",
            "emise_le": f"2026-10-20T09:12:44{fraction}Z",
            "numero_am": "389391422",
            "logiciel": "ortho-plus",
            "version": "4",
            "operation": "consultation",
            "resultat": "succes",
        }
        return _ligne(corps).empreinte

    assert instant("") == instant(".0") == instant(".000000")
    assert instant(".120") == instant(".12") == instant(".1200009")
    assert instant(".120000") != instant(".120001")


@given(st.binary(min_size=32, max_size=32), st.text(st.characters(codec="utf-8"), min_size=1, max_size=64))
def test_un_pseudonyme_depend_de_la_cle_et_du_numero(cle: bytes, numero: str) -> None:
    assume(cle != CLE)
    lui = pseudonyme(CLE, numero)
    assert len(lui) == TAILLE
    assert lui == pseudonyme(CLE, numero)
    assert lui != pseudonyme(cle, numero)
    assert lui != pseudonyme(CLE, numero + "0")
