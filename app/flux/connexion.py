"""PURE. What the server hands over with a request, for an answer that has no end (``app.serveur``)."""

from collections.abc import MutableMapping
from typing import Any, Protocol

EXTENSION = "traces_postes.flux"


class Arret(Protocol):
    """An event that happens once."""

    async def wait(self) -> Any: ...


class Connexion(Protocol):
    """The connection of one request."""

    def ouvrir_flux(self) -> Arret:
        """Hardly anything is kept back for a reader from here on; gives what tells that the server stops."""

    def rompre(self) -> None:
        """Ends it at once, whatever was not read."""


def connexion_de(scope: MutableMapping[str, Any]) -> Connexion | None:
    """None where the application is called without a server."""
    connexion: Connexion | None = scope.get("extensions", {}).get(EXTENSION, {}).get("connexion")
    return connexion
