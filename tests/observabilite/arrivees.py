"""Bodies as they come off a connection: in pieces, cut, or followed by silence."""

import asyncio
from collections.abc import Sequence

from starlette.types import Message, Receive


def arrivee(morceaux: Sequence[bytes], *, coupe: bool = False, silence: bool = False) -> Receive:
    """A ``receive`` that gives these pieces; then its sender is done, hangs up too early, or stays silent."""
    restants = list(morceaux)

    async def recevoir() -> Message:
        if not restants:
            if silence:
                await asyncio.sleep(60)
            return {"type": "http.disconnect"}
        morceau = restants.pop(0)
        return {"type": "http.request", "body": morceau, "more_body": bool(restants) or coupe or silence}

    return recevoir
