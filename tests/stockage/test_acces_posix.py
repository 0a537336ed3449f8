"""Letting one account through a closed directory changes nothing for anybody else."""

import os
from pathlib import Path

import pytest

from app.stockage.acces_posix import (
    AccesImpossible,
    Compte,
    EntreeAcl,
    avec_traversee,
    droits,
    exiger_lisible,
    laisser_traverser,
)


@pytest.mark.parametrize("droits_du_dossier", [0o700, 0o750, 0o744, 0o711, 0o640])
def test_la_traversee_ne_donne_rien_aux_autres(tmp_path: Path, droits_du_dossier: int) -> None:
    dossier = tmp_path / "d"
    dossier.mkdir()
    dossier.chmod(droits_du_dossier)
    admis, membre, autre = Compte(4001, 4001), Compte(4002, dossier.stat().st_gid), Compte(4003, 4003)
    avant = [droits(dossier, compte) for compte in (admis, membre, autre)]
    laisser_traverser(dossier, admis)
    assert [droits(dossier, compte) for compte in (admis, membre, autre)] == [avant[0] | 1, *avant[1:]]
    assert dossier.stat().st_mode & 0o707 == droits_du_dossier & 0o707


def test_un_masque_elargi_ne_rend_rien() -> None:
    # user::rwx user:7:rwx group::r-x mask::r-- other::--- : the mask leaves r-- to user 7 and to the group.
    acl = [EntreeAcl(1, 7), EntreeAcl(2, 7, 7), EntreeAcl(4, 5), EntreeAcl(16, 4), EntreeAcl(32, 0)]
    assert avec_traversee(acl, 9, 0) == [
        EntreeAcl(1, 7),
        EntreeAcl(2, 4, 7),
        EntreeAcl(2, 1, 9),
        EntreeAcl(4, 4),
        EntreeAcl(16, 5),
        EntreeAcl(32, 0),
    ]


def test_fichier_illisible_dit_quoi_faire(tmp_path: Path) -> None:
    outil = tmp_path / "postgres"
    outil.touch(mode=0o755)
    exiger_lisible([outil], Compte(4001, 4001))
    outil.chmod(0o700)
    with pytest.raises(AccesImpossible, match="umask 022"):
        exiger_lisible([outil], Compte(4001, 4001))
    exiger_lisible([outil], Compte(os.geteuid(), os.getegid()))
