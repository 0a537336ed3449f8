"""Settings that come as files, as containers are given their secrets."""

from pathlib import Path

import pytest

from app.reglages import Reglages


def test_un_fichier_donne_un_reglage_que_l_environnement_precede(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "TRACES_POSTES_DATABASE_URL").write_text("postgresql://service:mot@base/traces\n")
    (tmp_path / "traces_postes_pool_taille").write_text("7\n")
    (tmp_path / "autre").write_text("rien à voir")
    lus = Reglages(_secrets_dir=tmp_path)
    assert lus.database_url is not None
    assert lus.database_url.get_secret_value() == "postgresql://service:mot@base/traces"
    assert lus.pool_taille == 7
    monkeypatch.setenv("TRACES_POSTES_POOL_TAILLE", "9")
    assert Reglages(_secrets_dir=tmp_path).pool_taille == 9
