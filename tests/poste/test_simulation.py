"""Sending a file."""

import json
from pathlib import Path

import pytest

from app.poste import FichierInvalide, Resultat, simuler
from app.poste.simulation import compter_traces
from tests.poste.conftest import traces
from tests.poste.distant import CLE, Distant


@pytest.fixture
def fichier(tmp_path: Path) -> Path:
    chemin = tmp_path / "traces.ndjson"
    lignes = [json.dumps(trace, ensure_ascii=False) for trace in traces(5)]
    chemin.write_text("\ufeff" + "\r\n".join([*lignes[:3], "", "[1]", *lignes[3:], "", ""]), "utf-8", newline="")
    return chemin


async def test_chaque_ligne_part_dans_l_ordre(distant: Distant, fichier: Path) -> None:
    par_lot: list[Resultat] = []
    resultat = await simuler(fichier, distant.url, CLE, taille_lot=4, avancement=par_lot.append)
    assert distant.tailles == [4, 2]
    assert [envoyee for recue in distant.postes for envoyee in recue.traces if envoyee != [1]] == traces(5)
    assert (resultat.recues, resultat.enregistrees, resultat.rejetees) == (6, 5, 1)
    assert [lot.recues for lot in par_lot] == [4, 2]
    assert compter_traces(fichier) == 6


@pytest.mark.parametrize("melange", [None, 1, 2])
async def test_la_position_d_un_rejet_est_sa_ligne(distant: Distant, fichier: Path, melange: int | None) -> None:
    resultat = await simuler(fichier, distant.url, CLE, connexions=2, taille_lot=2, melange=melange)
    assert [rejet.position for rejet in resultat.rejets_detailles] == [5]


async def test_le_melange_change_l_ordre_et_se_repete(distant: Distant, fichier: Path) -> None:
    ordres = []
    for graine in (None, 7, 7):
        distant.remettre_a_zero()
        await simuler(fichier, distant.url, CLE, melange=graine)
        ordres.append([str(envoyee) for envoyee in distant.postes[0].traces])
    assert ordres[0] != ordres[1] == ordres[2]
    assert sorted(ordres[0]) == sorted(ordres[1])


@pytest.mark.parametrize(
    "ligne", [b'{"ordonnance": "2N8K4XYZ', b"\xff{}", b'{"duree_ms": NaN}', b"[" * 100_000, b"{}, {}"]
)
async def test_une_ligne_illisible_est_nommee_sans_etre_montree(distant: Distant, tmp_path: Path, ligne: bytes) -> None:
    fichier = tmp_path / "traces.ndjson"
    debut = "\n".join(json.dumps(trace) for trace in traces(2)).encode()
    fichier.write_bytes(debut + b"\n" + ligne + b"\n")
    with pytest.raises(FichierInvalide, match="ligne 3") as erreur:
        await simuler(fichier, distant.url, CLE, taille_lot=1)
    assert "2N8K" not in str(erreur.value)
    assert distant.tailles == [1, 1]


async def test_un_nombre_demesure_est_laisse_au_jugement_du_service(distant: Distant, tmp_path: Path) -> None:
    fichier = tmp_path / "traces.ndjson"
    fichier.write_text("1" + "0" * 300 + "\n")
    assert (await simuler(fichier, distant.url, CLE)).rejetees == 1


async def test_un_fichier_absent_est_dit_en_francais(distant: Distant, tmp_path: Path) -> None:
    with pytest.raises(FichierInvalide, match=r"absent\.ndjson ne peut pas être lu"):
        await simuler(tmp_path / "absent.ndjson", distant.url, CLE)
    with pytest.raises(FichierInvalide, match="Vérifiez le chemin"):
        compter_traces(tmp_path)
