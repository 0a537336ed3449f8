"""The spool: numbers, bounds, what is refused, and files that are not or no longer one."""

import json
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from app.poste import (
    DejaRetirees,
    EcritureRefusee,
    ReglageInvalide,
    Rejet,
    Resultat,
    Spool,
    SpoolOccupe,
    SpoolPlein,
    TraceNonEncodable,
)
from app.poste.lots import Lot
from tests.poste.conftest import AM, trace, traces


@pytest.fixture
def chemin(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def repondre(spool: Spool, nombre: int, *rejets: Rejet) -> None:
    """The service answers for the first traces: recorded, but for those refused."""
    lot = Lot(tuple(spool.lire(nombre)))
    spool.retirer(
        lot,
        Resultat(
            recues=len(lot),
            enregistrees=len(lot) - len(rejets),
            rejetees=len(rejets),
            rejets_detailles=list(rejets),
        ),
    )


def numeros(spool: Spool) -> list[int]:
    lues = spool.lire(1_000_000)
    assert [json.loads(lue.corps)["sequence"] for lue in lues] == [lue.position for lue in lues]
    return [lue.position for lue in lues]


def test_les_numeros_se_suivent_a_travers_les_reouvertures(chemin: Path) -> None:
    for rang in range(4):
        with Spool(chemin) as spool:
            assert spool.deposer(trace(rang)) == 3 * rang + 1
            assert spool.deposer_tout(traces(2)) == [3 * rang + 2, 3 * rang + 3]
    with Spool(chemin) as spool:
        assert numeros(spool) == list(range(1, 13))


def test_le_numero_du_spool_remplace_celui_de_la_trace(chemin: Path) -> None:
    with Spool(chemin) as spool:
        spool.deposer(trace(7, sequence=99, version="é"))
        [gardee] = spool.lire(10)
    assert json.loads(gardee.corps) == trace(7, sequence=1, version="é")


def test_le_spool_vide_garde_son_numero(chemin: Path) -> None:
    with Spool(chemin) as spool:
        spool.deposer_tout(traces(5))
        repondre(spool, 5)
    with Spool(chemin) as spool:
        assert spool.lire(1) == []
        assert spool.deposer(trace(9)) == 6


@pytest.mark.parametrize("bornes", [{"traces_max": 2}, {"octets_max": 300}])
def test_plein_la_nouvelle_trace_est_perdue_et_comptee(chemin: Path, bornes: dict[str, int]) -> None:
    with Spool(chemin, **bornes) as spool:
        assert spool.deposer_tout(traces(4)) == [1, 2, None, None]
        with pytest.raises(SpoolPlein, match="compte parmi les perdues"):
            spool.deposer(trace(5))
        assert (spool.etat().derniere, spool.etat().perdues, numeros(spool)) == (5, 3, [1, 2])
    with Spool(chemin, **bornes) as spool:
        repondre(spool, 1)
        assert spool.deposer(trace(6)) == 6
        assert (spool.etat().perdues, numeros(spool)) == (3, [2, 6])


@pytest.mark.parametrize("bornes", [{"traces_max": 0}, {"octets_max": 0}])
def test_un_spool_sans_place_ne_s_ouvre_pas(chemin: Path, bornes: dict[str, int]) -> None:
    with pytest.raises(ReglageInvalide):
        Spool(chemin, **bornes)


def test_une_trace_qui_ne_s_ecrit_pas_ne_prend_pas_de_numero(chemin: Path) -> None:
    with Spool(chemin) as spool:
        with pytest.raises(TraceNonEncodable, match="position 1"):
            spool.deposer_tout([trace(0), {"version": object()}])
        assert (spool.etat().derniere, numeros(spool)) == (0, [])
        assert spool.deposer(trace(0)) == 1


def test_les_refus_sont_comptes_et_gardes_a_part(chemin: Path) -> None:
    longue = trace(4, version="x" * 5_000)
    with Spool(chemin) as spool:
        spool.deposer_tout([*traces(4), longue])
        corps = spool.lire(5)[1].corps
        repondre(
            spool,
            5,
            Rejet(2, "pilote-inconnu", "numero_am"),
            Rejet(3, "donnee-personnelle", "version"),
            Rejet(5, "corps-trop-grand"),
        )
    with Spool(chemin) as spool:
        assert [(refus.sequence, refus.code, refus.champ, refus.corps) for refus in spool.refus()] == [
            (2, "pilote-inconnu", "numero_am", corps),
            (3, "donnee-personnelle", "version", None),
            (5, "corps-trop-grand", None, None),
        ]
        assert AM not in repr(spool.refus())
        etat = spool.etat()
        assert (etat.enregistrees, etat.rejetees, etat.en_attente, etat.octets) == (2, 3, 0, 0)


def test_les_refus_gardes_a_part_sont_bornes(chemin: Path) -> None:
    with Spool(chemin) as spool:
        spool.deposer_tout(traces(1_500))
        for debut in (1, 751):
            repondre(spool, 750, *[Rejet(numero, "trace-invalide") for numero in range(debut, debut + 750)])
        assert [refus.sequence for refus in spool.refus()] == list(range(501, 1_501))
        assert spool.etat().rejetees == 1_500


def _fichiers(chemin: Path) -> bytes:
    return b"".join(fichier.read_bytes() for fichier in chemin.parent.iterdir())


def test_ce_qui_a_eu_reponse_ne_reste_pas_dans_les_fichiers(chemin: Path) -> None:
    with Spool(chemin) as spool:
        spool.deposer_tout([trace(0, version="texte-a-oublier") for _ in range(20)])
        repondre(spool, 12)
        assert b"texte-a-oublier" in _fichiers(chemin)
        repondre(spool, 8)
        assert b"texte-a-oublier" not in _fichiers(chemin)
    assert b"texte-a-oublier" not in _fichiers(chemin)


def test_une_donnee_personnelle_refusee_ne_reste_nulle_part(chemin: Path) -> None:
    with Spool(chemin) as spool:
        spool.deposer_tout([trace(0, version="texte-a-oublier"), *traces(2)])
        repondre(spool, 1, Rejet(1, "donnee-personnelle", "version"))
        assert b"texte-a-oublier" not in _fichiers(chemin)
        assert numeros(spool) == [2, 3]


@pytest.mark.parametrize("longueur", [100, 2_100, 50_000])
def test_les_fichiers_sont_bornes_et_leur_place_resservie(chemin: Path, longueur: int) -> None:
    octets_max = 2 << 20
    with Spool(chemin, octets_max=octets_max) as spool:
        for _ in range(4):
            while None not in spool.deposer_tout([{"version": "x" * longueur}] * 50):
                pass
            assert spool.etat().octets <= octets_max
            assert sum(fichier.stat().st_size for fichier in chemin.parent.iterdir()) < 2 * octets_max + 5_000_000
            repondre(spool, spool.etat().en_attente)


def test_le_journal_rend_la_place_d_un_gros_depot(chemin: Path) -> None:
    journal = chemin.with_name("spool.db-wal")
    with Spool(chemin) as spool:
        spool.deposer_tout([{"version": "x" * 1_000}] * 10_000)
        assert journal.stat().st_size > 10_000_000
        spool.deposer(trace(0))
        assert journal.stat().st_size < 5_000_000


def test_deux_envois_a_la_fois_ne_comptent_pas_deux_fois(chemin: Path) -> None:
    with Spool(chemin) as spool:
        spool.deposer_tout(traces(3))
        lot = Lot(tuple(spool.lire(2)))
        spool.retirer(lot, Resultat(recues=2, enregistrees=2))
        with pytest.raises(DejaRetirees):
            spool.retirer(lot, Resultat(recues=2, doublons=2))
        assert (spool.etat().doublons, numeros(spool)) == (0, [3])


def test_plusieurs_fils_se_partagent_les_numeros(chemin: Path) -> None:
    donnes: list[int] = []
    with Spool(chemin) as spool:
        fils = [
            threading.Thread(target=lambda: donnes.extend(spool.deposer(trace(0)) for _ in range(25))) for _ in range(4)
        ]
        for fil in fils:
            fil.start()
        for fil in fils:
            fil.join()
        assert sorted(donnes) == numeros(spool) == list(range(1, 101))


def test_chaque_connexion_demande_au_disque_de_ne_rien_garder_pour_lui(
    chemin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`fullfsync` does something on macOS only, where a sync is no more than a wish without it."""
    par_connexion: list[list[str]] = []
    connecter = sqlite3.connect

    def suivre(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connexion: sqlite3.Connection = connecter(*arguments, **options)
        par_connexion.append([])
        connexion.set_trace_callback(par_connexion[-1].append)
        return connexion

    with Spool(chemin) as spool:
        spool.deposer(trace(0))
    base = connecter(chemin)
    base.execute("UPDATE compte SET perdues = 3")
    base.commit()
    base.close()
    monkeypatch.setattr(sqlite3, "connect", suivre)
    Spool(chemin).fermer()
    assert len(par_connexion) == 3, "the damaged file, the one begun in its stead, and that one in its place"
    for instructions in par_connexion:
        ecriture = next(rang for rang, dite in enumerate(instructions) if dite.startswith("BEGIN"))
        assert {"PRAGMA fullfsync = ON", "PRAGMA checkpoint_fullfsync = ON"} <= set(instructions[:ecriture])


def test_un_seul_programme_a_la_fois(chemin: Path) -> None:
    autre = [sys.executable, "-c", f"from app.poste import Spool; Spool({str(chemin)!r}).deposer({{}})"]
    with Spool(chemin) as spool:
        spool.deposer(trace(0))
        with pytest.raises(SpoolOccupe, match="Un seul à la fois"):
            Spool(chemin)
        fini = subprocess.run(autre, capture_output=True, text=True, check=False)
        assert "SpoolOccupe" in fini.stderr
        assert numeros(spool) == [1]
    subprocess.run(autre, check=True)
    with Spool(chemin) as spool:
        assert numeros(spool) == [1, 2]


def test_le_fichier_n_est_lu_que_par_son_proprietaire(chemin: Path) -> None:
    with Spool(chemin) as spool:
        spool.deposer(trace(0))
        modes = {stat.S_IMODE(fichier.stat().st_mode) for fichier in chemin.parent.iterdir()}
    assert modes == {0o600}


def test_un_dossier_absent_est_dit_en_francais(tmp_path: Path) -> None:
    with pytest.raises(EcritureRefusee, match="vérifiez les droits du dossier"):
        Spool(tmp_path / "absent" / "spool.db")
