"""The account that runs the embedded PostgreSQL when we are root, and its way through others' directories.

PostgreSQL refuses to run as root. The account owns nothing but the cluster and its socket; where a directory
on the way to them (or to the binaries) is closed, it alone is let through by an ACL entry ``user:<uid>:--x``:
what the owner, the group and everyone else may do stays what it was.
"""

import errno
import os
import pwd
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

NOM_DU_COMPTE = "traces-postes"

_ATTRIBUT = "system.posix_acl_access"
_VERSION = 2
_ENTETE = struct.Struct("<I")
_ENTREE = struct.Struct("<HHI")
_PROPRIETAIRE, _COMPTE, _GROUPE_PROPRIETAIRE, _GROUPE, _MASQUE, _AUTRES = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_LIMITEES_PAR_LE_MASQUE = {_COMPTE, _GROUPE_PROPRIETAIRE, _GROUPE}
_SANS_IDENTIFIANT = 0xFFFFFFFF
LIRE, TRAVERSER = 4, 1


class AccesImpossible(Exception):
    """The account cannot be had, or cannot be let through; the message (French) says what to do."""


@dataclass(frozen=True)
class Compte:
    """The account that PostgreSQL runs under."""

    uid: int
    gid: int


@dataclass(frozen=True)
class EntreeAcl:
    """One entry of an access ACL: a tag, its permissions (rwx bits), and the uid or gid that it names."""

    etiquette: int
    droits: int
    identifiant: int = _SANS_IDENTIFIANT


def compte_de_postgres(grappe: Path) -> Compte | None:
    """Return the account to switch to, or None when we are no root and run PostgreSQL as ourselves.

    A cluster that an ordinary user already owns stays theirs: root (sudo) then works beside them.
    """
    if os.geteuid() != 0:
        return None
    if grappe.exists() and (etat := grappe.stat()).st_uid != 0:
        return Compte(etat.st_uid, etat.st_gid)
    return _compte_systeme() or _creer_compte_systeme()


def _compte_systeme() -> Compte | None:
    try:
        fiche = pwd.getpwnam(NOM_DU_COMPTE)
    except KeyError:
        return None
    return Compte(fiche.pw_uid, fiche.pw_gid)


def _creer_compte_systeme() -> Compte:
    conseil = (
        f"Créez le compte système « {NOM_DU_COMPTE} », lancez la commande sous un compte ordinaire, "
        "ou donnez un serveur PostgreSQL par TRACES_POSTES_DATABASE_URL."
    )
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if useradd is None:
        raise AccesImpossible(f"PostgreSQL ne tourne pas sous root, et useradd est introuvable. {conseil}")
    options = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    fini = subprocess.run(  # noqa: S603
        [useradd, *options, NOM_DU_COMPTE], capture_output=True, text=True, check=False
    )
    # Looked up whatever useradd says: another process may have created it in the meantime.
    compte = _compte_systeme()
    if compte is None:
        raise AccesImpossible(
            f"PostgreSQL ne tourne pas sous root, et useradd a échoué : {fini.stderr.strip()} {conseil}"
        )
    return compte


def lire_acl(chemin: Path) -> list[EntreeAcl]:
    """Read the access ACL of a file; without one, the three entries that its mode stands for."""
    if sys.platform == "linux":
        try:
            brut = os.getxattr(chemin, _ATTRIBUT)
        except OSError as exc:
            if exc.errno not in {errno.ENODATA, errno.EOPNOTSUPP}:
                raise
        else:
            return [EntreeAcl(*champs) for champs in _ENTREE.iter_unpack(brut[_ENTETE.size :])]
    mode = chemin.stat().st_mode
    return [
        EntreeAcl(_PROPRIETAIRE, mode >> 6 & 7),
        EntreeAcl(_GROUPE_PROPRIETAIRE, mode >> 3 & 7),
        EntreeAcl(_AUTRES, mode & 7),
    ]


def droits(chemin: Path, compte: Compte) -> int:
    """Compute what the account may do with a file (rwx bits), in the order of acl(5)."""
    etat, acl = chemin.stat(), lire_acl(chemin)
    masque = _masque(acl)

    def union(entrees: list[EntreeAcl]) -> int:
        return _union(entrees) & masque

    if etat.st_uid == compte.uid:
        return _union([e for e in acl if e.etiquette == _PROPRIETAIRE])
    if nommees := [e for e in acl if e.etiquette == _COMPTE and e.identifiant == compte.uid]:
        return union(nommees)
    groupes = [e for e in acl if e.etiquette == _GROUPE and e.identifiant == compte.gid]
    if etat.st_gid == compte.gid:
        groupes += [e for e in acl if e.etiquette == _GROUPE_PROPRIETAIRE]
    return union(groupes) if groupes else _union([e for e in acl if e.etiquette == _AUTRES])


def avec_traversee(acl: list[EntreeAcl], uid: int, actuels: int) -> list[EntreeAcl]:
    """Add ``--x`` to what one account has already; what everybody else may do stays as it is."""
    masque = _masque(acl)
    # What the old mask took away must not come back when the mask is widened.
    gardees = [
        replace(e, droits=e.droits & masque) if e.etiquette in _LIMITEES_PAR_LE_MASQUE else e
        for e in acl
        if e.etiquette != _MASQUE and (e.etiquette, e.identifiant) != (_COMPTE, uid)
    ]
    entree = EntreeAcl(_COMPTE, actuels | TRAVERSER, uid)
    a_couvrir = [e for e in acl if e.etiquette == _MASQUE] or [e for e in acl if e.etiquette == _GROUPE_PROPRIETAIRE]
    nouvelle = [*gardees, entree, EntreeAcl(_MASQUE, _union([*a_couvrir, entree]))]
    return sorted(nouvelle, key=lambda e: (e.etiquette, e.identifiant))


def laisser_traverser(dossier: Path, compte: Compte) -> None:
    """Let the account reach into ``dossier``: an ACL entry on each directory that stops it."""
    reel = dossier.resolve()
    for etape in (*reversed(reel.parents), reel):
        actuels = droits(etape, compte)
        if not actuels & TRAVERSER:
            _ecrire_acl(etape, avec_traversee(lire_acl(etape), compte.uid, actuels))


def _ecrire_acl(dossier: Path, acl: list[EntreeAcl]) -> None:
    brut = _ENTETE.pack(_VERSION) + b"".join(_ENTREE.pack(e.etiquette, e.droits, e.identifiant) for e in acl)
    raison = "système sans ACL POSIX"
    if sys.platform == "linux":
        try:
            os.setxattr(dossier, _ATTRIBUT, brut)
        except OSError as exc:
            raison = exc.strerror or str(exc)
        else:
            return
    raise AccesImpossible(
        f"Le compte qui fait tourner PostgreSQL à la place de root ne peut pas traverser {dossier}, et une "
        f"ACL n'a pas pu l'y autoriser ({raison}). Placez le projet, ou TRACES_POSTES_DATA_DIR, dans un "
        "dossier que tous peuvent traverser (chmod o+x), ou lancez la commande sous un compte ordinaire."
    )


def exiger_lisible(chemins: Iterable[Path], compte: Compte) -> None:
    """Refuse installed files that the account may not read, enter or run."""
    for chemin in chemins:
        voulus = LIRE | (TRAVERSER if os.access(chemin, os.X_OK) else 0)
        if droits(chemin, compte) & voulus != voulus:
            raise AccesImpossible(
                f"{chemin} n'est pas lisible par le compte qui fait tourner PostgreSQL à la place de root : "
                "réinstallez les dépendances avec umask 022, ou lancez la commande sous un compte ordinaire."
            )


def _masque(acl: list[EntreeAcl]) -> int:
    return next((e.droits for e in acl if e.etiquette == _MASQUE), 7)


def _union(entrees: list[EntreeAcl]) -> int:
    total = 0
    for entree in entrees:
        total |= entree.droits
    return total
