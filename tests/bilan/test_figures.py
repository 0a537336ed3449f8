"""Cells add up: by pilote, by phase and conformity, the parts make the whole."""

from hypothesis import given
from hypothesis import strategies as st

from app.bilan.conformite import CONFORMITES
from app.bilan.figures import Cellule, Taux, scor, taux, taux_par_pilote

_drapeaux = st.sampled_from((True, False, None))


@st.composite
def cellules(tirer: st.DrawFn) -> Cellule:
    """A cell that traces can make: without a succes trace nothing is said by one."""
    enregistree = tirer(st.booleans())
    succes = tirer(_drapeaux) if enregistree else None
    executions = tirer(st.integers(1, 10**6))
    return Cellule(
        tirer(st.sampled_from(("111111111", "222222222", "333333333"))),
        tirer(st.sampled_from((1, 2))),
        tirer(st.booleans()),
        enregistree,
        succes,
        tirer(_drapeaux),
        executions,
        executions + tirer(st.integers(0, 10**6)),
    )


@given(st.lists(cellules(), max_size=30))
def test_les_parts_font_le_tout(toutes: list[Cellule]) -> None:
    tout = taux(toutes)
    parts = taux_par_pilote(toutes).values()
    assert tout.total == sum(c.executions for c in toutes) == sum(p.total for p in parts)
    assert tout.enregistrees == sum(c.executions for c in toutes if c.enregistree) == sum(p.enregistrees for p in parts)
    assert tout.tentatives == sum(c.tentatives for c in toutes) == sum(p.tentatives for p in parts)
    assert sum(nombre for cases in scor(toutes).values() for nombre in cases.values()) == tout.total


@given(st.lists(cellules(), max_size=30))
def test_la_matrice_scor_range_chaque_cellule(toutes: list[Cellule]) -> None:
    matrice = scor(toutes)
    for phase, cases in matrice.items():
        assert tuple(cases) == CONFORMITES[phase]
        for conformite, nombre in cases.items():
            siennes = [c for c in toutes if (c.phase, c.conformite) == (phase, conformite)]
            assert nombre == sum(c.executions for c in siennes)


def test_sans_cellule_tout_est_a_zero() -> None:
    assert taux([]) == Taux(0, 0, 0)
    assert taux_par_pilote([]) == {}
    assert all(nombre == 0 for cases in scor([]).values() for nombre in cases.values())


def test_les_pilotes_viennent_dans_l_ordre() -> None:
    toutes = [Cellule(p, 1, True, True, None, None, 1, 1) for p in ("333333333", "111111111", "222222222")]
    assert list(taux_par_pilote(toutes)) == ["111111111", "222222222", "333333333"]
