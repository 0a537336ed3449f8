"""FastAPI dependencies: who is calling, and may they?"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.acces.roles import Acces, Role
from app.acces.service import Portier
from app.erreurs import RoleInsuffisant


async def acces_courant(requete: Request) -> Acces:
    """The access of the caller's key; raises CleAbsente or CleRefusee (401)."""
    portier: Portier = requete.app.state.portier
    return await portier.reconnaitre(requete.headers.get("authorization"))


def refus_de_role(roles: Collection[Role]) -> RoleInsuffisant:
    """What a key of another role is told."""
    permis = ", ".join(roles_admis(roles))
    return RoleInsuffisant(f"Le rôle de votre clé ne permet pas cette opération : utilisez une clé de rôle {permis}.")


def roles_admis(roles: Collection[Role]) -> list[str]:
    """The names of these roles and of ``cnam``, which may do everything."""
    return sorted({Role.CNAM.value, *(r.value for r in roles)})


def verifier_role(acces: Acces, *roles: Role) -> None:
    """Raises RoleInsuffisant (403) unless the key bears one of these roles; ``cnam`` may do everything."""
    if acces.role is not Role.CNAM and acces.role not in roles:
        raise refus_de_role(roles)


@dataclass(frozen=True, slots=True)
class Exigence:
    """A dependency that lets only these roles, and ``cnam``, through; the API's description reads them here."""

    roles: tuple[Role, ...]


class _ParLaBase(Exigence):
    async def __call__(self, acces: Annotated[Acces, Depends(acces_courant)]) -> Acces:
        verifier_role(acces, *self.roles)
        return acces


class _SansAttendre(Exigence):
    async def __call__(self, requete: Request) -> Acces:
        portier: Portier = requete.app.state.portier
        acces = await portier.reconnaitre_sans_attendre(requete.headers.get("authorization"))
        verifier_role(acces, *self.roles)
        return acces


def exiger(*roles: Role) -> _ParLaBase:
    """A dependency that lets only these roles, and ``cnam``, through."""
    return _ParLaBase(roles)


def exiger_sans_attendre(*roles: Role) -> _SansAttendre:
    """The same for what has to be read while the database is away (``Portier.reconnaitre_sans_attendre``)."""
    return _SansAttendre(roles)
