"""The public id of an execution is its key: it comes back whole, and nothing else passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bilan.identifiants import CleExecution, lire_identifiant
from app.traces.empreintes import TAILLE

_cles = st.builds(
    CleExecution, st.integers(0, 2**31 - 1), st.binary(min_size=TAILLE, max_size=TAILLE), st.integers(1, 10_000)
)


@given(_cles)
def test_un_identifiant_revient_entier(cle: CleExecution) -> None:
    identifiant = str(cle)
    assert lire_identifiant(identifiant) == cle
    assert identifiant.replace("-", "").replace("_", "").isalnum()
    assert identifiant.isascii()


@given(_cles, _cles)
def test_deux_executions_ont_deux_identifiants(une: CleExecution, autre: CleExecution) -> None:
    assert (str(une) == str(autre)) == (une == autre)


@given(st.text(max_size=64))
def test_un_texte_quelconque_ne_casse_rien(texte: str) -> None:
    lue = lire_identifiant(texte)
    assert lue is None or isinstance(lue, CleExecution)


@pytest.mark.parametrize("texte", ["", "A", "AA", "A" * 29, "A" * 31, "A" * 5, "é" * 30, "\0", "=" * 30, "!" * 30])
def test_ce_qui_n_est_pas_un_identifiant_n_en_est_pas_un(texte: str) -> None:
    assert lire_identifiant(texte) is None


def test_un_numero_que_la_base_ne_peut_tenir_n_est_pas_un_identifiant() -> None:
    assert lire_identifiant(str(CleExecution(2**31, bytes(TAILLE), 1))) is None
    assert lire_identifiant(str(CleExecution(1, bytes(TAILLE), 2**15))) is None
