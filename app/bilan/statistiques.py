"""PURE. What a registration rate is worth: Wilson's 95 % interval, and what would make it sure.

The interval is shown in floats; whether it clears the threshold is decided in integers. Wilson's interval inverts the
score test, so with t = p/q its lower end reaches t exactly when q·r ≥ p·n and (q·r − p·n)² ≥ z²·p·(q − p)·n.
"""

from fractions import Fraction
from math import sqrt

from app.referentiels import Fraction as Seuil

Z = 1.959963984540054
_Z2 = Fraction(1_959_963_984_540_054, 10**15) ** 2


def atteint(reussies: int, total: int, seuil: Seuil) -> bool:
    """Whether reussies/total reaches the threshold; 4/5 is met."""
    return reussies * seuil.denominateur >= seuil.numerateur * total


def manquent(reussies: int, total: int, seuil: Seuil) -> int:
    """How many further successes in a row bring the rate itself to the threshold; 0 where it is reached.

    A threshold of 1 is never reached again: the number is then that of the failures.
    """
    ecart = -_ecart(reussies, total, seuil)
    return max(0, -(-ecart // max(seuil.denominateur - seuil.numerateur, 1)))


def wilson(reussies: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval without continuity correction; ``total`` is at least 1."""
    taux = reussies / total
    z2 = Z * Z
    centre = taux + z2 / (2 * total)
    demi = Z * sqrt(taux * (1 - taux) / total + z2 / (4 * total * total))
    facteur = 1 + z2 / total
    basse = 0.0 if reussies == 0 else max(0.0, (centre - demi) / facteur)
    haute = 1.0 if reussies == total else min(1.0, (centre + demi) / facteur)
    return basse, haute


def surement_atteint(reussies: int, total: int, seuil: Seuil) -> bool:
    """Whether the interval's lower end is at the threshold or above."""
    return _ecart(reussies, total, seuil) >= 0 and _significatif(reussies, total, seuil)


def surement_manque(reussies: int, total: int, seuil: Seuil) -> bool:
    """Whether the interval's upper end is below the threshold."""
    return _ecart(reussies, total, seuil) < 0 and _significatif(reussies, total, seuil)


def surement_moindre(moins: tuple[int, int], plus: tuple[int, int]) -> bool:
    """Whether one rate is below another beyond chance; each is (reussies, total).

    The score test of two proportions at 97.5 %, one-sided, with Yates' correction, which keeps it honest for the few
    executions of a new version: with d = r₂·n₁ − r₁·n₂ and N = n₁ + n₂, (d − N/2)²·N ≥ z²·n₁·n₂·R·(N − R).
    """
    (r1, n1), (r2, n2) = moins, plus
    reussies, total = r1 + r2, n1 + n2
    double = 2 * (r2 * n1 - r1 * n2) - total
    return double > 0 and double**2 * total >= 4 * _Z2 * n1 * n2 * reussies * (total - reussies)


def executions_restantes(reussies: int, total: int, seuil: Seuil) -> int:
    """How many further successes in a row bring the lower end to the threshold; 0 when the interval is on one side.

    Once the condition holds it holds for every larger number, so that doubling and halving find the first.
    """
    if surement_atteint(reussies, total, seuil) or surement_manque(reussies, total, seuil):
        return 0
    haut = 1
    while not surement_atteint(reussies + haut, total + haut, seuil):
        haut *= 2
    bas = haut // 2
    while haut - bas > 1:
        milieu = (bas + haut) // 2
        if surement_atteint(reussies + milieu, total + milieu, seuil):
            haut = milieu
        else:
            bas = milieu
    return haut


def _ecart(reussies: int, total: int, seuil: Seuil) -> int:
    return seuil.denominateur * reussies - seuil.numerateur * total


def _significatif(reussies: int, total: int, seuil: Seuil) -> bool:
    marge = _Z2 * seuil.numerateur * (seuil.denominateur - seuil.numerateur) * total
    return _ecart(reussies, total, seuil) ** 2 >= marge
