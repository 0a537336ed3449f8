"""The file of executions: what a French spreadsheet opens as it is, and runs nothing of."""

import csv
import io
from datetime import UTC, date, datetime

import pytest

from app.bilan import fichier

_EXECUTION = {
    "id": "AAAAAgAB6p7wWkNZAol7HdeWjr9_zQ",
    "preserie": "ortho-plus-lpp",
    "pilote": "389391422",
    "numero_execution": 1,
    "type_prescription": "dispositifs_medicaux",
    "version": "4.2.1",
    "enregistree": True,
    "phase": 2,
    "conformite": "conforme",
    "ecartee": False,
    "jour": date(2026, 10, 20),
    "premiere_le": datetime(2026, 10, 20, 7, 12, 44, tzinfo=UTC),
    "derniere_le": datetime(2026, 10, 20, 7, 14, 2, 481_000, tzinfo=UTC),
    "tentatives": 2,
}


def _relire(octets: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(octets.decode("utf-8-sig"), newline=""), delimiter=";", strict=True))


def test_une_execution_fait_une_ligne() -> None:
    octets = fichier.entete() + fichier.ecrire([_EXECUTION])
    assert octets.startswith(b"\xef\xbb\xbfid;")
    assert octets.endswith(b";2\r\n")
    (ligne,) = _relire(octets)
    assert ligne == {nom: str(valeur) for nom, valeur in _EXECUTION.items()} | {
        "enregistree": "oui",
        "ecartee": "non",
        "premiere_le": "2026-10-20T07:12:44.000000Z",
        "derniere_le": "2026-10-20T07:14:02.481000Z",
    }


@pytest.mark.parametrize("version", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1"])
def test_une_formule_reste_un_texte(version: str) -> None:
    (ligne,) = _relire(fichier.entete() + fichier.ecrire([_EXECUTION | {"version": version}]))
    assert ligne["version"] == "'" + version


@pytest.mark.parametrize("version", ["4;2", '4"2', "4\n2", "4\r\n2", "4.3 β+%&", "'4"])
def test_un_texte_se_relit_tel_quel(version: str) -> None:
    (ligne,) = _relire(fichier.entete() + fichier.ecrire([_EXECUTION | {"version": version}]))
    assert ligne["version"] == version
