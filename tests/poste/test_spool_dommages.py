"""Files that are not or no longer a spool: what can be read goes on, numbers come once, the rest is left as it is.

`TRACES_POSTES_BASCULES` is how many bits are flipped anywhere in the file (400).
"""

import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.poste import PosteSuivi, Spool, SpoolIllisible, SpoolOccupe, tournee, vider
from app.poste.erreurs import ErreurSpool
from app.poste.resultat import Rejet
from tests.poste.conftest import AM, ORDONNANCE, Fabrique, trace, traces
from tests.poste.distant import Distant
from tests.poste.test_spool import numeros, repondre

BASCULES = int(os.environ.get("TRACES_POSTES_BASCULES", "400"))


@pytest.fixture
def chemin(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


@pytest.mark.parametrize("contenu", [b"", b'{"id": "..."}\n' * 500])
def test_un_fichier_vide_devient_un_spool_et_un_texte_reste_tel_quel(chemin: Path, contenu: bytes) -> None:
    chemin.write_bytes(contenu)
    if contenu:
        with pytest.raises(SpoolIllisible, match="laissé tel quel"):
            Spool(chemin)
        assert chemin.read_bytes() == contenu
    else:
        with Spool(chemin) as spool:
            assert spool.deposer(trace(0)) == 1


def test_la_base_d_un_autre_reste_telle_quelle(chemin: Path) -> None:
    base = sqlite3.connect(chemin)
    base.execute("CREATE TABLE ailleurs (x)")
    base.commit()
    base.close()
    avant = chemin.read_bytes()
    with pytest.raises(SpoolIllisible):
        Spool(chemin)
    assert chemin.read_bytes() == avant


def _pages(chemin: Path, table: str) -> list[int]:
    """The pages of a table's leaves, from 1."""
    base = sqlite3.connect(chemin)
    lignes = base.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (table,)).fetchall()
    base.close()
    return [page for (page,) in lignes]


def _abimer(chemin: Path, page: int) -> None:
    with chemin.open("r+b") as fichier:
        fichier.seek((page - 1) * 4096)
        fichier.write(b"\xa5" * 4096)


def _rempli(chemin: Path) -> dict[int, bytes]:
    """A spool of 200 traces, 20 of which are gone; what waits."""
    with Spool(chemin) as spool:
        spool.deposer_tout(traces(200))
        repondre(spool, 20, Rejet(3, "pilote-inconnu"))
        return {lue.position: lue.corps for lue in spool.lire(1_000)}


def test_un_spool_abime_est_mis_de_cote_et_repris(chemin: Path) -> None:
    attendues = _rempli(chemin)
    page = _pages(chemin, "trace")[2]
    _abimer(chemin, page)
    octets = chemin.read_bytes()
    with Spool(chemin) as spool:
        assert spool.mis_de_cote == chemin.with_name("spool.db.illisible-1")
        assert spool.mis_de_cote.read_bytes() == octets
        reprises = {lue.position: lue.corps for lue in spool.lire(1_000)}
        assert reprises.items() < attendues.items()
        assert len(reprises) > 140, "only what stood on the damaged page is missing"
        etat = spool.etat()
        assert (etat.derniere, etat.enregistrees, etat.rejetees) == (200, 19, 1)
        assert (etat.perdues, etat.en_attente) == (180 - len(reprises), len(reprises))
        assert spool.deposer(trace(0)) == 201
    with Spool(chemin) as spool:
        assert spool.mis_de_cote is None
        assert numeros(spool) == [*reprises, 201]


def test_une_reprise_interrompue_finit_a_la_prochaine_ouverture(chemin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _rempli(chemin)
    _abimer(chemin, _pages(chemin, "trace")[0])
    renommer = Path.rename
    for interdits in range(4):

        def interrompre(self: Path, cible: Path, reste: list[int] = [interdits]) -> Path:  # noqa: B006
            if not reste[0]:
                raise KeyboardInterrupt
            reste[0] -= 1
            return renommer(self, cible)

        with monkeypatch.context() as pendant:
            pendant.setattr(Path, "rename", interrompre)
            with pytest.raises(KeyboardInterrupt):
                Spool(chemin)
    with Spool(chemin) as spool:
        assert spool.mis_de_cote == chemin.with_name("spool.db.illisible-1")
        assert spool.deposer(trace(0)) == 201


def test_des_compteurs_qui_mentent_sont_refaits(chemin: Path) -> None:
    _rempli(chemin)
    base = sqlite3.connect(chemin)
    base.execute("UPDATE compte SET derniere = 150")
    base.commit()
    base.close()
    with Spool(chemin) as spool:
        assert spool.mis_de_cote
        assert (spool.etat().en_attente, spool.deposer(trace(0))) == (180, 201)


@pytest.mark.parametrize("table", ["compte", "sqlite_schema"])
def test_un_spool_dont_le_numero_est_illisible_reste_tel_quel(chemin: Path, table: str) -> None:
    _rempli(chemin)
    _abimer(chemin, _pages(chemin, table)[0])
    octets = chemin.read_bytes()
    with pytest.raises(SpoolIllisible, match="ses numéros repartiront de 1") as erreur:
        Spool(chemin)
    assert ORDONNANCE not in str(erreur.value)
    assert chemin.read_bytes() == octets
    assert sorted(fichier.name for fichier in chemin.parent.iterdir()) == ["spool.db", "spool.db.verrou"]


def _journal(chemin: Path) -> Path:
    return chemin.with_name(chemin.name + "-wal")


def _basculer(chemin: Path, texte: bytes, rang: int, bit: int) -> None:
    """One bit of the byte at `rang` in this text, wherever the files of the spool hold it."""
    trouves = 0
    for fichier in filter(Path.exists, (chemin, _journal(chemin))):
        octets = bytearray(fichier.read_bytes())
        debut = -1
        while (debut := octets.find(texte, debut + 1)) >= 0:
            octets[debut + rang] ^= bit
            trouves += 1
        with fichier.open("r+b") as ecrit:
            ecrit.write(octets)
    assert trouves


BITS = {"guillemet": (0, 0x01), "hors UTF-8": (3, 0x80), "numéro": (11, 0x01), "accolade": (-1, 0x20)}


@pytest.mark.parametrize("bit", BITS)
@pytest.mark.parametrize("ouvert", [False, True])
@pytest.mark.parametrize("numero", [10_001, 12_345])
async def test_un_bit_qui_bascule_dans_un_corps_ne_coute_que_cette_trace(
    distant: Distant, fabrique: Fabrique, chemin: Path, numero: int, ouvert: bool, bit: str
) -> None:
    rang, masque = BITS[bit]
    champs = {"logiciel": "ortho-plus", "version": "x" * 300}
    spool = Spool(chemin)
    spool.deposer_tout([{}] * 10_000)
    repondre(spool, 10_000)
    spool.deposer_tout([trace(n, **champs) for n in range(10_000)])  # more than SQLite keeps in memory
    if not ouvert:
        spool.fermer()
    texte = b'"sequence":%d}' % numero
    _basculer(chemin, texte, rang % len(texte), masque)
    if not ouvert:
        spool = Spool(chemin)
    with spool:
        assert spool.mis_de_cote is None, "SQLite sees nothing of it"
        assert tournee.poste_suivi(spool) == PosteSuivi("ortho-plus", AM)
        resultat = await vider(fabrique(), spool)
        assert (resultat.enregistrees, resultat.rejetees, resultat.restantes) == (9_999, 0, 0)
        etat = spool.etat()
        assert (etat.perdues, etat.en_attente, etat.octets, etat.derniere) == (1, 0, 0, 20_000)
        [refus] = spool.refus()
        assert (refus.sequence, refus.code) == (numero, "trace-illisible")
        assert refus.corps is not None, "what is left of it can be mended by hand"


async def test_quand_tout_est_illisible_le_spool_se_vide(
    distant: Distant, fabrique: Fabrique, chemin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tournee, "PAGE", 6)
    with Spool(chemin) as spool:
        spool.deposer_tout([trace(numero, version="abîmée") for numero in range(20)])
    _basculer(chemin, b"ab\\u00eem", 3, 0x08)
    with Spool(chemin) as spool:
        assert tournee.poste_suivi(spool) is None
        assert (await vider(fabrique(), spool)).recues == 0
        assert (spool.etat().perdues, spool.etat().en_attente, distant.postes) == (20, 0, [])
        assert spool.deposer(trace(0)) == 21


def _changer(chemin: Path, *instructions: str) -> None:
    base = sqlite3.connect(chemin)
    for instruction in instructions:
        base.execute(instruction)
    base.commit()
    base.close()


@pytest.mark.parametrize(("numero", "devenu"), [(200, 1_224), (21, 5), (21, 3), (21, 0)])
def test_un_numero_de_rangee_abime_ne_fait_pas_sauter_les_numeros(chemin: Path, numero: int, devenu: int) -> None:
    _rempli(chemin)
    _changer(chemin, f"UPDATE trace SET sequence = {devenu} WHERE sequence = {numero}")  # noqa: S608
    with Spool(chemin) as spool:
        assert numeros(spool) == [n for n in range(21, 201) if n != numero]
        assert (spool.etat().derniere, spool.etat().perdues, spool.etat().en_attente) == (200, 1, 179)
        assert spool.deposer(trace(0)) == 201


def test_un_corps_abime_n_est_pas_repris_d_un_spool_mis_de_cote(chemin: Path) -> None:
    _rempli(chemin)
    _basculer(chemin, b'"sequence":57}', 0, 0x01)
    _changer(chemin, "UPDATE compte SET derniere = 150")
    with Spool(chemin) as spool:
        assert spool.mis_de_cote
        assert spool.etat().perdues == 1
        assert numeros(spool) == [n for n in range(21, 201) if n != 57]


@pytest.mark.parametrize(
    "degat",
    [
        "UPDATE compte SET perdues = NULL",
        "UPDATE compte SET octets = 1.5",
        "UPDATE compte SET derniere = 'deux'",
        "UPDATE compte SET doublons = -1",
        "INSERT INTO compte VALUES (0, 0, 0, 0, 0, 0)",
        "DELETE FROM compte",
    ],
)
def test_des_compteurs_qui_n_en_sont_pas_laissent_le_spool_tel_quel(chemin: Path, degat: str) -> None:
    _rempli(chemin)
    _changer(chemin, degat)
    octets = chemin.read_bytes()
    with pytest.raises(SpoolIllisible):
        Spool(chemin)
    assert chemin.read_bytes() == octets


def test_un_motif_de_refus_abime_ne_cache_pas_les_autres(chemin: Path) -> None:
    _rempli(chemin)
    _changer(chemin, "INSERT INTO refus VALUES (9, CAST(x'70ff' AS TEXT), NULL, NULL)")
    with Spool(chemin) as spool:
        assert [(refus.sequence, refus.code) for refus in spool.refus()] == [(3, "pilote-inconnu"), (9, "p\ufffd")]


def test_un_schema_qui_n_est_plus_du_texte_est_dit_en_francais(chemin: Path) -> None:
    _rempli(chemin)
    _basculer(chemin, b"TABLE trace (", 6, 0x80)
    with pytest.raises(SpoolIllisible):
        Spool(chemin)


def test_un_schema_abime_ne_cache_pas_les_traces(chemin: Path) -> None:
    """With another type the column is no more the row's number: SQLite would find that no trace waits."""
    attendues = _rempli(chemin)
    _basculer(chemin, b"INTEGER PRIMARY KEY, corps", 6, 0x01)
    with Spool(chemin) as spool:
        assert spool.mis_de_cote
        assert {lue.position: lue.corps for lue in spool.lire(1_000)} == attendues
        assert spool.deposer(trace(0)) == 201


def test_un_bit_n_importe_ou_ne_bloque_ni_ne_fait_revenir_un_numero(memoire: Path, chemin: Path) -> None:
    """Everything that can be read leaves, the rest is counted; or the file is refused, and stays."""
    _rempli(chemin)
    sain = chemin.read_bytes()
    hasard = random.Random(0)
    refuses = 0
    for essai in range(BASCULES):
        abime = memoire / f"{essai}.db"
        octets = bytearray(sain)
        octets[hasard.randrange(len(octets))] ^= 1 << hasard.randrange(8)
        abime.write_bytes(octets)
        try:
            with Spool(abime) as spool:
                tournee.poste_suivi(spool)
                parties = 0
                while lues := spool.lire(50):
                    parties += len(lues)
                    repondre(spool, 50)
                etat = spool.etat()
                assert (etat.perdues, etat.en_attente, etat.octets) == (180 - parties, 0, 0)
                assert parties >= 179 or spool.mis_de_cote
                assert spool.deposer({}) == 201
        except SpoolIllisible:
            refuses += 1
    assert refuses < BASCULES / 20


@pytest.fixture
def tue(chemin: Path) -> Callable[[str], tuple[bytes, bytes]]:
    """Leaves the files as they are when a program is killed after this statement: file and journal."""

    def tuer(instruction: str) -> tuple[bytes, bytes]:
        base = sqlite3.connect(chemin, isolation_level=None)
        base.execute("PRAGMA journal_mode = WAL")
        base.execute(instruction)
        octets, journal = chemin.read_bytes(), _journal(chemin).read_bytes()
        base.close()
        chemin.write_bytes(octets)
        _journal(chemin).write_bytes(journal)
        assert journal
        return octets, journal

    return tuer


Tue = Callable[[str], tuple[bytes, bytes]]


@pytest.mark.parametrize("reste", [b"", None])
def test_un_journal_sans_son_fichier_n_est_pas_un_spool_neuf(chemin: Path, tue: Tue, reste: bytes | None) -> None:
    _rempli(chemin)
    _, journal = tue("DELETE FROM trace WHERE sequence < 30")
    chemin.unlink()
    if reste is not None:
        chemin.write_bytes(reste)
    with pytest.raises(SpoolIllisible):
        Spool(chemin)
    assert _journal(chemin).read_bytes() == journal
    assert (chemin.read_bytes() if chemin.exists() else None) == reste


@pytest.mark.parametrize("instruction", ["UPDATE compte SET derniere = NULL", "PRAGMA application_id = 1"])
def test_ce_qui_est_refuse_reste_tel_quel_avec_son_journal(chemin: Path, tue: Tue, instruction: str) -> None:
    _rempli(chemin)
    avant = tue(instruction)
    for _ in range(2):
        with pytest.raises(SpoolIllisible):
            Spool(chemin)
        assert (chemin.read_bytes(), _journal(chemin).read_bytes()) == avant


def test_ce_qui_est_mis_de_cote_l_est_avec_son_journal(chemin: Path, tue: Tue) -> None:
    _rempli(chemin)
    avant = tue("UPDATE compte SET derniere = 150")
    with Spool(chemin) as spool:
        assert spool.mis_de_cote
        assert (spool.mis_de_cote.read_bytes(), _journal(spool.mis_de_cote).read_bytes()) == avant
        assert spool.deposer(trace(0)) == 201


def test_une_mise_de_cote_ne_se_fait_pas_a_deux(chemin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes while files are renamed is sent away, and renames nothing."""
    attendues = _rempli(chemin)
    _changer(chemin, "UPDATE compte SET derniere = 150")
    renommer, remplacer = Path.rename, Path.replace
    venus: list[type[ErreurSpool]] = []

    def venir() -> None:
        with monkeypatch.context() as seul:
            seul.setattr(Path, "rename", renommer)
            with pytest.raises(SpoolOccupe) as erreur:
                Spool(chemin)
        venus.append(erreur.type)

    def entre(geste: Callable[[Path, Path], Path]) -> Any:
        def faire(self: Path, cible: Path) -> Path:
            venir()
            fait = geste(self, cible)
            venir()
            return fait

        return faire

    with monkeypatch.context() as pendant:
        pendant.setattr(Path, "rename", entre(renommer))
        pendant.setattr(Path, "replace", entre(remplacer))
        with Spool(chemin) as spool:
            assert {lue.position: lue.corps for lue in spool.lire(1_000)} == attendues
            assert spool.deposer(trace(0)) == 201
    assert len(venus) >= 6
