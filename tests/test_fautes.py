"""What was wrong is said in French, with names of the contract only and never a value."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from app import fautes
from app.formes import NUMERO_AM, SANS_NUL, Code, Cpam, Instant, InstantBorne, Jour, NumeroAm

PIEGE = "xX-valeur-secrète-Xx"


class _Sous(BaseModel):
    model_config = ConfigDict(extra="forbid")

    nom: Annotated[str, StringConstraints(min_length=3, max_length=5, pattern=SANS_NUL)] = "abc"


class _Modele(BaseModel):
    model_config = ConfigDict(extra="forbid")

    instant: Instant | None = None
    borne: InstantBorne | None = None
    jour: Jour = date(2026, 1, 1)
    code: Code = "ab"
    cpam: Annotated[list[Cpam], Field(min_length=1, max_length=2)] = ["33"]
    numero_am: NumeroAm = "389391422"
    nombre: Annotated[StrictInt, Field(ge=1, le=9)] = 1
    vrai: StrictBool = True
    identifiant: UUID | None = None
    mot: Literal["un", "deux"] = "un"
    sous: _Sous = _Sous()
    requis: str = Field(default=...)


def _faute(**champs: Any) -> ErrorDetails:
    with pytest.raises(ValidationError) as erreur:
        _Modele.model_validate({"requis": "x"} | champs)
    return erreur.value.errors()[0]


CAS: list[tuple[dict[str, Any], str | None, str]] = [
    ({"requis": None}, "requis", "texte attendu"),
    ({"sous": {"nom": "\ud800abc"}}, "sous.nom", "Unicode"),
    ({"instant": PIEGE}, "instant", "RFC 3339"),
    ({"instant": "2026-02-30T00:00:00Z"}, "instant", "n'existe pas"),
    ({"borne": PIEGE}, "borne", "RFC 3339"),
    ({"borne": "0001-01-01T00:00:00+14:00"}, "borne", "au moins 1900-01-01T00:00:00Z"),
    ({"borne": "1900-01-01T00:00:00+00:01"}, "borne", "au moins 1900-01-01T00:00:00Z"),
    ({"borne": "9999-12-31T23:59:59-14:00"}, "borne", "moins que 9999-01-01T00:00:00Z"),
    ({"jour": PIEGE}, "jour", "AAAA-MM-JJ"),
    ({"jour": "2026-02-30"}, "jour", "AAAA-MM-JJ"),
    ({"jour": 20260101}, "jour", "texte attendu"),
    ({"code": PIEGE}, "code", "minuscules"),
    ({"cpam": [PIEGE]}, "cpam", "département"),
    ({"cpam": []}, "cpam", "au moins 1"),
    ({"cpam": ["33"] * 3}, "cpam", "au plus 2"),
    ({"cpam": PIEGE}, "cpam", "tableau"),
    ({"numero_am": PIEGE}, "numero_am", "9 caractères"),
    ({"nombre": PIEGE}, "nombre", "entier"),
    ({"nombre": 0}, "nombre", "au moins 1"),
    ({"nombre": 10}, "nombre", "au plus 9"),
    ({"vrai": PIEGE}, "vrai", "true ou false"),
    ({"identifiant": PIEGE}, "identifiant", "UUID"),
    ({"mot": PIEGE}, "mot", "un ou deux"),
    ({"sous": PIEGE}, "sous", "objet"),
    ({"sous": {"nom": "ab"}}, "sous.nom", "au moins 3"),
    ({"sous": {"nom": PIEGE}}, "sous.nom", "5 caractères"),
    ({"sous": {"nom": "a\0bc"}}, "sous.nom", "NUL"),
    ({PIEGE: 1}, None, "n'est pas prévu"),
    ({"sous": {PIEGE: 1}}, None, "n'est pas prévu"),
]


@pytest.mark.parametrize(("champs", "champ", "extrait"), CAS, ids=[str(cas[1]) + " : " + cas[2] for cas in CAS])
def test_une_faute_nomme_le_champ_et_dit_quoi_faire(champs: dict[str, Any], champ: str | None, extrait: str) -> None:
    faute = _faute(**champs)
    assert fautes.champ(faute) == champ
    assert extrait in fautes.phrase(faute)
    assert PIEGE not in fautes.phrase(faute)


def test_un_champ_absent_est_requis() -> None:
    with pytest.raises(ValidationError) as erreur:
        _Modele.model_validate({})
    assert fautes.fautes(erreur.value.errors()) == [{"champ": "requis", "message": "champ requis"}]


def test_plusieurs_fautes_sont_toutes_dites() -> None:
    with pytest.raises(ValidationError) as erreur:
        _Modele.model_validate({"jour": PIEGE, "code": PIEGE, "sous": {PIEGE: PIEGE}})
    dites = fautes.fautes(erreur.value.errors())
    assert [faute["champ"] for faute in dites] == ["jour", "code", None, "requis"]
    assert PIEGE not in repr(dites)


@pytest.mark.parametrize("emplacement", ["body", "query", "path", "header"])
def test_l_emplacement_ne_fait_pas_partie_du_nom(emplacement: str) -> None:
    faute = _faute(numero_am=PIEGE)
    assert fautes.champ(faute | {"loc": (emplacement, "numero_am")}) == "numero_am"
    assert fautes.champ(faute | {"loc": (emplacement,)}) is None
    assert faute["ctx"]["pattern"] == NUMERO_AM


def test_une_faute_que_personne_n_a_prevue_reste_discrete() -> None:
    inconnue: ErrorDetails = {"type": "inedite", "loc": ("code",), "msg": PIEGE, "input": PIEGE}
    assert fautes.phrase(inconnue) == "valeur invalide"
