"""What the tests of the executions' file share: a long list, and a reader that is handed each message."""

import asyncio
from urllib.parse import urlencode

import asyncpg
from starlette.types import Message, Send

from tests.outils import PRESERIE, Service, trace

EN_CSV = {"Accept": "text/csv"}
NOMBRE = 50_000


async def remplir(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """So many executions of one pilote."""
    await cnam.poster(trace())
    await proprietaire.execute(
        """INSERT INTO execution (premiere_le, derniere_le, premiere_id, preserie_id, pilote_id, tentatives,
                                  numero_execution, enregistree, pseudonyme, version, type_prescription)
           SELECT premiere_le, derniere_le, premiere_id, preserie_id, pilote_id, 1, 1, true,
                  substr(sha256(n::text::bytea), 1, 16), version, type_prescription
           FROM execution, generate_series(2, $1) AS n""",
        NOMBRE,
    )


async def recevoir(cnam: Service, recu: Send, **filtre: str) -> None:
    """Calls the service as a server does, and hands over each message as it is sent."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/executions",
        "raw_path": b"/executions",
        "query_string": urlencode({"preserie": PRESERIE} | filtre).encode(),
        "root_path": "",
        "headers": [(b"accept", b"text/csv"), (b"authorization", f"Bearer {cnam.cle}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    demande = True

    async def receive() -> Message:
        nonlocal demande
        if demande:
            demande = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    await cnam.application(scope, receive, recu)
