"""PURE. What the five criteria propose (DOMAIN, « Verdict »)."""

from collections.abc import Iterable

from app.bilan.schemas import Etat, Verdict


def verdict(etats: Iterable[Etat]) -> Verdict:
    """``defavorable`` if any criterion is not met, ``favorable`` if all are, else ``en_attente``."""
    tous = set(etats)
    if Etat.NON_ATTEINT in tous:
        return Verdict.DEFAVORABLE
    return Verdict.FAVORABLE if tous == {Etat.ATTEINT} else Verdict.EN_ATTENTE
