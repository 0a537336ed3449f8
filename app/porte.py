"""Closing a listening socket while others knock: whoever is in is served, whoever comes later is refused.

Closed at once, it would reset those that the kernel has let in and nobody has accepted yet, whose requests may be sent.
"""

import asyncio
import ctypes
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress

import uvicorn

ENTREE_S = 0.1
"""How long who is in has to be accepted."""
_SO_ATTACH_FILTER = 26
_INSTRUCTIONS = (
    (0x30, 0, 0, 13),  # the byte of the TCP flags
    (0x45, 0, 1, 0x02),  # is SYN among them?
    (0x06, 0, 0, 0),  # then drop the packet
    (0x06, 0, 0, 0xFFFFFFFF),
)


def ne_plus_laisser_entrer(prises: Iterable[socket.socket]) -> None:
    """Has the kernel overlook newcomers, who ask again a second later; elsewhere than on Linux does nothing."""
    if sys.platform != "linux":
        return
    programme = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *une) for une in _INSTRUCTIONS))
    filtre = struct.pack("HP", len(_INSTRUCTIONS), ctypes.addressof(programme))
    for prise in prises:
        with suppress(OSError):
            prise.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filtre)


class Serveur(uvicorn.Server):
    """uvicorn's server, alone on its port."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        ne_plus_laisser_entrer(sockets or ())
        await asyncio.sleep(ENTREE_S)
        await super().shutdown(sockets)
