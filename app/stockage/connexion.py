"""A connection that notices a vanished server, and never lets a commit pass that its standby may not have."""

import socket
from typing import Any

import asyncpg
import structlog

_SILENCE_S = 5
"""A server that answers nothing, not even the kernel's probes, is given up after about so many seconds."""
_SONDES = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 2),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 1000 * _SILENCE_S),
)
_ATTENTE_DU_SECOURS = "SyncRepWaitForLSN"
"""Where PostgreSQL warns from; its words are in the server's language."""
_journal = structlog.get_logger(__name__)


class Connexion(asyncpg.Connection):
    """Raises TransactionResolutionUnknownError for a commit whose wait for the synchronous standby was cut short.

    PostgreSQL reports such a commit as done, with a warning beside: it holds here, and may be unknown to whoever
    takes over. What ends a transaction or is one by itself comes by ``execute`` or ``fetchval``, in all our code
    and in SQLAlchemy's.
    """

    def __init__(self, protocole: Any, transport: Any, *suite: Any) -> None:
        super().__init__(protocole, transport, *suite)
        self._non_repliquee = False
        self.add_log_listener(self._ecouter)
        prise = transport.get_extra_info("socket")
        if prise is not None and prise.family != socket.AF_UNIX:
            for niveau, option, valeur in _SONDES:
                if hasattr(socket, option):
                    prise.setsockopt(niveau, getattr(socket, option), valeur)

    async def execute(self, *arguments: Any, **options: Any) -> str:
        fait: str = await super().execute(*arguments, **options)
        self._exiger_le_secours()
        return fait

    async def fetchval(self, *arguments: Any, **options: Any) -> Any:
        valeur = await super().fetchval(*arguments, **options)
        self._exiger_le_secours()
        return valeur

    def _ecouter(self, _connexion: Any, message: asyncpg.PostgresLogMessage) -> None:
        """The driver calls it before whoever awaits the statement goes on."""
        if message.server_source_function == _ATTENTE_DU_SECOURS:
            self._non_repliquee = True

    def _exiger_le_secours(self) -> None:
        if self._non_repliquee:
            _journal.error("commit_non_replique")
            self.terminate()
            raise asyncpg.TransactionResolutionUnknownError("its standby may not have this commit")
