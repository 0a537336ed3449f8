"""What people see of a sending."""

import io
from collections import Counter

import pytest
from rich.console import Console

from app.poste import Rejet, Resultat
from app.poste.affichage import barre, tableau


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=120, force_terminal=False)


def texte(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().replace("\u202f", " ")


def test_le_tableau_dit_tout(console: Console) -> None:
    rejets = [Rejet(0, "pilote-inconnu"), Rejet(1, "trace-invalide"), Rejet(2, "trace-invalide")]
    console.print(
        tableau(
            Resultat(
                recues=1_203,
                enregistrees=1_150,
                doublons=50,
                rejetees=3,
                rejets_detailles=rejets,
                avertissements=Counter({"horloge-decalee": 4}),
                reprises=2,
                duree_s=0.5,
            )
        )
    )
    lignes = [ligne.strip("│ \n").split("│") for ligne in texte(console).splitlines() if "│" in ligne]
    assert [(libelle.strip(), nombre.strip()) for libelle, nombre in lignes] == [
        ("Reçues", "1 203"),
        ("Enregistrées", "1 150"),
        ("Doublons", "50"),
        ("Rejetées", "3"),
        ("trace-invalide", "2"),
        ("pilote-inconnu", "1"),
        ("Avertissements", "4"),
        ("horloge-decalee", "4"),
        ("Reprises", "2"),
        ("Durée", "0,50 s"),
        ("Débit", "2 406 traces/s"),
    ]


def test_un_arret_est_dit_avec_ce_qui_reste(console: Console) -> None:
    console.print(tableau(Resultat(arret="desactivees", restantes=12)))
    vu = texte(console)
    assert "Non acquittées" in vu
    assert "désactivées" in vu
    assert "12" in vu
    assert "Débit" not in vu


@pytest.mark.parametrize("total", [10, None])
def test_la_barre_avance_avec_les_lots(console: Console, total: int | None) -> None:
    with barre(total, console=console) as avancer:
        avancer(Resultat(recues=4))
        avancer(Resultat(recues=6, reprises=3))
    vu = texte(console)
    assert "10/10" in vu if total else "10/?" in vu
    assert "reprises : 3" in vu
