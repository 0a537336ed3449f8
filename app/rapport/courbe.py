"""PURE. The registration rate by day as one SVG, for the page and for the PDF, and what it shows in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from itertools import pairwise
from math import ceil

from app.bilan.statistiques import atteint, wilson
from app.francais import accorder, jour
from app.rapport.formats import part, typographier
from app.referentiels import Fraction

_LARGEUR, _HAUTEUR = 720.0, 280.0
_GAUCHE, _DROITE, _HAUT, _BAS = 58.0, 706.0, 14.0, 236.0
_PAS = (1, 2, 7, 14, 28, 91, 182, 365)
_REPERES_MAX = 9
_ENCRE, _GRIS, _CLAIR, _SEUIL = "#1d3557", "#565d6b", "#d9dde5", "#9c1c1c"
_POLICE = 'font-family="Libertinus Serif, Georgia, Times New Roman, serif" font-size="13"'


@dataclass(frozen=True, slots=True)
class Jour:
    """The executions of one day, of which there is at least one."""

    le: date
    executions: int
    enregistrees: int


def alternative(jours: Sequence[Jour], seuil: Fraction) -> str:
    """What the curve shows, for whoever does not see it."""
    bas, haut = min(jours, key=_taux), max(jours, key=_taux)
    bons = sum(atteint(j.enregistrees, j.executions, seuil) for j in jours)
    avec = accorder(len(jours), "jour avec des exécutions", "jours avec des exécutions")
    return typographier(
        f"Taux d'enregistrement par jour, du {jour(jours[0].le)} au {jour(jours[-1].le)} : {avec}, "
        f"dont {accorder(bons, 'atteint', 'atteignent')} le seuil de {part(seuil.numerateur, seuil.denominateur)}. "
        f"Le plus bas est de {_dit(bas)}, le {jour(bas.le)} ; le plus haut de {_dit(haut)}, le {jour(haut.le)}."
    )


def dessiner(jours: Sequence[Jour], seuil: Fraction) -> str:
    """The curve of these days, in their order. A day without execution is a gap in it."""
    traits = [
        *_echelle(),
        *_reperes(jours[0].le, jours[-1].le),
        *_ligne_du_seuil(seuil),
        *(_intervalle(j, jours) for j in jours),
        *_segments(jours),
        *(_point(j, jours, seuil) for j in jours),
    ]
    titre = escape(alternative(jours, seuil), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LARGEUR:.0f} {_HAUTEUR:.0f}" role="img" '
        f'aria-label="{titre}" {_POLICE}>{"".join(traits)}</svg>'
    )


def _taux(j: Jour) -> float:
    return j.enregistrees / j.executions


def _dit(j: Jour) -> str:
    return part(j.enregistrees, j.executions)


def _x(le: date, jours: Sequence[Jour]) -> float:
    """One column per day; a day stands in the middle of its own."""
    colonne = (_DROITE - _GAUCHE) / ((jours[-1].le - jours[0].le).days + 1)
    return _GAUCHE + colonne * ((le - jours[0].le).days + 0.5)


def _y(taux: float) -> float:
    return _BAS - taux * (_BAS - _HAUT)


def _ligne(x1: float, y1: float, x2: float, y2: float, encre: str, epaisseur: float, reste: str = "") -> str:
    coordonnees = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {coordonnees} stroke="{encre}" stroke-width="{epaisseur}"{reste}/>'


def _texte(x: float, y: float, ancre: str, encre: str, texte: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{ancre}" fill="{encre}">{texte}</text>'


def _echelle() -> list[str]:
    traits = []
    for cinquieme in range(6):
        y = _y(cinquieme / 5)
        traits.append(_ligne(_GAUCHE, y, _DROITE, y, _GRIS if cinquieme == 0 else _CLAIR, 1))
        traits.append(_texte(_GAUCHE - 8, y + 4, "end", _GRIS, part(cinquieme, 5)))
    return traits


def _reperes(debut: date, fin: date) -> list[str]:
    etendue = (fin - debut).days + 1
    pas = next((p for p in _PAS if etendue <= p * _REPERES_MAX), ceil(etendue / _REPERES_MAX))
    colonne = (_DROITE - _GAUCHE) / etendue
    traits = []
    for rang in range(0, etendue, pas):
        x = _GAUCHE + colonne * (rang + 0.5)
        le = debut + timedelta(days=rang)
        traits.append(_ligne(x, _BAS, x, _BAS + 5, _GRIS, 1))
        traits.append(_texte(x, _BAS + 20, "middle", _GRIS, f"{le:%d/%m}" if debut.year == fin.year else f"{le:%m/%Y}"))
    return traits


def _ligne_du_seuil(seuil: Fraction) -> list[str]:
    y = _y(seuil.numerateur / seuil.denominateur)
    dit = typographier(f"- - -  seuil : {part(seuil.numerateur, seuil.denominateur)}")
    return [
        _ligne(_GAUCHE, y, _DROITE, y, _SEUIL, 1.5, ' stroke-dasharray="6 4"'),
        _texte(_DROITE, _HAUTEUR - 6, "end", _SEUIL, dit),
    ]


def _intervalle(j: Jour, jours: Sequence[Jour]) -> str:
    bas, haut = wilson(j.enregistrees, j.executions)
    x = _x(j.le, jours)
    return _ligne(x, _y(bas), x, _y(haut), _ENCRE, 1.2, ' stroke-opacity="0.45"')


def _segments(jours: Sequence[Jour]) -> list[str]:
    """Only days that follow each other are joined."""
    return [
        _ligne(_x(a.le, jours), _y(_taux(a)), _x(b.le, jours), _y(_taux(b)), _ENCRE, 1.6)
        for a, b in pairwise(jours)
        if (b.le - a.le).days == 1
    ]


def _point(j: Jour, jours: Sequence[Jour], seuil: Fraction) -> str:
    """Filled where the day reaches the threshold, hollow where it does not."""
    plein = _ENCRE if atteint(j.enregistrees, j.executions, seuil) else "#ffffff"
    centre = f'cx="{_x(j.le, jours):.1f}" cy="{_y(_taux(j)):.1f}"'
    return f'<circle {centre} r="3.6" fill="{plein}" stroke="{_ENCRE}" stroke-width="1.5"/>'
