"""The rules of the catégorie LPP are those of the domain, and stand as data."""

import pytest
from pydantic import ValidationError

from app.referentiels import EN_VIGUEUR, HORS_PERIMETRE, OPERATIONS, TYPES_PRESCRIPTION, Fraction, Referentiel

LPP = EN_VIGUEUR["lpp"]


def test_le_seuil_est_de_quatre_cinquiemes_exactement() -> None:
    seuil = LPP.enregistrement.seuil
    assert (seuil.numerateur, seuil.denominateur, seuil.valeur) == (4, 5, 0.8)


def test_les_operations_et_celles_qui_sont_requises() -> None:
    assert set(LPP.operations.toutes) == {"consultation", "execution", "modification", "annulation"}
    assert set(LPP.operations.requises) == {"consultation", "execution"}


def test_le_perimetre_de_l_ordonnance_numerique() -> None:
    assert set(TYPES_PRESCRIPTION) == {
        "medicaments",
        "dispositifs_medicaux",
        "biologie",
        "actes_infirmiers",
        "kinesitherapie",
        "orthophonie",
        "orthoptie",
        "pedicurie",
    }
    assert set(HORS_PERIMETRE) == {"imagerie", "transports"}


def test_trois_reponses_au_questionnaire_au_moins() -> None:
    assert LPP.satisfaction.reponses_min == 3


def test_chaque_referentiel_porte_le_code_de_sa_categorie_et_une_version() -> None:
    for code, referentiel in EN_VIGUEUR.items():
        assert referentiel.code == code
        assert referentiel.version
        assert set(referentiel.operations.requises) <= set(referentiel.operations.toutes) <= set(OPERATIONS)


def test_un_referentiel_ne_se_modifie_pas() -> None:
    with pytest.raises(ValidationError):
        LPP.version = "autre"  # type: ignore[misc]
    with pytest.raises(TypeError):
        EN_VIGUEUR["autre"] = LPP  # type: ignore[index]


def test_un_referentiel_mal_ecrit_est_refuse() -> None:
    bon = LPP.model_dump()
    with pytest.raises(ValidationError):
        Referentiel.model_validate(bon | {"inconnu": 1})
    with pytest.raises(ValidationError):
        Referentiel.model_validate({cle: valeur for cle, valeur in bon.items() if cle != "version"})
    with pytest.raises(ValidationError):
        Fraction(numerateur=1, denominateur=0)
