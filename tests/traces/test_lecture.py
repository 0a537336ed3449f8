"""Whatever comes as a body: valid traces live, the others say why, and nothing of them is given back."""

import json
from uuid import UUID

import pytest

from app.erreurs import CorpsIllisible, CorpsTropGrand
from app.traces.lecture import TRACES_MAX, Illisible, lire, uuid_ou_rien
from tests.outils import Corps, trace

_ID = "0199a3f0-7c1e-7b2a-9d51-4f5f3b1c2d3e"


def _objet(**champs: object) -> str:
    return json.dumps(trace(**champs))


def _avec(fragment: str) -> str:
    """A valid trace of a known id, with one more member written by hand."""
    return _objet(id=_ID)[:-1] + f", {fragment}}}"


def _illisible(corps: str) -> Illisible:
    """The one item of a body, which must be no valid trace."""
    (element,) = lire(corps.encode()).elements
    assert isinstance(element, Illisible)
    return element


def test_un_objet_est_seul_un_tableau_ne_l_est_pas() -> None:
    assert lire(_objet().encode()).seule
    assert lire(b" \t\r\n" + _objet().encode() + b"\n").seule
    assert not lire(f" [{_objet()}]".encode()).seule
    assert not lire(b"[]").seule
    assert lire(b"[]").elements == []


def test_une_trace_valide_est_lue_en_valeurs() -> None:
    (element,) = lire(_objet(id=_ID).encode()).elements
    assert not isinstance(element, Illisible)
    assert element["id"] == UUID(_ID)
    assert element["emise_le"].isoformat() == "2026-10-20T09:12:44.120000+02:00"


@pytest.mark.parametrize(
    "corps",
    [
        b"",
        b"   ",
        b"{",
        b"[1,]",
        b"{} {}",
        b"bonjour",
        b"{'id': 1}",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'{"version": "\xe9"}',
        b'[{"version": "\xff\xfe"}]',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda corps: repr(corps[:12]),
)
def test_ce_qui_n_est_pas_du_json_en_utf8_est_illisible(corps: bytes) -> None:
    with pytest.raises(CorpsIllisible):
        lire(corps)


@pytest.mark.parametrize("corps", ["null", "42", '"texte"', "true", "1e3"])
def test_un_json_qui_n_est_pas_un_objet_n_est_pas_une_trace(corps: str) -> None:
    assert _illisible(corps) == Illisible(None, None, "Trace invalide : chaque trace est un objet JSON.")


MAUVAIS = {
    "imbrication de 150": _avec(f'"poste": {"[" * 150}{"]" * 150}'),
    "imbrication de 300": _avec(f'"poste": {"[" * 300}{"]" * 300}'),
    "objets imbriqués": _avec('"poste": ' + '{"a":' * 300 + "1" + "}" * 300),
    "substitut isolé": _avec('"poste": "\\ud800"'),
    "substituts à l'envers": _avec('"poste": "\\udc00\\ud800"'),
    "nom de champ substitut": _avec('"\\udfff": 1'),
    "substitut dans l'id": _avec('"id": "\\ud800"'),
    "NaN": _avec('"duree_ms": NaN'),
    "infini": _avec('"duree_ms": -Infinity'),
    "débordement": _avec('"duree_ms": 1e999'),
    "5 000 chiffres": _avec(f'"duree_ms": {"9" * 5000}'),
    "5 000 chiffres négatifs": _avec(f'"duree_ms": -{"9" * 5000}'),
    "5 000 décimales": _avec(f'"duree_ms": 1.{"9" * 5000}'),
    "100 chiffres": _avec(f'"sequence": {"9" * 100}'),
    "NUL": _avec('"poste": "a\\u0000b"'),
    "champ inconnu": _avec('"nom_du_patient": "x"'),
    "pas un objet": "[{}]",
    "null": "null",
    "vide": "{}",
}


@pytest.mark.parametrize("mauvais", MAUVAIS.values(), ids=MAUVAIS.keys())
def test_un_mauvais_element_laisse_vivre_ses_voisins(mauvais: str) -> None:
    avant, apres = _objet(), _objet(poste="é\U0001f600")
    elements = lire(f"[{avant}, {mauvais}, {apres}]".encode()).elements
    assert len(elements) == 3
    assert isinstance(elements[1], Illisible)
    for element, attendu in ((elements[0], avant), (elements[2], apres)):
        assert not isinstance(element, Illisible)
        assert str(element["id"]) == json.loads(attendu)["id"]
        assert element.get("poste") == json.loads(attendu)["poste"]


@pytest.mark.parametrize("mauvais", MAUVAIS.values(), ids=MAUVAIS.keys())
def test_un_mauvais_element_seul_est_une_trace_invalide(mauvais: str) -> None:
    lecture = lire(mauvais.encode())
    assert all(isinstance(element, Illisible) for element in lecture.elements)


@pytest.mark.parametrize(
    "fragment",
    ['"x": NaN', '"poste": "\\ud800"', f'"duree_ms": {"9" * 5000}', f'"x": {"[" * 300}{"]" * 300}', '"id": 3'],
)
def test_hors_perimetre_se_reconnait_meme_dans_une_trace_illisible(fragment: str) -> None:
    assert _illisible(_avec(f'"type_prescription": "imagerie", {fragment}')).type_prescription == "imagerie"


def test_d_un_champ_repete_la_derniere_valeur_compte() -> None:
    (valide,) = lire(_avec('"version": 3, "version": "5.0"').encode()).elements
    assert not isinstance(valide, Illisible)
    assert valide["version"] == "5.0"
    assert _illisible(_avec('"version": "5.0", "version": 3')).champ == "version"


def test_l_id_n_est_rendu_que_s_il_est_un_uuid() -> None:
    assert _illisible(json.dumps({"id": _ID})).id == _ID
    assert _illisible(json.dumps({"id": _ID.upper()})).id == _ID
    for autre in ("pas-un-uuid", 12, None, [_ID], {"id": _ID}, "\ud800", _ID + "\0", "é" * 36):
        assert _illisible(json.dumps({"id": autre})).id is None
    assert uuid_ou_rien(_ID) == _ID
    assert uuid_ou_rien(UUID(_ID)) is None


def test_un_champ_inconnu_n_est_pas_nomme() -> None:
    illisible = _illisible(_avec('"185057800608491": "x"'))
    assert (illisible.id, illisible.champ) == (_ID, None)
    assert "185057800608491" not in illisible.detail
    erreur = '{"code": "E", "origine": "poste", "nom": "x"}'
    assert _illisible(_avec(f'"resultat": "echec", "erreur": {erreur}')).champ is None


FAUTES: list[tuple[Corps, str]] = [
    *[({champ: ...}, champ) for champ in ("id", "emise_le", "numero_am", "logiciel", "version", "operation")],
    ({"resultat": ...}, "resultat"),
    *[({champ: None}, champ) for champ in ("id", "emise_le", "numero_am", "logiciel", "version", "operation")],
    ({"id": "x"}, "id"),
    ({"id": 7}, "id"),
    ({"emise_le": 1760944364}, "emise_le"),
    ({"emise_le": "1760944364"}, "emise_le"),
    ({"emise_le": "2026-10-20"}, "emise_le"),
    ({"emise_le": "2026-10-20T09:12:44"}, "emise_le"),
    ({"emise_le": "2026-10-20 09:12:44+02:00"}, "emise_le"),
    ({"emise_le": "2026-02-30T09:12:44Z"}, "emise_le"),
    ({"emise_le": "2026-10-20T25:12:44Z"}, "emise_le"),
    ({"emise_le": "0000-10-20T09:12:44Z"}, "emise_le"),
    ({"numero_am": "12345678"}, "numero_am"),
    ({"numero_am": "1234567890"}, "numero_am"),
    ({"numero_am": "2C1234567"}, "numero_am"),
    ({"numero_am": "2a1234567"}, "numero_am"),
    ({"numero_am": "123456789\n"}, "numero_am"),
    ({"numero_am": 123456789}, "numero_am"),
    ({"logiciel": "Ortho"}, "logiciel"),
    ({"logiciel": "x"}, "logiciel"),
    ({"logiciel": "x" * 64}, "logiciel"),
    ({"logiciel": "ortho-plus\n"}, "logiciel"),
    ({"version": ""}, "version"),
    ({"version": "x" * 33}, "version"),
    ({"version": 4.2}, "version"),
    ({"operation": "suppression"}, "operation"),
    ({"resultat": "SUCCES"}, "resultat"),
    ({"ordonnance": "x" * 65}, "ordonnance"),
    ({"ordonnance": 12}, "ordonnance"),
    ({"type_prescription": "chirurgie"}, "type_prescription"),
    ({"poste": "x" * 65}, "poste"),
    ({"sequence": "1"}, "sequence"),
    ({"sequence": 1.0}, "sequence"),
    ({"sequence": True}, "sequence"),
    ({"numero_execution": 0}, "numero_execution"),
    ({"numero_execution": 10_001}, "numero_execution"),
    ({"scor_envoye": "true"}, "scor_envoye"),
    ({"scor_envoye": 1}, "scor_envoye"),
    ({"duree_ms": -1}, "duree_ms"),
    ({"duree_ms": 2**31}, "duree_ms"),
    ({"erreur": []}, "erreur"),
    ({"erreur": {"origine": "poste"}}, "erreur.code"),
    ({"erreur": {"code": "E"}}, "erreur.origine"),
    ({"erreur": {"code": "", "origine": "poste"}}, "erreur.code"),
    ({"erreur": {"code": "é", "origine": "poste"}}, "erreur.code"),
    ({"erreur": {"code": "E" * 65, "origine": "poste"}}, "erreur.code"),
    ({"erreur": {"code": "E", "origine": "lune"}}, "erreur.origine"),
    ({"erreur": {"code": "E", "origine": "poste", "bloquante": "non"}}, "erreur.bloquante"),
    ({"erreur": {"code": "E", "origine": "poste", "message": "x" * 501}}, "erreur.message"),
    ({"erreur": {"code": "E", "origine": "poste", "message": "a\0"}}, "erreur.message"),
]


@pytest.mark.parametrize(("champs", "champ"), FAUTES, ids=str)
def test_chaque_faute_nomme_son_champ(champs: Corps, champ: str) -> None:
    illisible = _illisible(_objet(**champs))
    assert illisible.champ == champ
    assert illisible.detail.startswith(f"{champ} : ")
    assert illisible.detail.endswith(".")


BORNES: list[Corps] = [
    {"version": "é" * 32},
    {"version": "\U0001f600" * 32},
    {"poste": ""},
    {"poste": "\U0001f600" * 64},
    {"poste": None, "sequence": None, "numero_execution": None, "scor_envoye": None, "duree_ms": None, "erreur": None},
    {"ordonnance": "x" * 64},
    {"sequence": 2**63 - 1},
    {"numero_execution": 1},
    {"numero_execution": 10_000},
    {"duree_ms": 0},
    {"duree_ms": 2**31 - 1},
    {"numero_am": "2A1234567"},
    {"numero_am": "0B1234567"},
    {"emise_le": "2026-10-20t09:12:44z"},
    {"emise_le": "2026-10-20T09:12:44.123456789+14:00"},
    {"emise_le": "2024-02-29T23:59:59-12:00"},
    {"erreur": {"code": "A._-9" + "x" * 59, "origine": "utilisateur", "bloquante": None, "message": "é" * 500}},
    {"erreur": {"code": "E", "origine": "logiciel", "message": ""}},
]


@pytest.mark.parametrize("champs", BORNES, ids=",".join)
def test_les_valeurs_aux_bornes_sont_lues(champs: Corps) -> None:
    (element,) = lire(_objet(**champs).encode()).elements
    assert not isinstance(element, Illisible)


def test_les_fractions_de_microseconde_ne_comptent_pas() -> None:
    lus = [
        lire(_objet(emise_le=f"2026-10-20T09:12:44.{fraction}Z").encode()).elements[0]
        for fraction in ("123456", "1234569", "123456999999")
    ]
    instants = {element["emise_le"] for element in lus if not isinstance(element, Illisible)}
    assert [instant.microsecond for instant in instants] == [123456]


def test_au_plus_mille_traces() -> None:
    assert len(lire(b"[" + b",".join([b"1"] * TRACES_MAX) + b"]").elements) == TRACES_MAX
    for element in ("1", _objet(), '"\\ud800"'):
        with pytest.raises(CorpsTropGrand):
            lire(f"[{','.join([element] * (TRACES_MAX + 1))}]".encode())
