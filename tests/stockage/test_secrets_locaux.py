"""The master and signing keys: given, or made once where embedded mode keeps it; there is no default."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.reglages import ReglageInvalide, Reglages
from app.stockage.secrets_locaux import (
    TAILLE,
    cle_maitresse,
    cle_signature,
    cle_signature_presente,
    cles_maitresses_anciennes,
    cles_publiques,
    en_texte,
)

CLE = bytes(range(200, 232))


def _reglages(cle: str | None, url: str | None = "postgresql://db/x", data_dir: Path = Path("nulle-part")) -> Reglages:
    return Reglages(
        cle_maitresse=SecretStr(cle) if cle is not None else None,
        database_url=SecretStr(url) if url is not None else None,
        data_dir=data_dir,
    )


@pytest.mark.parametrize(
    "texte",
    [
        base64.b64encode(CLE).decode(),
        base64.urlsafe_b64encode(CLE).decode(),
        base64.b64encode(CLE).decode() + "\n",
        en_texte(CLE),
    ],
)
def test_une_cle_donnee_est_lue(texte: str) -> None:
    assert cle_maitresse(_reglages(texte)) == CLE


@pytest.mark.parametrize(
    "texte",
    [
        "",
        "abc",
        "é" * 44,
        base64.b64encode(CLE[:-1]).decode(),
        base64.b64encode(CLE + b"x").decode(),
        CLE.hex(),
        "!" * 44,
    ],
)
def test_une_cle_mal_faite_est_refusee_sans_etre_montree(texte: str) -> None:
    with pytest.raises(ReglageInvalide, match="TRACES_POSTES_CLE_MAITRESSE") as refus:
        cle_maitresse(_reglages(texte))
    assert not texte or texte not in str(refus.value)


def test_sans_cle_une_base_exterieure_refuse_en_la_nommant(tmp_path: Path) -> None:
    with pytest.raises(ReglageInvalide, match="TRACES_POSTES_CLE_MAITRESSE"):
        cle_maitresse(_reglages(None, data_dir=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_le_mode_embarque_fait_une_cle_et_la_garde_pour_lui(tmp_path: Path) -> None:
    dossier = tmp_path / "a" / "b"
    reglages = _reglages(None, None, dossier)
    cle = cle_maitresse(reglages)
    assert len(cle) == TAILLE
    assert cle_maitresse(reglages) == cle
    (fichier,) = dossier.iterdir()
    assert stat.S_IMODE(fichier.stat().st_mode) == 0o600


def test_deux_premiers_demarrages_a_la_fois_ont_une_meme_cle(tmp_path: Path) -> None:
    autres = [_reglages(None, None, tmp_path / str(rang)) for rang in range(2)]
    assert len({cle_maitresse(reglages) for reglages in autres}) == 2
    reglages = _reglages(None, None, tmp_path / "commun")
    cle = cle_maitresse(reglages)
    with ThreadPoolExecutor(4) as fils:
        assert set(fils.map(cle_maitresse, [reglages] * 8)) == {cle}


def test_une_cle_gardee_mais_abimee_n_est_pas_remplacee(tmp_path: Path) -> None:
    (tmp_path / "cle_maitresse").write_text("abîmée")
    with pytest.raises(ReglageInvalide):
        cle_maitresse(_reglages(None, None, tmp_path))
    assert (tmp_path / "cle_maitresse").read_text() == "abîmée"


def test_un_secret_ne_s_affiche_pas() -> None:
    texte = en_texte(CLE)
    reglages = _reglages(texte, "postgresql://u:motdepasse@db/x")
    assert texte not in repr(reglages)
    assert "motdepasse" not in repr(reglages)


def test_la_cle_de_signature_est_une_autre_et_ne_se_fait_pas_pour_verifier(tmp_path: Path) -> None:
    reglages = _reglages(None, None, tmp_path)
    assert cle_signature_presente(reglages) is None
    assert list(tmp_path.iterdir()) == []
    cle = cle_signature(reglages)
    assert cle != cle_maitresse(reglages)
    assert cle_signature_presente(reglages) == cle_signature(reglages) == cle
    assert stat.S_IMODE((tmp_path / "cle_signature").stat().st_mode) == 0o600
    exterieure = _reglages(None, data_dir=tmp_path)
    with pytest.raises(ReglageInvalide, match="TRACES_POSTES_CLE_SIGNATURE"):
        cle_signature(exterieure)
    donnee = exterieure.model_copy(update={"cle_signature": SecretStr(en_texte(CLE))})
    assert cle_signature(donnee) == cle_signature_presente(donnee) == CLE


def test_les_cles_publiques_se_lisent_avec_ou_sans_remplissage() -> None:
    autre = bytes(range(32))
    texte = f" {en_texte(CLE)},{base64.urlsafe_b64encode(autre).decode().rstrip('=')}, "
    assert cles_publiques(Reglages(cles_publiques=texte)) == [CLE, autre]
    assert cles_publiques(Reglages()) == []
    for fautive in ("abc", f"{en_texte(CLE)};{en_texte(autre)}", CLE.hex()):
        with pytest.raises(ReglageInvalide, match="TRACES_POSTES_CLES_PUBLIQUES") as refus:
            cles_publiques(Reglages(cles_publiques=fautive))
        assert fautive not in str(refus.value)


def test_les_anciennes_cles_maitresses_sont_lues_dans_l_ordre_et_jamais_montrees() -> None:
    autre = bytes(range(32))
    texte = f" {en_texte(CLE)} ,{base64.urlsafe_b64encode(autre).decode().rstrip('=')},"
    reglages = _reglages(None).model_copy(update={"cles_maitresses_anciennes": SecretStr(texte)})
    assert cles_maitresses_anciennes(reglages) == [CLE, autre]
    assert en_texte(CLE) not in repr(reglages)
    assert cles_maitresses_anciennes(_reglages(None)) == []
    fautive = reglages.model_copy(update={"cles_maitresses_anciennes": SecretStr(f"{en_texte(CLE)},abc")})
    with pytest.raises(ReglageInvalide, match="TRACES_POSTES_CLES_MAITRESSES_ANCIENNES") as refus:
        cles_maitresses_anciennes(fautive)
    assert en_texte(CLE) not in str(refus.value)
