"""What people see of a sending."""

import io
from collections import Counter

import pytest
from rich.console import Console

from app.poste import Refus, Rejet, Resultat
from app.poste.affichage import barre, tableau, tableau_du_spool
from app.poste.support import Compte


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


def test_le_tableau_du_spool_montre_les_derniers_refus(console: Console) -> None:
    refus = [Refus(numero, "pilote-inconnu", "numero_am", b'{"secret":1}') for numero in range(1_001, 1_030)]
    compte = Compte(derniere=2_000, perdues=4, enregistrees=900, doublons=67, rejetees=29, octets=300_000)
    console.print(tableau_du_spool(compte, [*refus, Refus(1_030, "corps-trop-grand", None, None)]))
    lignes = [ligne.strip("│ \n").split("│") for ligne in texte(console).splitlines() if "│" in ligne]
    montrees = [(libelle.strip(), nombre.strip()) for libelle, nombre in lignes]
    assert montrees[:7] == [
        ("En attente", "1 000"),
        ("octets", "300 000"),
        ("Dernier numéro", "2 000"),
        ("Enregistrées", "900"),
        ("Doublons", "67"),
        ("Rejetées", "29"),
        ("Perdues", "4"),
    ]
    assert montrees[7:] == [
        *[(f"n° {numero}", "pilote-inconnu numero_am") for numero in range(1_011, 1_030)],
        ("n° 1030", "corps-trop-grand"),
    ]
    assert "secret" not in texte(console)
