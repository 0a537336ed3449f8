"""Pilotes and référentiels made to measure, and strategies for them."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from app.preseries.contraintes import PiloteJuge
from app.referentiels import EN_VIGUEUR, Referentiel

LPP = EN_VIGUEUR["lpp"]
LUNDI = date(2026, 10, 12)


def pilote(numero: int = 1, **champs: Any) -> PiloteJuge:
    """A pilote of CPAM 33 who meets every rule; ``numero`` makes its N° AM."""
    base: dict[str, Any] = {
        "numero_am": f"{numero:09d}",
        "cpam": "33",
        "sesam_vitale": True,
        "accord_le": LUNDI - timedelta(days=20),
        "equipement_verifie": True,
        "forme_le": LUNDI,
        "installation_prevue_le": None,
        "installe_le": None,
        "phase_2_le": None,
        "retire_le": None,
    }
    return PiloteJuge(**(base | champs))


def apres(jours: int) -> date:
    return LUNDI + timedelta(days=jours)


def lpp(**regles: dict[str, Any]) -> Referentiel:
    """The rules of the LPP with some values of its sections changed."""
    tout = LPP.model_dump()
    return Referentiel.model_validate(tout | {nom: tout[nom] | valeurs for nom, valeurs in regles.items()})


_jours = st.none() | st.integers(0, 16).map(apres)
pilotes = st.builds(
    PiloteJuge,
    numero_am=st.integers(1, 9).map(lambda n: f"{n:09d}"),
    cpam=st.sampled_from(["33", "38", "44", "75"]),
    sesam_vitale=st.booleans(),
    accord_le=st.integers(-9, 9).map(apres),
    equipement_verifie=st.booleans(),
    forme_le=_jours,
    installation_prevue_le=_jours,
    installe_le=_jours,
    phase_2_le=_jours,
    retire_le=st.none() | _jours,
)
equipes = st.lists(pilotes, max_size=9, unique_by=lambda p: p.numero_am)
referentiels = st.builds(
    lambda pilotes_max, jours, installations, cpam_min, cpam_de_plus: lpp(
        pilotes={"min": 1, "max": pilotes_max},
        premiere_semaine={"jours": jours, "installations_max": installations},
        cpam={"min": cpam_min, "max": cpam_min + cpam_de_plus},
    ),
    st.integers(1, 6),
    st.integers(1, 9),
    st.integers(1, 4),
    st.integers(1, 2),
    st.integers(0, 2),
)
cpam = st.lists(st.sampled_from(["33", "38", "44", "75", "971"]), max_size=6)
