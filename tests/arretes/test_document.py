"""A sealed bilan as a document: its canonical spelling, and any change of it found."""

import base64
import hashlib
import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.arretes.canonique import Illisible, canonique, empreinte, lire
from app.arretes.ecarts import ecarts, rectification, restreindre
from app.arretes.messages import message_approbation, message_arrete
from app.arretes.signature import Signataire, identifiant, lire_cles, publique, signature_valide
from app.arretes.verification import lire_document, verifier
from app.contrat.exemples import lus
from tests.conftest import CLE_SIGNATURE
from tests.outils import Corps

SIGNATAIRE = Signataire(CLE_SIGNATURE)
IDENTIFIANT = "0199a3f0-7c1e-4b2a-9d51-4f5f3b1c2d3e"


def _arrete() -> Corps:
    """The bilan of the API's own example, sealed and approved here."""
    bilan = next(iter(lus("BilanLu").values()))
    contenu = json.loads(canonique(bilan | {"empreinte_traces": hashlib.sha256(b"").hexdigest()}))
    somme = empreinte(contenu)
    approbations = []
    for partie, sens, motif in (("cnam", "approuve", None), ("editeur", "refuse", "« À revoir »\n\u001f")):
        le = datetime(2026, 11, 23, 14, 5, tzinfo=UTC).isoformat().replace("+00:00", "Z")
        approbation: Corps = {"partie": partie, "sens": sens, "motif": motif, "le": le}
        signature = SIGNATAIRE.signer(message_approbation(IDENTIFIANT, somme, approbation))
        approbations.append(approbation | {"signature": _en_base64(signature), "cle": SIGNATAIRE.cle})
    return {
        "id": IDENTIFIANT,
        "contenu": contenu,
        "empreinte": somme,
        "signature": _en_base64(SIGNATAIRE.signer(message_arrete(IDENTIFIANT, somme))),
        "cle": SIGNATAIRE.cle,
        "approbations": approbations,
    }


def _en_base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


ARRETE = _arrete()
OCTETS = canonique(ARRETE)


def _constats(octets: bytes) -> list[str]:
    try:
        return verifier(lire_document(octets), SIGNATAIRE.cles).constats
    except Illisible as erreur:
        return [str(erreur)]


def test_un_document_intact_l_est_quelle_que_soit_sa_mise_en_page() -> None:
    assert _constats(OCTETS) == []
    for mise_en_page in ({"indent": 2}, {"ensure_ascii": False}, {"separators": (",", ":")}):
        assert _constats(json.dumps(ARRETE, **mise_en_page).encode()) == []
    assert len(_constats(json.dumps(ARRETE | {"jwk": SIGNATAIRE.jwks()}).encode())) == 1
    assert len(_constats(json.dumps(ARRETE)[:-1].encode() + rb', "\ud800": 1}')) == 1


def test_un_arrete_d_une_forme_anterieure_se_compare_a_ce_qu_il_dit() -> None:
    ancien = {"executions": {"total": 4}, "criteres": [{"code": "scor", "etat": "atteint"}], "modalites": []}
    nouveau = {
        "executions": {"total": 4, "moyenne": 2},
        "criteres": [{"code": "scor", "etat": "atteint", "poids": 1}],
        "modalites": [],
        "arrivee": {"le": "2026-11-23"},
    }
    assert ecarts(ancien, restreindre(nouveau, ancien)) == []
    autre = nouveau | {
        "criteres": [{"code": "scor", "etat": "non_atteint", "poids": 1}, {"code": "de-plus", "etat": "x"}]
    }
    assert [chemin for chemin, *_ in ecarts(ancien, restreindre(autre, ancien))] == [
        *("criteres.scor.etat", "criteres.de-plus.code", "criteres.de-plus.etat")
    ]


@given(rang=st.integers(0, len(OCTETS) - 1), octet=st.integers(0, 255))
def test_un_octet_change_est_trouve(rang: int, octet: int) -> None:
    change = OCTETS[:rang] + bytes([octet]) + OCTETS[rang + 1 :]
    assert bool(_constats(change)) is (change != OCTETS)


@given(rang=st.integers(0, len(OCTETS) - 1))
def test_un_octet_ote_est_trouve(rang: int) -> None:
    assert _constats(OCTETS[:rang] + OCTETS[rang + 1 :])


def test_chaque_bit_de_poids_faible_du_document_compte() -> None:
    """All positions once, in the spelling that is served: digits, letters, quotes, braces."""
    for rang, octet in enumerate(OCTETS):
        assert _constats(OCTETS[:rang] + bytes([octet ^ 1]) + OCTETS[rang + 1 :]), (rang, OCTETS[rang - 20 : rang + 20])


def _chemins(valeur: Any, *chemin: Any) -> list[tuple[Any, ...]]:
    sous = valeur.items() if isinstance(valeur, dict) else enumerate(valeur) if isinstance(valeur, list) else ()
    return [trouve for nom, v in sous for trouve in ((*chemin, nom), *_chemins(v, *chemin, nom))]


@given(chemin=st.sampled_from(_chemins(ARRETE)), autre=st.none() | st.text() | st.integers(-3, 3) | st.floats(0, 1))
def test_une_valeur_changee_ou_otee_est_trouvee(chemin: tuple[Any, ...], autre: Any) -> None:
    for oter in (True, False):
        change = deepcopy(ARRETE)
        *parents, dernier = chemin
        noeud: Any = change
        for nom in parents:
            noeud = noeud[nom]
        avant = noeud[dernier]
        if oter:
            del noeud[dernier]
            if chemin[:1] == ("approbations",) and len(chemin) == 2:
                continue  # nothing within a file tells of an approval that is not there: the database does
        else:
            noeud[dernier] = autre
        if oter or canonique(autre) != canonique(avant):
            assert _constats(json.dumps(change).encode())


def test_une_approbation_ne_vaut_que_pour_son_arrete_et_une_fois() -> None:
    autre_id = ARRETE | {"id": "0199a3f0-7c1e-4b2a-9d51-4f5f3b1c2d3f"}
    autre_id["signature"] = _en_base64(SIGNATAIRE.signer(message_arrete(autre_id["id"], ARRETE["empreinte"])))
    assert [constat.partition(" :")[0] for constat in _constats(canonique(autre_id))] == [
        "approbations[0].signature",
        "approbations[1].signature",
    ]
    double = ARRETE | {"approbations": ARRETE["approbations"] + ARRETE["approbations"][:1]}
    assert len(_constats(canonique(double))) == 1


@pytest.mark.parametrize(
    "octets",
    [b'{"a":1,"a":1}', b"01", b"1.0e0", b"0.30000000000000003", b"-0", b"NaN", b'"\\u001F"', b"1E400", b"\xff"],
)
def test_ce_qui_s_ecrirait_autrement_est_illisible(octets: bytes) -> None:
    with pytest.raises(Illisible):
        lire(octets)


def test_la_forme_canonique_est_celle_de_la_rfc_8785() -> None:
    """Its own examples: sections 3.2.2 and 3.2.3."""
    numbers = [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001]
    assert canonique({"numbers": numbers, "string": '\u20ac$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}) == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    cles = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    tries = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonique(dict.fromkeys(cles, 0)))) == tries


def test_les_cles_sont_celles_des_rfc_8032_et_8037() -> None:
    """RFC 8037, appendix A: the key, its thumbprint; RFC 8032, 7.1: the public key of a private one."""
    graine = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    octets = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert publique(graine) == octets
    assert identifiant(octets) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    (cle,) = Signataire(graine).jwks()["keys"]
    assert cle["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert lire_cles(json.dumps(cle).encode()) == {cle["kid"]: octets}


def test_une_signature_n_a_qu_une_ecriture() -> None:
    message = message_arrete(IDENTIFIANT, "00")
    signature = _en_base64(SIGNATAIRE.signer(message))
    octets = publique(CLE_SIGNATURE)
    assert signature_valide(octets, signature, message)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for lettre in alphabet:
        assert signature_valide(octets, signature[:-3] + lettre + "==", message) is (lettre == signature[-3])
    assert not signature_valide(octets, signature.rstrip("="), message)
    assert not signature_valide(octets, signature, message | {"id": "autre"})


def test_les_ecarts_se_nomment_par_leur_chemin() -> None:
    un = {"a": {"b": 1}, "criteres": [{"code": "x", "etat": "atteint"}, {"code": "y", "liste": []}], "n": 1, "v": None}
    autre = {"a": {"b": 2}, "criteres": [{"code": "y", "liste": [{"code": "z"}]}], "n": True, "v": {"w": 0}}
    assert ecarts(un, un) == []
    assert ecarts(un, autre) == [
        ("a.b", 1, 2),
        ("criteres.x.code", "x", None),
        ("criteres.x.etat", "atteint", None),
        ("n", 1, True),
        ("criteres.y.liste.z.code", None, "z"),
        ("v.w", None, 0),
    ]
    assert ecarts(un, autre, sauf=frozenset({"criteres", "n", "v"})) == [("a.b", 1, 2)]


def test_une_rectification_ne_dit_rien_des_instants_ni_des_phrases() -> None:
    bilan: Corps = ARRETE["contenu"]
    plus_tard = deepcopy(bilan) | {"au": None, "calcule_le": "2027-01-01T00:00:00Z", "statut": "validee"}
    plus_tard["traces"]["derniere_le"] = None
    for critere in plus_tard["criteres"]:
        critere["explication"] = "Autrement."
        critere["listes"] = []
    assert rectification(bilan, plus_tard) == []
    plus_tard["scor"]["phase_2"]["conforme"] += 1
    assert [champ for champ, _, _ in rectification(bilan, plus_tard)] == ["scor.phase_2.conforme"]
