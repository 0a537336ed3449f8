"""Connecting to whichever of several hosts serves: none of them, dead, frozen or vanished, holds up the others."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from weakref import WeakSet

import asyncpg

from app.reglages import ReglageInvalide
from app.stockage.connexion import Connexion

CONNEXION_DELAI_S = 5
_PAS_S = 0.5
"""What one host may take before the next is tried beside it."""
_DU_PRIMAIRE = ("primary", "read-write")
_PORT = "5432"


class Hotes:
    """The hosts of a ``postgresql://`` URL, the one that served last being tried first.

    Where the URL asks for the primary and another host turns out to be it, what is still connected to the former one
    is cut: it would wait for an answer that never comes, or be refused at its next write.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._hotes = hotes_de(url)
        demande = parse_qs(urlsplit(url).query).get("target_session_attrs", [""])[-1]
        self._attributs = demande or os.environ.get("PGTARGETSESSIONATTRS") or None
        self._dernier = 0
        self._ouvertes: WeakSet[Connexion] = WeakSet()

    async def connecter(self, **options: Any) -> asyncpg.Connection:
        """A new connection, within ``CONNEXION_DELAI_S``; ``options`` are asyncpg's. The caller closes it."""
        options["connection_class"] = Connexion
        if len(self._hotes) < 2:
            return await asyncpg.connect(self._url, timeout=CONNEXION_DELAI_S, **options)
        async with asyncio.timeout(CONNEXION_DELAI_S):
            if self._attributs != "prefer-standby":
                return await self._chercher(options)
            try:
                async with asyncio.timeout(CONNEXION_DELAI_S / 2):  # a mute host must not take all of the time
                    return await self._chercher(options | {"target_session_attrs": "standby"})
            except (OSError, asyncpg.PostgresError, asyncpg.InternalClientError):
                return await self._chercher(options | {"target_session_attrs": "any"})

    async def _chercher(self, options: dict[str, Any]) -> asyncpg.Connection:
        depart = self._dernier
        ordre = sorted(range(len(self._hotes)), key=lambda rang: rang != depart)
        rang, connexion = await self._premier_qui_sert(ordre, options)
        if rang != self._dernier and self._attributs in _DU_PRIMAIRE:
            self._couper()
        self._dernier = rang
        self._ouvertes.add(connexion)
        return connexion

    def _couper(self) -> None:
        for connexion in self._ouvertes:
            connexion.terminate()
        self._ouvertes.clear()

    async def _premier_qui_sert(self, ordre: Sequence[int], options: dict[str, Any]) -> tuple[int, Connexion]:
        """Each has a head start over the next, or none where it refuses.

        While one is mute those that refused are asked again: they may be about to take over. Raises what a server
        said, else what the last one met, once all have failed.
        """
        essais: dict[asyncio.Task[Connexion], int] = {}
        restants, muets = list(ordre), set(ordre)
        echec: BaseException | None = None
        try:
            while muets:
                if restants:
                    rang = restants.pop(0)
                    essais[asyncio.create_task(self._essayer(rang, options))] = rang
                delai = _PAS_S if restants else None
                finis, _ = await asyncio.wait(essais, timeout=delai, return_when=asyncio.FIRST_COMPLETED)
                for fini in finis:
                    rang = essais.pop(fini)
                    if (erreur := fini.exception()) is None:
                        return rang, fini.result()
                    echec = echec if isinstance(echec, asyncpg.PostgresError) else erreur
                    muets.discard(rang)
                    essais[asyncio.create_task(self._essayer(rang, options, apres_s=_PAS_S))] = rang
        finally:
            for essai in essais:
                essai.cancel()
                essai.add_done_callback(_laisser)
        assert echec is not None  # noqa: S101 — there is a host
        raise echec

    async def _essayer(self, rang: int, communes: dict[str, Any], *, apres_s: float = 0) -> Connexion:
        await asyncio.sleep(apres_s)
        hote, port = self._hotes[rang]
        options = communes | {"host": hote, "port": port, "timeout": CONNEXION_DELAI_S}
        connexion: Connexion = await asyncpg.connect(self._url, **options)
        return connexion


def _laisser(essai: "asyncio.Task[Connexion]") -> None:
    """One that came too late."""
    with suppress(asyncio.CancelledError, Exception):
        essai.result().terminate()


def hotes_de(url: str) -> list[tuple[str, int]]:
    """Hosts and ports of a URL, in either of libpq's spellings; empty where it names none."""
    morceaux = urlsplit(url)
    dits = parse_qs(morceaux.query)
    noms = [_hote_et_port(un) for un in unquote(morceaux.netloc.rpartition("@")[2]).split(",") if un]
    noms = noms or [_hote_et_port(un) for un in dits.get("host", [""])[-1].split(",") if un]
    ports = [un for un in dits.get("port", [""])[-1].split(",") if un]
    if len(ports) == 1:
        ports *= len(noms)
    if len(ports) == len(noms):
        return [(nom, _numero(port)) for (nom, _), port in zip(noms, ports, strict=True)]
    return [(nom, _numero(port or os.environ.get("PGPORT", _PORT))) for nom, port in noms]


def _numero(port: str) -> int:
    """What stands there may be a part of a password."""
    if not port.isdecimal():
        raise ReglageInvalide(
            "Le port d'une adresse de base n'est pas un nombre : un mot de passe avec « / », « @ », « : » ou « # » se "
            "code avec % (%2F, %40, %3A, %23)."
        )
    return int(port)


def _hote_et_port(texte: str) -> tuple[str, str]:
    if texte.startswith("/"):
        return texte, ""
    if texte.startswith("["):
        nom, _, reste = texte[1:].partition("]")
        return nom, reste.removeprefix(":")
    nom, _, port = texte.partition(":")
    return nom, port
