"""Which logiciels a validated présérie covers, against the source's sentence written once more."""

from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from app.preseries.validites import EXPLICATIONS, PreserieValidee, Raison, Solution, validite

LE = datetime(2026, 12, 4, tzinfo=UTC)
EDITEURS, MODULES, CATEGORIES = ("ed-a", "ed-b"), ("m1", "m2", "m3"), ("lpp", "pharmacie")


def _solution(logiciel: str, editeur: str = "ed-a", module: str = "m1", proprietaire: str = "ed-a") -> Solution:
    return Solution(logiciel, editeur, module, proprietaire)


def _validee(solution: Solution, code: str = "ps", categorie: str = "lpp", jours: int = 0) -> PreserieValidee:
    le = LE + timedelta(days=jours)
    return PreserieValidee(code, solution.logiciel, solution.editeur, solution.module, categorie, le)


@st.composite
def _mondes(tirer: st.DrawFn) -> tuple[list[Solution], list[PreserieValidee]]:
    """Modules with their owners, logiciels of any éditeur on any of them, and validated préséries of these."""
    proprietaires = {module: tirer(st.sampled_from(EDITEURS)) for module in MODULES}
    tirages = tirer(st.lists(st.tuples(st.sampled_from(EDITEURS), st.sampled_from(MODULES)), min_size=1, max_size=6))
    solutions = [Solution(f"lo-{n}", e, m, proprietaires[m]) for n, (e, m) in enumerate(tirages)]
    series = tirer(
        st.lists(st.tuples(st.sampled_from(solutions), st.sampled_from(CATEGORIES), st.integers(0, 3)), max_size=6)
    )
    return solutions, [_validee(s, f"ps-{n}", c, jours) for n, (s, c, jours) in enumerate(series)]


def _couvre(p: PreserieValidee, s: Solution, categorie: str) -> bool:
    """« valable pour tous les logiciels de l'éditeur qui utilisent le même module [...] ne concerne pas les
    intégrateurs d'un moteur de prescription développé par un éditeur tiers »."""
    meme_editeur_et_module = p.editeur == s.editeur == s.proprietaire and p.module == s.module
    return p.categorie_ps == categorie and (p.logiciel == s.logiciel or meme_editeur_et_module)


@given(_mondes())
def test_un_logiciel_est_couvert_si_et_seulement_si_une_preserie_vaut_pour_lui(
    monde: tuple[list[Solution], list[PreserieValidee]],
) -> None:
    solutions, validees = monde
    for solution, categorie in product(solutions, CATEGORIES):
        trouvee = validite(solution, categorie, validees)
        couvrent = [p for p in validees if _couvre(p, solution, categorie)]
        assert (trouvee.par is not None) is bool(couvrent) is (trouvee.raison in (Raison.PROPRE, Raison.MEME_MODULE))
        if trouvee.par is not None:
            assert (trouvee.raison is Raison.PROPRE) is (trouvee.par.logiciel == solution.logiciel)
            assert trouvee.par == min(
                couvrent, key=lambda p: (p.logiciel != solution.logiciel, p.validee_le or LE, p.code)
            )


@given(_mondes())
def test_un_editeur_n_apprend_rien_des_preseries_d_un_autre(
    monde: tuple[list[Solution], list[PreserieValidee]],
) -> None:
    solutions, validees = monde
    for solution, categorie in product(solutions, CATEGORIES):
        siennes = [p for p in validees if p.editeur == solution.editeur]
        assert validite(solution, categorie, validees) == validite(solution, categorie, siennes)


def test_chaque_raison_a_son_cas() -> None:
    un, deux = _solution("lo-1"), _solution("lo-2")
    autre_module = _solution("lo-3", module="m2")
    proprietaire = _solution("lo-p", editeur="ed-b", module="m3", proprietaire="ed-b")
    integrateur, second = (_solution(code, module="m3", proprietaire="ed-b") for code in ("lo-i", "lo-j"))
    for solution, validees, attendue in (
        (un, [_validee(un)], Raison.PROPRE),
        (deux, [_validee(un)], Raison.MEME_MODULE),
        (un, [], Raison.AUCUNE_PRESERIE),
        (un, [_validee(proprietaire)], Raison.AUCUNE_PRESERIE),
        (autre_module, [_validee(un)], Raison.AUTRE_MODULE),
        (un, [_validee(integrateur)], Raison.AUTRE_MODULE),
        (deux, [_validee(un, categorie="pharmacie")], Raison.AUTRE_CATEGORIE),
        (un, [_validee(un, categorie="pharmacie")], Raison.AUTRE_CATEGORIE),
        (autre_module, [_validee(un, categorie="pharmacie")], Raison.AUCUNE_PRESERIE),
        (integrateur, [], Raison.INTEGRATEUR),
        (integrateur, [_validee(proprietaire)], Raison.INTEGRATEUR),
        (integrateur, [_validee(un)], Raison.INTEGRATEUR),
        (second, [_validee(integrateur)], Raison.INTEGRATEUR),
        (integrateur, [_validee(integrateur)], Raison.PROPRE),
    ):
        assert validite(solution, "lpp", validees).raison is attendue, (solution, validees)


def test_sa_propre_preserie_d_abord_puis_la_plus_ancienne() -> None:
    un, deux, trois = (_solution(f"lo-{n}") for n in (1, 2, 3))
    validees = [_validee(un, "tard", jours=2), _validee(un, "tot", jours=1), _validee(deux, "premiere")]
    for solution, attendu in ((un, "tot"), (deux, "premiere"), (trois, "premiere")):
        par = validite(solution, "lpp", validees).par
        assert par is not None
        assert par.code == attendu


def test_chaque_raison_s_explique() -> None:
    assert set(EXPLICATIONS) == set(Raison)
