"""PromQL that the dashboards share.

Every replica shows the same figures of the préséries: they are taken once (``max by``), never summed over replicas.
Technical metrics are each replica's own, and may be summed.
"""

from app.referentiels import EN_VIGUEUR

SEUIL = EN_VIGUEUR["lpp"].enregistrement.seuil
PRESERIE = ("editeur", "module", "logiciel", "preserie")
_CHOIX = 'editeur=~"$editeur", module=~"$module", logiciel=~"$logiciel", preserie=~"$preserie"'
_REPLIQUES = 'instance=~"$instance"'


def _series(mesure: str, choix: str, filtre: str) -> str:
    return f"{mesure}{{{choix}{', ' if filtre else ''}{filtre}}}"


def preserie(mesure: str, *par: str, filtre: str = "") -> str:
    """A figure of the chosen préséries, once; ``par`` has to tell its series apart, without ``instance``."""
    return f"max by ({', '.join(par)}) ({_series(mesure, _CHOIX, filtre)})"


def evolution(mesure: str, *par: str, duree: str) -> str:
    """By how much it changed within a duration."""
    return f"max by ({', '.join(par)}) (delta({_series(mesure, _CHOIX, '')}[{duree}]))"


def critere(*par: str, filtre: str = "") -> str:
    """1 atteint, 0 non atteint, and -1 instead of the NaN of indéterminé, which no panel colours reliably."""
    serie = _series("preserie_critere_etat", _CHOIX, filtre)
    etiquettes = ", ".join(par)
    return f"(max by ({etiquettes}) ({serie}) >= 0 or -1 * group by ({etiquettes}) ({serie}))"


def somme(expr: str, *par: str) -> str:
    return f"sum by ({', '.join(par)}) ({expr})" if par else f"sum({expr})"


def nombre(expr: str) -> str:
    """How many series there are, 0 included."""
    return f"count({expr}) or vector(0)"


def taux(mesure: str, *par: str) -> str:
    """Registered executions over executions, of the préséries together that share these labels."""
    distinctes = dict.fromkeys(("preserie", *par))
    enregistrees = somme(preserie(mesure, *distinctes, filtre='enregistree="true"'), *par)
    return f"{enregistrees} / {somme(preserie(mesure, *distinctes, 'enregistree'), *par)}"


def executions_manquantes() -> str:
    """Registered executions in a row that would bring the rate to the threshold: (e + n) / (t + n) >= a / b."""
    a, b = SEUIL.numerateur, SEUIL.denominateur
    toutes = somme(preserie("preserie_executions", *PRESERIE, "enregistree"), *PRESERIE)
    enregistrees = preserie("preserie_executions", *PRESERIE, filtre='enregistree="true"')
    return f"clamp_min(ceil(({a} * {toutes} - {b} * {enregistrees}) / {b - a}), 0)"


def jauge(mesure: str, *par: str, filtre: str = "") -> str:
    """A technical gauge of the chosen replicas."""
    return f"sum by ({', '.join(par)}) ({_series(mesure, _REPLIQUES, filtre)})"


def debit(mesure: str, *par: str, filtre: str = "") -> str:
    """A counter of the chosen replicas, per second."""
    return somme(f"rate({_series(mesure, _REPLIQUES, filtre)}[$__rate_interval])", *par)


def quantile(rang: float, mesure: str, *par: str, filtre: str = "") -> str:
    """Of a histogram, over the chosen replicas together."""
    return f"histogram_quantile({rang}, {debit(f'{mesure}_bucket', 'le', *par, filtre=filtre)})"
