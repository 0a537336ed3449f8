"""The PDF takes any text: each sign that it lets pass can be displayed; the same report is the same file."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.preseries.cycle import Statut
from app.rapport.courbe import Jour, alternative, dessiner
from app.rapport.formes import CritereMontre, Figure, Rapport, Section, tableau
from app.rapport.pdf import _MODELE, imprimable, imprimer
from app.rapport.presentation import STATUTS
from app.referentiels import Fraction

_LE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def _rapport(texte: str) -> Rapport:
    grille = tableau(texte, ("A", "B"), [[texte, "1"]], (1,))
    section = Section("section", texte, [texte], [grille, grille])
    jours, seuil = [Jour(date(2026, 10, 16), 5, 4)], Fraction(numerateur=4, denominateur=5)
    return Rapport(
        fichier="bilan",
        le=_LE,
        titre=texte,
        resume=texte,
        entete=[(texte, texte)],
        code_verdict="favorable",
        verdict=texte,
        verdict_dit=texte,
        criteres=[CritereMontre(texte, "atteint", "atteint", "✓", texte, texte, texte, [texte])],
        manque=section,
        figure=Figure(dessiner(jours, seuil), alternative(jours, seuil), texte),
        jours=grille,
        sections=[section],
        listes=section,
    )


def _passent() -> str:
    return "".join(signe for signe in map(chr, range(0x20, 0x3000)) if imprimable(signe) == signe)


def test_chaque_signe_admis_peut_etre_dessine() -> None:
    passent = _passent()
    assert len(passent) > 500
    for debut in range(0, len(passent), 100):
        assert imprimer(_rapport(passent[debut : debut + 100]), _LE).startswith(b"%PDF")
    assert imprimer(_rapport(" ".join(passent)), _LE).startswith(b"%PDF")


@pytest.mark.parametrize(
    "texte", ["", " ", "\x00\x07\x1b", "😀" * 200, "\u202e\u2066", "\ud800", "é" * 5_000, "e\u0301"]
)
def test_aucun_texte_n_arrete_l_impression(texte: str) -> None:
    assert imprimer(_rapport(f"x{texte}"), _LE).startswith(b"%PDF")


def test_le_meme_rapport_est_le_meme_fichier() -> None:
    premier = imprimer(_rapport("texte"), _LE)
    assert imprimer(_rapport("texte"), _LE) == premier
    assert imprimer(replace(_rapport("texte"), resume="autre"), _LE) != premier


def test_le_modele_ne_lit_rien_d_autre_que_le_rapport() -> None:
    modele = _MODELE.decode()
    assert not re.search(r"\b(?:import|include|eval|read|plugin)\b", modele)
    assert modele.count("sys.inputs") == 1


def test_chaque_statut_a_son_nom() -> None:
    assert set(STATUTS) == set(Statut)
