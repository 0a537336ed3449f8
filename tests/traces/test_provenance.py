"""What is kept of the workstation of a refused trace: each value by itself, no NIR, nothing from another's key."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.nir import contient_nir
from app.preseries.annuaire import LogicielConnu
from app.preseries.cycle import EtatTraces
from app.traces.lecture import INCONNUE, Illisible, Provenance, lire
from app.traces.refus import Refus
from app.traces.schemas import ENTIER_64
from app.traces.tri import SANS_PILOTE, Emetteur
from tests.outils import Corps, echec, trace
from tests.traces.annuaires import NIR, preserie, rejet

EDITEUR = Emetteur(2, "ortho-soft", None)
DITE = Provenance("poste-7", 41, "4.2.1")
DITS: Corps = {"poste": "poste-7", "sequence": 41, "version": "4.2.1"}


def _illisible(**champs: object) -> Provenance:
    (element,) = lire(json.dumps(trace(**DITS | champs)).encode()).elements
    assert isinstance(element, Illisible)
    return element.provenance


@pytest.mark.parametrize(
    "champs",
    [
        {"type_prescription": "imagerie"},
        {"duree_ms": -1},
        {"ordonnance": ...},
        {"emise_le": "9999-12-31T23:59:59Z"},
        {"numero_am": "999999999"},
        {"numero_am": "111111111"},
        {"numero_am": "444444444"},
        {"patient": "x"},
    ],
    ids=str,
)
def test_un_refus_garde_le_poste_le_numero_et_la_version(champs: Corps) -> None:
    for emetteur in (EDITEUR, Emetteur(1, None, None)):
        assert rejet(trace(**DITS | champs), emetteur=emetteur).provenance == DITE


@pytest.mark.parametrize(
    ("champs", "gardee"),
    [
        ({"poste": NIR}, Provenance(None, None, "4.2.1")),
        ({"version": f"v{NIR}"}, Provenance("poste-7", 41, None)),
        ({"poste": NIR, "version": NIR}, INCONNUE),
        ({"ordonnance": ..., "poste": f"chez {NIR}"}, Provenance(None, None, "4.2.1")),
        ({"duree_ms": -1, "version": "1 85 05 78 006 084 91"}, Provenance("poste-7", 41, None)),
        ({"numero_am": "111111111", "poste": "", "sequence": None}, Provenance("", None, "4.2.1")),
    ],
    ids=str,
)
def test_un_texte_qui_porte_un_nir_n_est_jamais_garde(champs: Corps, gardee: Provenance) -> None:
    """Nor a number that would then count for the workstation without a name."""
    assert rejet(trace(**DITS | champs), emetteur=EDITEUR).provenance == gardee


def test_d_un_nir_ailleurs_le_poste_est_garde() -> None:
    erreur = {"code": "E", "origine": "poste", "message": f"patient {NIR}"}
    sortie = rejet(echec(**DITS, erreur=erreur))
    assert (sortie.refus, sortie.provenance) == (Refus.DONNEE_PERSONNELLE, DITE)


@pytest.mark.parametrize("champs", [{}, {"duree_ms": -1}, {"type_prescription": "transports"}, {"poste": NIR}], ids=str)
def test_la_cle_d_un_autre_ne_dit_rien_d_un_poste(champs: Corps) -> None:
    """Whatever the refusal, it is still counted to the présérie of the pilote."""
    for emetteur in (Emetteur(3, "rival-soft", None), Emetteur(4, "ortho-soft", "222222222")):
        sortie = rejet(trace(**DITS | champs), emetteur=emetteur)
        assert sortie.compte == (1, SANS_PILOTE)
        assert sortie.provenance == INCONNUE


def test_une_cle_reservee_ne_parle_pas_pour_un_pilote_illisible() -> None:
    for numero_am in ("x", 12, None, "999999999"):
        sortie = rejet(trace(**DITS, numero_am=numero_am), emetteur=Emetteur(4, "ortho-soft", "222222222"))
        assert sortie.provenance == INCONNUE
        assert rejet(trace(**DITS, numero_am=numero_am), emetteur=EDITEUR).provenance == DITE


@pytest.mark.parametrize(
    ("champs", "lue"),
    [
        ({}, DITE),
        ({"sequence": -1}, Provenance("poste-7", None, "4.2.1")),
        ({"sequence": ENTIER_64 + 1}, Provenance("poste-7", None, "4.2.1")),
        ({"sequence": ENTIER_64}, Provenance("poste-7", ENTIER_64, "4.2.1")),
        ({"sequence": "41"}, Provenance("poste-7", None, "4.2.1")),
        ({"sequence": True}, Provenance("poste-7", None, "4.2.1")),
        ({"sequence": 41.0}, Provenance("poste-7", None, "4.2.1")),
        ({"sequence": 10**4000}, Provenance("poste-7", None, "4.2.1")),
        ({"version": ""}, Provenance("poste-7", 41, None)),
        ({"version": "x" * 33}, Provenance("poste-7", 41, None)),
        ({"version": 4}, Provenance("poste-7", 41, None)),
        ({"poste": "x" * 65}, Provenance(None, None, "4.2.1")),
        ({"poste": "a\0b"}, Provenance(None, None, "4.2.1")),
        ({"poste": "\ud800"}, Provenance(None, None, "4.2.1")),
        ({"poste": ["poste-7"]}, Provenance(None, None, "4.2.1")),
        ({"poste": None}, Provenance(None, 41, "4.2.1")),
        ({"poste": ...}, Provenance(None, 41, "4.2.1")),
    ],
    ids=lambda cas: str(cas)[:40],
)
def test_d_une_trace_illisible_se_lit_ce_qui_est_valable(champs: Corps, lue: Provenance) -> None:
    assert _illisible(duree_ms=-1, **champs) == lue


@given(
    poste=st.none() | st.text(max_size=70) | st.just(f"p {NIR}"),
    sequence=st.none() | st.integers() | st.booleans() | st.text(max_size=3),
    version=st.none() | st.text(max_size=40) | st.just(NIR),
)
def test_ce_qui_est_garde_a_la_forme_de_ce_qui_s_enregistre(poste: object, sequence: object, version: object) -> None:
    gardee = rejet(trace(duree_ms=-1, poste=poste, sequence=sequence, version=version)).provenance
    assert gardee.poste in (None, poste)
    assert gardee.version in (None, version)
    assert gardee.sequence is None or (type(sequence) is int and gardee.sequence == sequence)
    for texte, longueur in ((gardee.poste, 64), (gardee.version, 32)):
        assert texte is None or (len(texte) <= longueur and "\0" not in texte and not contient_nir(texte))
    if poste is not None and gardee.poste is None:
        assert gardee.sequence is None
    assert gardee.sequence is None or 0 <= gardee.sequence <= ENTIER_64


@pytest.mark.parametrize(
    ("etat", "refus"),
    [
        (EtatTraces.DESACTIVEES, Refus.TRACES_DESACTIVEES),
        (EtatTraces.INACTIVES, Refus.PRESERIE_NON_OUVERTE),
    ],
    ids=["cloturee", "abandonnee"],
)
def test_sans_la_cle_d_une_preserie_finie_une_trace_est_refusee_et_comptee(etat: EtatTraces, refus: Refus) -> None:
    finie = preserie(4, etat, cle=None, pilotes=("555555555",))
    annuaire = {"ortho-plus": LogicielConnu("ortho-soft", (finie,))}
    sortie = rejet(trace(numero_am="555555555", **DITS), annuaire, EDITEUR)
    assert (sortie.refus, sortie.etat, sortie.compte) == (refus, etat, (4, 40))
    assert sortie.provenance == DITE
