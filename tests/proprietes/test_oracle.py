"""The oracle itself, against the example's expected figures and a few known values."""

from collections import Counter

from tests.outils import PRESERIE, attendu_exemple, registre_exemple, traces_exemple
from tests.proprietes.jugement import wilson
from tests.proprietes.oracle import AXES, Oracle, Registre


def test_l_oracle_retrouve_l_attendu_de_l_exemple() -> None:
    attendu = attendu_exemple()
    oracle = Oracle(Registre.de(registre_exemple()))
    accuse = oracle.recevoir(traces_exemple())
    rejets = Counter(code for _, code in accuse.pop("rejets"))
    assert accuse | {"rejets": dict(rejets)} == attendu["post"]
    bilan = oracle.bilan(PRESERIE)
    assert bilan["executions"] == attendu["executions"]
    assert bilan["scor"] == attendu["scor"]
    assert bilan["scor_etat"] == attendu["scor_etat"]
    assert bilan["anomalies"] == {"etat": attendu["anomalies"]["etat"], "bloquantes": {}}
    critere = dict(attendu["enregistrement"])
    assert critere.pop("code") == "enregistrement"
    bornes = zip(critere.pop("intervalle"), bilan["enregistrement"].pop("intervalle"), strict=True)
    assert all(abs(a - b) < 1e-12 for a, b in bornes)
    assert bilan["enregistrement"] == critere
    assert {axe: oracle.ventilation(PRESERIE, axe) for axe in AXES} == attendu["ventilation"]


def test_wilson_aux_valeurs_connues() -> None:
    assert [round(float(borne), 4) for borne in wilson(8, 10)] == [0.4902, 0.9433]
    assert [round(float(borne), 12) for borne in wilson(20, 20)] == [
        round(20 / (20 + 1.959963984540054**2), 12),
        1,
    ]
