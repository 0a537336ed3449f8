"""The curve: where each day stands, what joins days and what does not, and what it says to whoever can't see it."""

from datetime import date
from xml.etree import ElementTree

import pytest

from app.bilan.statistiques import wilson
from app.rapport.courbe import Jour, alternative, dessiner
from app.referentiels import Fraction

SEUIL = Fraction(numerateur=4, denominateur=5)
_SVG = "{http://www.w3.org/2000/svg}"
_JOURS = [
    Jour(date(2026, 10, 16), 10, 8),
    Jour(date(2026, 10, 17), 9, 7),
    Jour(date(2026, 10, 20), 1, 1),
    Jour(date(2026, 10, 21), 4, 0),
]
_BAS, _HAUTEUR = 236.0, 222.0


def _taux(y: str | None) -> float:
    """The rate that stands at this height."""
    assert y is not None
    return (_BAS - float(y)) / _HAUTEUR


def _lire(jours: list[Jour]) -> ElementTree.Element:
    return ElementTree.fromstring(dessiner(jours, SEUIL))  # noqa: S314 — our own


def _traits(svg: ElementTree.Element, epaisseur: str) -> list[ElementTree.Element]:
    return [trait for trait in svg.iter(f"{_SVG}line") if trait.get("stroke-width") == epaisseur]


def test_chaque_jour_a_son_point_a_sa_hauteur_plein_au_seuil() -> None:
    points = list(_lire(_JOURS).iter(f"{_SVG}circle"))
    assert [_taux(p.get("cy")) for p in points] == pytest.approx([0.8, 7 / 9, 1, 0], abs=0.001)
    assert [p.get("fill") == "#ffffff" for p in points] == [False, True, False, True]


def test_les_jours_sont_espaces_comme_au_calendrier() -> None:
    x = [float(p.get("cx") or 0) for p in _lire(_JOURS).iter(f"{_SVG}circle")]
    assert x[2] - x[1] == pytest.approx(3 * (x[1] - x[0]), abs=0.2)


def test_un_jour_sans_execution_interrompt_la_courbe() -> None:
    segments = _traits(_lire(_JOURS), "1.6")
    points = [p.get("cx") for p in _lire(_JOURS).iter(f"{_SVG}circle")]
    assert [(s.get("x1"), s.get("x2")) for s in segments] == [(points[0], points[1]), (points[2], points[3])]


def test_chaque_intervalle_est_celui_de_wilson() -> None:
    for jour, trait in zip(_JOURS, _traits(_lire(_JOURS), "1.2"), strict=True):
        bornes = (_taux(trait.get("y1")), _taux(trait.get("y2")))
        assert bornes == pytest.approx(wilson(jour.enregistrees, jour.executions), abs=0.001)


def test_la_ligne_du_seuil_est_celle_du_referentiel() -> None:
    (ligne,) = _traits(_lire(_JOURS), "1.5")
    assert _taux(ligne.get("y1")) == _taux(ligne.get("y2")) == pytest.approx(0.8, abs=0.001)


def test_ce_qu_elle_montre_est_dit() -> None:
    assert alternative(_JOURS, SEUIL).replace("\u202f", " ").replace("\u00a0", " ") == (
        "Taux d'enregistrement par jour, du 16/10/2026 au 21/10/2026 : 4 jours avec des exécutions, dont 2 atteignent "
        "le seuil de 80 %. Le plus bas est de 0 %, le 21/10/2026 ; le plus haut de 100 %, le 20/10/2026."
    )
    assert _lire(_JOURS).get("aria-label") == alternative(_JOURS, SEUIL)


@pytest.mark.parametrize("etendue", [1, 2, 9, 10, 60, 400, 30_000])
def test_peu_de_reperes_quelle_que_soit_l_etendue(etendue: int) -> None:
    debut = date(2026, 10, 16)
    jours = [Jour(debut, 1, 1)]
    if etendue > 1:
        jours.append(Jour(date.fromordinal(debut.toordinal() + etendue - 1), 1, 1))
    reperes = [t for t in _lire(jours).iter(f"{_SVG}text") if t.get("text-anchor") == "middle"]
    assert 1 <= len(reperes) <= 9
    assert reperes[0].text == ("16/10" if etendue < 70 else "10/2026")
