"""The published JSON Schema of a trace says what the service does, but for what a schema cannot say."""

from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.contrat.exemples import lus
from app.contrat.trace import schema_autonome
from app.referentiels import OPERATIONS, TYPES_PRESCRIPTION
from app.traces.refus import Refus
from app.traces.tri import Rejet
from tests.outils import Corps, echec, trace
from tests.traces.annuaires import trier_un

SCHEMA = schema_autonome()
_VALIDATEUR = jsonschema.Draft202012Validator(SCHEMA)
_UUID = "0199a3f0-7c1e-7b2a-9d51-4f5f3b1c2d3e"
_TEXTE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=32)
_OFFSETS = st.sampled_from(["Z", "z", "+00:00", "-11:30", "+14:00", "+23:59"])
_INSTANTS = st.builds(
    lambda seconde, decimales, decalage: (
        f"{datetime.fromtimestamp(seconde, UTC):%Y-%m-%dT%H:%M:%S}{decimales}{decalage}"
    ),
    st.integers(-2_000_000_000, 250_000_000_000),  # years 1906 to 9892
    st.sampled_from(["", ".1", ".123456", ".123456789012"]),
    _OFFSETS,
)
_ERREUR: dict[str, tuple[st.SearchStrategy[Any], bool]] = {
    "code": (st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True), True),
    "origine": (st.sampled_from(["logiciel", "poste", "reseau", "teleservice", "utilisateur"]), True),
    "bloquante": (st.booleans(), False),
    "message": (st.just("") | _TEXTE, False),
}
_CHAMPS: dict[str, tuple[st.SearchStrategy[Any], bool]] = {
    "id": (st.uuids().map(str) | st.just(_UUID.upper()), True),
    "emise_le": (_INSTANTS, True),
    "numero_am": (st.from_regex(r"[0-9][0-9AB][0-9]{7}", fullmatch=True), True),
    "poste": (st.just("") | _TEXTE, False),
    "sequence": (st.sampled_from([0, 2**63 - 1]) | st.integers(0, 10**6), False),
    "logiciel": (st.from_regex(r"[a-z0-9][a-z0-9-]{1,62}", fullmatch=True), True),
    "version": (_TEXTE, True),
    "operation": (st.sampled_from(OPERATIONS), True),
    "ordonnance": (_TEXTE, False),
    "numero_execution": (st.sampled_from([1, 10_000]), False),
    "type_prescription": (st.sampled_from(TYPES_PRESCRIPTION), False),
    "resultat": (st.sampled_from(["succes", "echec"]), True),
    "scor_envoye": (st.booleans(), False),
    "duree_ms": (st.sampled_from([0, 2**31 - 1]), False),
}
_INTRUS: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, "", "x", "x" * 501, "a\x00b", "imagerie", -1, 2**63, 1.5, [], {}, {"code": "A"}, "2026-10-20", "é"]
)
_SORT = st.sampled_from(["donne"] * 60 + ["absent", "null", "autre"])
_SORT_FACULTATIF = st.sampled_from(["donne"] * 40 + ["absent"] * 20 + ["null"] * 6 + ["autre"])


@st.composite
def _objet(tirer: st.DrawFn, champs: dict[str, tuple[st.SearchStrategy[Any], bool]]) -> Corps:
    """Mostly valid; a field may be missing, null, or something else altogether."""
    objet = {}
    for nom, (valeurs, requis) in champs.items():
        sort = tirer(_SORT if requis else _SORT_FACULTATIF)
        if sort == "absent":
            continue
        objet[nom] = tirer(_INTRUS) if sort == "autre" else None if sort == "null" else tirer(valeurs)
    if tirer(_SORT) == "autre":
        objet["patient"] = "x"
    return objet


@st.composite
def _trace(tirer: st.DrawFn) -> Corps:
    une = tirer(_objet(_CHAMPS))
    contraire = tirer(_SORT) == "autre"
    if (une.get("resultat") == "echec") is not contraire:
        une["erreur"] = tirer(_objet(_ERREUR))
    if une.get("operation") == "execution" and not contraire:
        une = {"ordonnance": "ORD1", "type_prescription": TYPES_PRESCRIPTION[0]} | une
    return une


def _refusee(une: object) -> bool:
    """Whether the service finds no trace there; unknown pilotes and the like are another matter."""
    sortie = trier_un(une)  # type: ignore[arg-type]
    return isinstance(sortie, Rejet) and sortie.refus in (Refus.TRACE_INVALIDE, Refus.HORS_PERIMETRE)


@settings(max_examples=600)
@given(_trace())
def test_le_schema_et_le_service_disent_la_meme_chose(une: Corps) -> None:
    assert _VALIDATEUR.is_valid(une) is not _refusee(une)


FAUTES: list[tuple[str, Corps]] = [
    *((f"sans {champ}", trace(**{champ: ...})) for champ, (_, requis) in _CHAMPS.items() if requis),
    *((f"exécution sans {champ}", trace(**{champ: ...})) for champ in ("ordonnance", "type_prescription")),
    *((f"exécution à {champ} null", trace(**{champ: None})) for champ in ("ordonnance", "type_prescription")),
    ("échec sans erreur", echec(erreur=...)),
    ("échec à erreur null", echec(erreur=None)),
    ("succès avec erreur", trace(erreur=echec()["erreur"])),
    *(
        (f"erreur sans {c}", echec(erreur={k: v for k, v in echec()["erreur"].items() if k != c}))
        for c in ("code", "origine")
    ),
    ("erreur inconnue", echec(erreur=echec()["erreur"] | {"patient": "x"})),
    ("champ inconnu", trace(patient="x")),
    ("hors périmètre", trace(type_prescription="imagerie")),
    ("nombre entre guillemets", trace(duree_ms="412")),
    ("durée négative", trace(duree_ms=-1)),
    ("durée trop longue", trace(duree_ms=2**31)),
    ("séquence trop grande", trace(sequence=2**63)),
    ("exécution zéro", trace(numero_execution=0)),
    ("booléen en texte", trace(scor_envoye="true")),
    ("version vide", trace(version="")),
    ("version trop longue", trace(version="v" * 33)),
    ("NUL", trace(poste="a\x00b")),
    ("instant sans décalage", trace(emise_le="2026-10-20T09:12:44")),
    ("id quelconque", trace(id="trace-1")),
    ("N° AM trop court", trace(numero_am="38939142")),
    ("code en capitales", trace(logiciel="Ortho")),
    ("opération inconnue", trace(operation="lecture")),
]


@pytest.mark.parametrize("une", [faute for _, faute in FAUTES], ids=[nom for nom, _ in FAUTES])
def test_une_faute_seule_est_refusee_des_deux_cotes(une: Corps) -> None:
    assert not _VALIDATEUR.is_valid(une)
    assert _refusee(une)


# What the schema cannot say (the service is right), and where it is stricter (the one form that we ask for).
TROP_LARGE: list[tuple[str, Corps]] = [
    ("un instant qui n'existe pas", trace(emise_le="2026-02-30T09:00:00Z")),
    ("un instant avant 1900", trace(emise_le="1899-12-31T23:59:59Z")),
    ("un instant après 9998", trace(emise_le="9999-06-01T00:00:00Z")),
    ("un entier écrit avec une virgule", trace(duree_ms=412.0)),
]
TROP_STRICT: list[tuple[str, Corps]] = [
    ("un UUID sans tirets", trace(id=_UUID.replace("-", ""))),
    ("un UUID en urn", trace(id=f"urn:uuid:{_UUID}")),
]


@pytest.mark.parametrize("une", [une for _, une in TROP_LARGE], ids=[nom for nom, _ in TROP_LARGE])
def test_ce_qu_un_schema_ne_peut_dire(une: Corps) -> None:
    assert _VALIDATEUR.is_valid(une)
    assert _refusee(une)


@pytest.mark.parametrize("une", [une for _, une in TROP_STRICT], ids=[nom for nom, _ in TROP_STRICT])
def test_ou_le_schema_ne_dit_qu_une_des_formes_admises(une: Corps) -> None:
    assert not _VALIDATEUR.is_valid(une)
    assert not _refusee(une)


def test_le_schema_est_du_2020_12_et_ses_exemples_sont_valides() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert len(SCHEMA["examples"]) == len(lus("TraceRecue")) >= 5
    for exemple in SCHEMA["examples"]:
        _VALIDATEUR.validate(exemple)
    for schema in (SCHEMA, *SCHEMA["$defs"].values()):
        assert [nom for nom, champ in schema["properties"].items() if "description" not in champ] == []
