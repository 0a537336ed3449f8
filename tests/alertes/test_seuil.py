"""The rate's alert is the statistics of the bilan: it agrees with ``surement_manque`` wherever it could differ."""

import json
from pathlib import Path

import pytest

from app.bilan.statistiques import surement_manque
from app.referentiels import VERSIONS, Fraction
from tests.alertes.fichiers import ABSENTS, PROMETHEUS, RAISON, alertes, lancer
from tests.outils import Corps

SEUIL = Fraction(numerateur=4, denominateur=5)
_TOTAUX = [*range(1, 61), *range(61, 500, 13), 999, 1000, 4999, 25_000, 1_000_000]
pytestmark = pytest.mark.skipif(bool(ABSENTS), reason=RAISON)


def _limite(total: int) -> int:
    """How many registered executions are the first that are no longer surely too few."""
    bas, haut = 0, -(-4 * total // 5)
    while bas < haut:
        milieu = (bas + haut) // 2
        bas, haut = (milieu + 1, haut) if surement_manque(milieu, total, SEUIL) else (bas, milieu)
    return bas


def _grille() -> list[tuple[int, int]]:
    """Around the limit of each total, around the threshold itself, and at both ends."""
    points = set()
    for total in _TOTAUX:
        proches = {0, total} | {milieu + d for milieu in (_limite(total), 4 * total // 5) for d in (-1, 0, 1)}
        points |= {(reussies, total) for reussies in proches if 0 <= reussies <= total}
    return sorted(points, key=lambda point: (point[1], point[0]))


def _series(points: list[tuple[int, int]]) -> list[Corps]:
    series = []
    for rang, (reussies, total) in enumerate(points):
        lieu = f'preserie="{rang}"'
        for serie, valeur in (
            (f'preserie_executions{{{lieu},enregistree="true"}}', reussies),
            (f'preserie_executions{{{lieu},enregistree="false"}}', total - reussies),
            (f'preserie_statut{{{lieu},statut="en_cours"}}', 1),
        ):
            series.append({"series": serie, "values": f"{valeur}x1"})
    return series


def test_l_alerte_sonne_exactement_la_ou_le_taux_manque_surement(tmp_path: Path) -> None:
    points = _grille()
    assert len(points) > 400
    sures = [rang for rang, (reussies, total) in enumerate(points) if surement_manque(reussies, total, SEUIL)]
    essai = {
        "rule_files": [str(PROMETHEUS / "regles" / "enregistrement.yml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": _series(points),
                "promql_expr_test": [
                    {
                        "expr": f"({alertes()['TauxEnregistrementInsuffisant']['expr']}) * 0",
                        "eval_time": "1m",
                        "exp_samples": [{"labels": f'{{preserie="{rang}"}}', "value": 0} for rang in sures],
                    }
                ],
            }
        ],
    }
    (tmp_path / "essai.yml").write_text(json.dumps(essai))  # JSON is YAML
    lancer("promtool", "test", "rules", tmp_path / "essai.yml")


def test_le_seuil_des_regles_est_celui_de_tous_les_referentiels() -> None:
    for cle, referentiel in VERSIONS.items():
        assert referentiel.enregistrement.seuil == SEUIL, f"{cle}: deploy/prometheus/regles counts with 4/5"
