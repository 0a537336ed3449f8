"""What may be shown of a text, and a form as an answer, without a service."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.erreurs import Faute
from app.questionnaire.formulaire import en_reponse, en_saisie, lire, phrases
from app.questionnaire.regles import MASQUE, masquer
from app.questionnaire.schemas import ReponseCorps, ReponseDonnee


@pytest.mark.parametrize(
    "ecrit",
    [
        "389391422",
        "3 8 9 3 9 1 4 2 2",
        "38 9391422",
        "38.93.91.42.2",
        "389-391-422",
        "389 – 391 – 422",
        "389\u00a0391\u202f422",
        "389\n391\n422",
        "3A9391422",
        "3b 9391422",
        "n°am389391422x",
    ],
)
def test_un_numero_am_est_masque_quoi_qu_on_mette_entre_ses_chiffres(ecrit: str) -> None:
    masque = masquer(f"Voyez {ecrit}, svp 12.")
    assert masque is not None
    assert MASQUE in masque
    assert "391" not in masque
    assert masque.startswith("Voyez ")
    assert masque.endswith(", svp 12.")


@pytest.mark.parametrize(
    "texte", ["", "01 23 45 67 89", "4.2.1", "le 20/11/2026 à 9h12", "3893914", "1234567890", "TLS-0042"]
)
def test_le_reste_est_montre_tel_quel(texte: str) -> None:
    assert masquer(texte) == texte


def test_rien_reste_rien() -> None:
    assert masquer(None) is None


@given(st.text(alphabet="0123456789AB .-\n", max_size=60))
def test_masquer_deux_fois_ne_change_rien(texte: str) -> None:
    masque = masquer(texte)
    assert masquer(masque) == masque


def test_un_formulaire_est_la_meme_reponse_que_le_json() -> None:
    corps = (
        b"satisfaction=4&operations.consultation=5&operations.execution=&frein_bloquant=oui"
        b"&frein=Ligne+1%0D%0ALigne+2&commentaire="
    )
    lue = ReponseCorps.model_validate(en_reponse(lire(corps)))
    assert lue == ReponseCorps(
        satisfaction=4, operations={"consultation": 5}, frein_bloquant=True, frein="Ligne 1\nLigne 2", commentaire=None
    )


@given(
    st.integers(1, 5),
    st.dictionaries(st.sampled_from(["consultation", "execution"]), st.integers(1, 5)),
    st.booleans(),
    st.sampled_from(["Un frein.", "Deux\nlignes & <b>", "é€😀"]),
)
def test_le_formulaire_prerempli_redonne_la_reponse(
    satisfaction: int, operations: dict[str, int], bloquant: bool, texte: str
) -> None:
    corps = ReponseCorps(
        satisfaction=satisfaction, operations=operations, frein_bloquant=bloquant, frein=texte, commentaire=None
    )
    donnee = ReponseDonnee.model_validate(corps.model_dump() | {"le": "2026-11-20"})
    assert ReponseCorps.model_validate(en_reponse(en_saisie(donnee))) == corps


@pytest.mark.parametrize("corps", [b"\xff=1", b"a=%ff", b"&".join(b"a%d=1" % n for n in range(101))])
def test_ce_qui_n_est_pas_un_formulaire_est_refuse(corps: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        lire(corps)


def test_les_phrases_de_la_page_ne_sont_pas_celles_d_un_programme() -> None:
    fautes: list[Faute] = [
        {"champ": "satisfaction", "message": "champ requis"},
        {"champ": "frein", "message": "valeur refusée : dites quel est ce problème"},
        {"champ": None, "message": "un champ n'est pas prévu"},
    ]
    assert phrases(fautes) == {
        "satisfaction": "Choisissez une réponse.",
        "frein": "Dites quel est ce problème.",
        "": "Un champ n'est pas prévu.",
    }
