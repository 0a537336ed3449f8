"""Several hosts: which one serves, however the others fail, and what becomes of connections to a former primary."""

import asyncio
import socket
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from app.reglages import ReglageInvalide
from app.stockage.base import Base
from app.stockage.embarque import PostgresEmbarque
from app.stockage.hotes import Hotes, hotes_de

_SUITES = {
    "u:p@a:5433,b/x": [("a", 5433), ("b", 5432)],
    "u:p%40@[::1]:5433,[fe80::1]/x": [("::1", 5433), ("fe80::1", 5432)],
    "u@/x?host=/run/a,/run/b&port=5433": [("/run/a", 5433), ("/run/b", 5433)],
    "u@/x?host=%2Frun%2Fa": [("/run/a", 5432)],
    "u@a,b/x?port=1,2": [("a", 1), ("b", 2)],
    "u@%2Frun%2Fa,b/x": [("/run/a", 5432), ("b", 5432)],
    "/x": [],
}
_VITE_S = 4
"""Less than the 5 s that a mute host would take by itself."""


@pytest.mark.parametrize(("suite", "hotes"), _SUITES.items())
def test_les_hotes_d_une_url(suite: str, hotes: list[tuple[str, int]]) -> None:
    assert hotes_de(f"postgresql://{suite}") == hotes


@pytest.mark.parametrize("suite", ["u:SECRETpa/ss@hote/x", "u@a:SECRET,b:5432/x", "u@a/x?port=SECRET"])
def test_un_port_illisible_ne_se_repete_pas(suite: str) -> None:
    """It may be the beginning of a password that was not encoded."""
    with pytest.raises(ReglageInvalide, match="%2F") as refus:
        hotes_de(f"postgresql://{suite}")
    assert "SECRET" not in "".join(traceback.format_exception(refus.value))


class Relais:
    """A way to the server that can be blocked: it takes connections then, and passes nothing on."""

    def __init__(self, vers: Path) -> None:
        self._vers = vers
        self.recues = 0
        self.libre = asyncio.Event()
        self.libre.set()

    async def relier(self, du_client: asyncio.StreamReader, au_client: asyncio.StreamWriter) -> None:
        self.recues += 1
        du_serveur, au_serveur = await asyncio.open_unix_connection(self._vers)
        try:
            async with asyncio.TaskGroup() as groupe:
                groupe.create_task(self._verser(du_client, au_serveur))
                groupe.create_task(self._verser(du_serveur, au_client))
        except* OSError:
            pass
        finally:
            for ecrivain in (au_serveur, au_client):
                ecrivain.transport.abort()

    async def _verser(self, depuis: asyncio.StreamReader, vers: asyncio.StreamWriter) -> None:
        while recu := await depuis.read(65_536):
            await self.libre.wait()
            vers.write(recu)
            await vers.drain()
        raise ConnectionResetError


@asynccontextmanager
async def _relais(dossier: Path, postgres: PostgresEmbarque) -> AsyncIterator[Relais]:
    await asyncio.to_thread(dossier.mkdir)
    lui = Relais(postgres.dossier_socket / ".s.PGSQL.5432")
    async with await asyncio.start_unix_server(lui.relier, dossier / ".s.PGSQL.5432"):
        yield lui
        lui.libre.set()


def _url(postgres: PostgresEmbarque, *dossiers: Path, attributs: str = "read-write") -> str:
    adresse = postgres.url().partition("?")[0]
    return f"{adresse}?host={','.join(map(str, dossiers))}&target_session_attrs={attributs}"


def _hotes(postgres: PostgresEmbarque, *dossiers: Path, attributs: str = "read-write") -> Hotes:
    return Hotes(_url(postgres, *dossiers, attributs=attributs))


async def _lire(connexion: asyncpg.Connection) -> None:
    assert await connexion.fetchval("SELECT 1") == 1


async def test_un_hote_absent_ou_muet_ne_retient_pas_les_autres(postgres: PostgresEmbarque, tmp_path: Path) -> None:
    async with _relais(tmp_path / "muet", postgres) as muet, _relais(tmp_path / "bon", postgres):
        muet.libre.clear()
        hotes = _hotes(postgres, tmp_path / "absent", tmp_path / "muet", tmp_path / "bon")
        debut = time.monotonic()
        connexion = await hotes.connecter()
        assert time.monotonic() - debut < _VITE_S
        await _lire(connexion)
        await connexion.close()


async def test_celui_qui_a_servi_est_demande_le_premier(postgres: PostgresEmbarque, tmp_path: Path) -> None:
    async with _relais(tmp_path / "bon", postgres):
        hotes = _hotes(postgres, tmp_path / "absent", tmp_path / "bon")
        await (await hotes.connecter()).close()
        async with _relais(tmp_path / "absent", postgres) as revenu:
            await (await hotes.connecter()).close()
        assert revenu.recues == 0


async def test_un_autre_primaire_coupe_les_connexions_au_precedent(postgres: PostgresEmbarque, tmp_path: Path) -> None:
    """Who waits there learns it at once, and not after the delay of a statement."""
    async with _relais(tmp_path / "a", postgres) as ancien, _relais(tmp_path / "b", postgres):
        hotes = _hotes(postgres, tmp_path / "a", tmp_path / "b")
        premiere = await hotes.connecter()
        ancien.libre.clear()
        attente = asyncio.create_task(premiere.fetchval("SELECT 1"))
        seconde = await hotes.connecter()
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await asyncio.wait_for(attente, _VITE_S)
        assert premiere.is_closed()
        await _lire(seconde)
        await seconde.close()


async def test_sans_primaire_le_refus_est_une_absence(postgres: PostgresEmbarque, tmp_path: Path) -> None:
    async with _relais(tmp_path / "a", postgres), _relais(tmp_path / "b", postgres):
        with pytest.raises(asyncpg.InternalClientError):
            await _hotes(postgres, tmp_path / "a", tmp_path / "b", attributs="standby").connecter()


async def test_faute_de_secondaire_prefer_standby_prend_le_primaire(postgres: PostgresEmbarque, tmp_path: Path) -> None:
    async with _relais(tmp_path / "a", postgres), _relais(tmp_path / "b", postgres):
        connexion = await _hotes(postgres, tmp_path / "a", tmp_path / "b", attributs="prefer-standby").connecter()
        await _lire(connexion)
        await connexion.close()


async def test_un_serveur_qui_refuse_se_dit_mieux_qu_un_hote_absent(postgres: PostgresEmbarque, tmp_path: Path) -> None:
    async with _relais(tmp_path / "a", postgres):
        adresse = postgres.url(base="inconnue").partition("?")[0]
        hotes = Hotes(f"{adresse}?host={tmp_path / 'a'},{tmp_path / 'absent'}")
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await hotes.connecter()


async def test_le_noyau_sonde_un_serveur_qui_a_disparu(postgres: PostgresEmbarque) -> None:
    """A machine that vanishes sends no reset: without these options a statement would wait for its own limit."""
    relais = Relais(postgres.dossier_socket / ".s.PGSQL.5432")
    async with await asyncio.start_server(relais.relier, "127.0.0.1", 0) as serveur:
        hote, port = serveur.sockets[0].getsockname()
        connexion = await Hotes(f"{postgres.url().partition('@')[0]}@{hote}:{port}/traces_postes").connecter()
        prise = connexion._transport.get_extra_info("socket")  # type: ignore[attr-defined]  # noqa: SLF001
        assert prise.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert prise.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5000
        await connexion.close()


async def test_les_reserves_d_un_meme_service_apprennent_ensemble_ou_est_le_primaire(
    postgres: PostgresEmbarque, tmp_path: Path
) -> None:
    async with _relais(tmp_path / "a", postgres) as ancien, _relais(tmp_path / "b", postgres):
        url = _url(postgres, tmp_path / "a", tmp_path / "b")
        base = Base(url, pool_taille=1, delai_s=60)
        relectures = Base(url, pool_taille=1, delai_s=60, avec=base)
        lente = await relectures.connecter()
        ancien.libre.clear()
        await (await base.connecter()).close()
        assert lente.is_closed()
