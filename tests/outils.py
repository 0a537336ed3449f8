"""What tests share: a caller of the service, the example's registry, and traces made to measure."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.acces import depot
from app.acces.roles import Acces, Role
from app.demonstration.deroule import EXEMPLE
from app.main import create_app
from app.reglages import Reglages
from app.stockage.base import Base
from tests.description import verifier_reponse

PRESERIE = "ortho-plus-lpp"
PILOTES = ("389391422", "387580488", "333098086", "383123476", "337492589")
Corps = dict[str, Any]
T = TypeVar("T")
_numeros = itertools.count()


@dataclass(frozen=True, slots=True)
class Service:
    """Calls the service within this process; without a key unless ``en`` gave one."""

    client: httpx.AsyncClient
    application: FastAPI
    cle: str | None = None

    async def creer_cle(self, acces: Acces) -> str:
        base: Base = self.application.state.base
        async with base.ecriture() as session:
            cle, _ = await depot.creer(session, acces, None)
        return cle

    async def en(
        self,
        role: Role,
        *,
        editeur: str | None = None,
        numero_am: str | None = None,
        preseries: frozenset[str] | None = None,
    ) -> "Service":
        """The same caller with a new key of this role."""
        cle = await self.creer_cle(Acces(0, role, editeur, numero_am, preseries))
        return Service(self.client, self.application, cle)

    async def appeler(self, methode: str, chemin: str, **options: Any) -> httpx.Response:
        entetes = dict(options.pop("headers", {}))
        if self.cle is not None:
            entetes.setdefault("Authorization", f"Bearer {self.cle}")
        reponse = await self.client.request(methode, chemin, headers=entetes, **options)
        verifier_reponse(reponse)
        return reponse

    async def lire(self, chemin: str, **options: Any) -> Any:
        """The JSON of a GET that must succeed."""
        reponse = await self.appeler("GET", chemin, **options)
        assert reponse.status_code == 200, reponse.text
        return reponse.json()

    async def poster(self, traces: object) -> httpx.Response:
        return await self.appeler("POST", "/traces", json=traces)

    async def inscrire(self, *, demarrer: bool = True) -> None:
        """Replays the example's registry."""
        for methode, chemin, corps in registre_exemple():
            if chemin.endswith("/demarrage") and not demarrer:
                continue
            reponse = await self.appeler(methode, chemin, json=corps)
            assert reponse.status_code in (200, 201), reponse.text


def debut_des_flux(application: ASGIApp) -> ASGIApp:
    """The application, whose streams lose their reader after one event: within the process an answer is read whole."""

    async def appeler(scope: Scope, receive: Receive, send: Send) -> None:
        flux, lu = False, asyncio.Event()

        async def recevoir() -> Message:
            if not flux:
                return await receive()
            await lu.wait()
            return {"type": "http.disconnect"}

        async def envoyer(message: Message) -> None:
            nonlocal flux
            flux = flux or (b"content-type", b"text/event-stream; charset=utf-8") in message.get("headers", ())
            await send(message)
            if b"data:" in message.get("body", b""):
                lu.set()

        await application(scope, recevoir, envoyer)

    return appeler


async def envoyer_l_exemple(service: Service) -> None:
    """Sends the example's traces, as many at once as a POST takes."""
    traces = traces_exemple()
    for debut in range(0, len(traces), 1000):
        reponse = await service.poster(traces[debut : debut + 1000])
        assert reponse.status_code == 200, reponse.text


def registre_exemple() -> list[tuple[str, str, Corps]]:
    lignes = (EXEMPLE / "registre.ndjson").read_text("utf-8").splitlines()
    return [tuple(json.loads(ligne)) for ligne in lignes]


def traces_exemple() -> list[Corps]:
    return [json.loads(ligne) for ligne in (EXEMPLE / "traces.ndjson").read_text("utf-8").splitlines()]


def attendu_exemple() -> Corps:
    attendu: Corps = json.loads((EXEMPLE / "attendu.json").read_text("utf-8"))
    return attendu


def trace(**champs: Any) -> Corps:
    """A valid trace of the example's first pilote; a field given as ``...`` is left out."""
    numero = next(_numeros)
    base = {
        "id": str(uuid4()),
        "emise_le": "2026-10-20T09:12:44.120+02:00",
        "numero_am": PILOTES[0],
        "poste": "poste-1",
        "sequence": numero,
        "logiciel": "ortho-plus",
        "version": "4.2.1",
        "operation": "execution",
        "ordonnance": f"ORD{numero:013d}",
        "type_prescription": "dispositifs_medicaux",
        "resultat": "succes",
        "scor_envoye": False,
        "duree_ms": 412,
    }
    return {champ: valeur for champ, valeur in (base | champs).items() if valeur is not ...}


def echec(**champs: Any) -> Corps:
    """A failed trace; ``erreur`` may be given."""
    erreur = {"code": "TLS-0042", "origine": "teleservice", "bloquante": False, "message": "délai dépassé"}
    return trace(**({"resultat": "echec", "erreur": erreur, "scor_envoye": ...} | champs))


def uuid_de(numero: int) -> str:
    """UUIDs in a known order."""
    return str(UUID(int=numero))


async def antidater_le_registre(proprietaire: asyncpg.Connection) -> None:
    """Has the registry stand since ever, for what is read as of an instant before the test."""
    await proprietaire.execute("SET session_replication_role = replica")  # no trigger: its versions refuse this
    await proprietaire.execute("UPDATE version_registre SET depuis_le = '-infinity'")
    await proprietaire.execute("RESET session_replication_role")


async def vider_les_traces(proprietaire: asyncpg.Connection) -> None:
    """Empties what the reception of traces writes, and leaves the registry."""
    await proprietaire.execute(
        "TRUNCATE trace, reception_sans_suite, execution, "
        "compteur_execution, compteur_trace, compteur_operation, anomalie"
    )


async def ensemble(*actes: Coroutine[Any, Any, T]) -> list[T]:
    """What each gives, all at once; where one fails, none of the others goes on into the next test."""
    async with asyncio.TaskGroup() as groupe:
        taches = [groupe.create_task(acte) for acte in actes]
    return [tache.result() for tache in taches]


@asynccontextmanager
async def service_regle(reglages: Reglages, **champs: object) -> AsyncIterator[Service]:
    """A service of these settings within this process, with the example's présérie; its caller is the Cnam."""
    application: FastAPI = create_app(reglages.model_copy(update=champs))
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            cnam = await Service(client, application).en(Role.CNAM)
            await cnam.inscrire()
            yield cnam
