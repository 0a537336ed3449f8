"""FastAPI dependencies: who is calling, and may they?"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request

from app.acces.roles import Acces, Role
from app.acces.service import Portier
from app.erreurs import RoleInsuffisant


async def acces_courant(requete: Request) -> Acces:
    """The access of the caller's key; raises CleAbsente or CleRefusee (401)."""
    portier: Portier = requete.app.state.portier
    return await portier.reconnaitre(requete.headers.get("authorization"))


def verifier_role(acces: Acces, *roles: Role) -> None:
    """Raises RoleInsuffisant (403) unless the key bears one of these roles; ``cnam`` may do everything."""
    if acces.role is not Role.CNAM and acces.role not in roles:
        permis = ", ".join(sorted({Role.CNAM.value, *(r.value for r in roles)}))
        raise RoleInsuffisant(
            f"Le rôle de votre clé ne permet pas cette opération : utilisez une clé de rôle {permis}."
        )


def exiger(*roles: Role) -> Callable[[Acces], Coroutine[Any, Any, Acces]]:
    """A dependency that lets only these roles, and ``cnam``, through."""

    async def dependance(acces: Annotated[Acces, Depends(acces_courant)]) -> Acces:
        verifier_role(acces, *roles)
        return acces

    return dependance
