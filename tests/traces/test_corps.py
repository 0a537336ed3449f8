"""Bytes of a body: its media type, and gzip in all its forms."""

import contextlib
import gzip
import random
import time
import zlib

import pytest

from app.erreurs import CorpsIllisible, CorpsTropGrand, MediaRefuse
from app.observabilite.bornes import TAILLE_MAX
from app.observabilite.medias import verifier_media
from app.traces.corps import decompresser, lire_corps
from tests.observabilite.arrivees import arrivee

_TEXTE = "Ordonnance numérique. ".encode() * 50


def _bruts(entetes: dict[str, str]) -> dict[bytes, bytes]:
    """Headers as the server gives them."""
    return {nom.encode(): valeur.encode() for nom, valeur in entetes.items()}


@pytest.mark.parametrize(
    "entetes",
    [
        {},
        {"content-type": "application/json"},
        {"content-type": "Application/JSON; charset=UTF-8"},
        {"content-type": 'application/json;charset="utf-8"'},
        {"content-type": "application/json ; charset=utf8"},
        {"content-type": "application/json", "content-encoding": "identity"},
        {"content-type": "application/json", "content-encoding": ""},
    ],
    ids=str,
)
def test_json_en_utf8_est_accepte(entetes: dict[str, str]) -> None:
    assert verifier_media(_bruts(entetes)) is False


@pytest.mark.parametrize("codage", ["gzip", "GZIP", " gzip "])
def test_gzip_est_reconnu(codage: str) -> None:
    assert verifier_media({b"content-encoding": codage.encode()}) is True


@pytest.mark.parametrize(
    "entetes",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/xml"},
        {"content-type": "application/x-ndjson"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=iso-8859-1"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json; charset=utf-8; charset=latin1"},
        {"content-type": ""},
        {"content-type": "*/*"},
        {"content-encoding": "deflate"},
        {"content-encoding": "br"},
        {"content-encoding": "gzip, gzip"},
    ],
    ids=str,
)
def test_tout_autre_media_est_refuse(entetes: dict[str, str]) -> None:
    with pytest.raises(MediaRefuse):
        verifier_media(_bruts(entetes))


def test_plusieurs_membres_gzip_se_suivent() -> None:
    membres = [gzip.compress(_TEXTE), gzip.compress(b""), gzip.compress(b"fin")]
    assert decompresser(b"".join(membres)) == _TEXTE + b"fin"
    assert decompresser(gzip.compress(b"")) == b""
    assert decompresser(b"") == b""


@pytest.mark.parametrize("manque", [1, 4, 8, 9, 20])
def test_un_gzip_tronque_est_illisible(manque: int) -> None:
    entier = gzip.compress(_TEXTE)
    with pytest.raises(CorpsIllisible):
        decompresser(entier[:-manque])
    with pytest.raises(CorpsIllisible):
        decompresser(entier + entier[:-manque])


@pytest.mark.parametrize("reste", [b"x", b"{}", b"\x1f\x8b", b"\x1f\x8b\x08"])
def test_un_reste_apres_le_gzip_est_illisible(reste: bytes) -> None:
    with pytest.raises(CorpsIllisible):
        decompresser(gzip.compress(_TEXTE) + reste)


@pytest.mark.parametrize("corps", [_TEXTE, zlib.compress(_TEXTE), b"\x1f", b"\0" * 40])
def test_ce_qui_n_est_pas_du_gzip_est_illisible(corps: bytes) -> None:
    with pytest.raises(CorpsIllisible):
        decompresser(corps)


def test_une_somme_de_controle_fausse_est_illisible() -> None:
    corps = bytearray(gzip.compress(_TEXTE))
    corps[-8] ^= 1
    with pytest.raises(CorpsIllisible):
        decompresser(bytes(corps))


def test_une_bombe_n_est_pas_depliee() -> None:
    bombe = gzip.compress(bytes(200 * TAILLE_MAX))
    assert len(bombe) < TAILLE_MAX
    with pytest.raises(CorpsTropGrand):
        decompresser(bombe)
    moitie = gzip.compress(bytes(TAILLE_MAX // 2 + 1))
    with pytest.raises(CorpsTropGrand):
        decompresser(moitie * 2)


def test_la_limite_est_exacte() -> None:
    assert len(decompresser(gzip.compress(bytes(TAILLE_MAX)))) == TAILLE_MAX
    with pytest.raises(CorpsTropGrand):
        decompresser(gzip.compress(bytes(TAILLE_MAX + 1)))
    assert decompresser(gzip.compress(b"abc"), limite=3) == b"abc"
    with pytest.raises(CorpsTropGrand):
        decompresser(gzip.compress(b"abcd"), limite=3)


def test_une_foule_de_membres_vides_ne_retient_pas_le_service() -> None:
    """Reading one body holds up every other request of the worker."""
    vide = gzip.compress(b"")
    corps = vide * (TAILLE_MAX // len(vide))
    debut = time.perf_counter()
    with contextlib.suppress(CorpsIllisible):  # to refuse so many members is as good
        assert decompresser(corps) == b""
    assert time.perf_counter() - debut < 0.4


async def test_le_corps_est_rassemble() -> None:
    assert await lire_corps({}, arrivee([b"[", b"", b"]"])) == b"[]"
    assert await lire_corps({b"content-encoding": b"gzip"}, arrivee([gzip.compress(b"[]")])) == b"[]"
    hasard = random.Random(5).randbytes(TAILLE_MAX)
    assert await lire_corps({}, arrivee([hasard[:1000], hasard[1000:]])) == hasard


async def test_un_envoi_coupe_est_illisible() -> None:
    for morceaux in ([], [b"[]"]):
        with pytest.raises(CorpsIllisible):
            await lire_corps({}, arrivee(morceaux, coupe=True))
