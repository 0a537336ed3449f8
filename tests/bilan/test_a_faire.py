"""What is missing, who must act, and by when."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bilan import criteres, criteres_declares
from app.bilan.a_faire import a_faire
from app.bilan.conformite import CONFORMITES, Conformite
from app.bilan.figures import Taux
from app.bilan.liens import Liens
from app.bilan.schemas import AFaire, Critere, Etat
from app.bilan.statistiques import atteint, manquent
from app.referentiels import Fraction

SEUIL = Fraction(numerateur=4, denominateur=5)
LIENS = Liens("ortho-plus-lpp", None, None)
FIN = date(2026, 12, 1)


def _taches(critere: Critere, executions: tuple[int, int] = (0, 0)) -> list[AFaire]:
    return a_faire([critere], executions, SEUIL, FIN)


def test_un_critere_atteint_ne_laisse_rien_a_faire() -> None:
    atteints = [
        criteres.enregistrement(Taux(10, 8, 10), {}, SEUIL, LIENS),
        criteres_declares.prerequis(FIN, [], LIENS),
    ]
    assert {critere.etat for critere in atteints} == {Etat.ATTEINT}
    assert a_faire(atteints, (8, 10), SEUIL, FIN) == []


@pytest.mark.parametrize(("reussies", "total", "dit"), [(7, 9, "1 exécution enregistrée"), (0, 2, "8 exécutions")])
def test_le_taux_manquant_se_compte_en_executions(reussies: int, total: int, dit: str) -> None:
    critere = criteres.enregistrement(Taux(total, reussies, total), {}, SEUIL, LIENS)
    (tache,) = _taches(critere, (reussies, total))
    assert dit in tache.quoi
    assert (tache.critere, tache.qui, tache.avant_le) == ("enregistrement", ["editeur", "pilotes"], FIN)


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 9), st.integers(1, 10))
def test_ce_qui_manque_au_taux_est_le_plus_petit_nombre(reussies: int, echecs: int, num: int, den: int) -> None:
    seuil = Fraction(numerateur=min(num, den - 1), denominateur=den)
    nombre = manquent(reussies, reussies + echecs, seuil)
    assert atteint(reussies + nombre, reussies + echecs + nombre, seuil)
    assert nombre == 0 or not atteint(reussies + nombre - 1, reussies + echecs + nombre - 1, seuil)


def test_chaque_critere_dit_qui_doit_agir() -> None:
    vide = {phase: dict.fromkeys(codes, 0) for phase, codes in CONFORMITES.items()}
    double = vide | {2: vide[2] | {Conformite.DOUBLE_ENVOI: 1}}
    dites = {
        "rien": _taches(criteres.enregistrement(Taux(0, 0, 0), {}, SEUIL, LIENS)),
        "operations": _taches(criteres_declares.anomalies([], {}, ("consultation", "execution"), LIENS)),
        "phase 2": _taches(criteres.scor(vide, 0, LIENS)),
        "double": _taches(criteres.scor(double, 0, LIENS)),
        "jalon": _taches(criteres_declares.prerequis(None, [], LIENS)),
        "reponses": _taches(criteres_declares.satisfaction([], 0, 3, (), LIENS)),
        "invites": _taches(criteres_declares.satisfaction([], 3, 3, (), LIENS)),
    }
    assert {nom: [tache.qui for tache in taches] for nom, taches in dites.items()} == {
        "rien": [["pilotes"]],
        "operations": [["pilotes"]],
        "phase 2": [["cnam", "pilotes"]],
        "double": [["editeur", "cnam"]],
        "jalon": [["editeur", "cnam"]],
        "reponses": [["editeur", "cnam"], ["pilotes"]],
        "invites": [["pilotes"]],
    }
    assert all(tache.quoi.endswith(".") for taches in dites.values() for tache in taches)
