"""Addresses and methods that do not exist, health, and the description of the interface."""

import asyncpg
import httpx
from pydantic import SecretStr

from app.acces.roles import Role
from app.main import create_app
from app.reglages import Reglages
from tests.contrat.aides import cas, verifier_probleme
from tests.outils import Service


async def test_une_adresse_inconnue_est_un_404(service: Service) -> None:
    for chemin in ("/", "/rien", "/traces/rien/encore", "/traces/", "/.env", "/traces%2F", "/%00", "//", "/docs/x"):
        with cas(chemin):
            verifier_probleme(await service.appeler("GET", chemin), 404, "introuvable")


async def test_une_methode_refusee_dit_lesquelles_vont(service: Service) -> None:
    for methode, chemin in (
        ("PUT", "/traces"),
        ("DELETE", "/traces"),
        ("PATCH", "/traces"),
        ("POST", "/traces/consigne"),
        ("DELETE", "/editeurs/ortho-soft"),
        ("POST", "/preseries/ortho-plus-lpp"),
        ("DELETE", "/executions"),
        ("POST", "/sante/vivant"),
    ):
        with cas((methode, chemin)):
            reponse = await service.appeler(methode, chemin)
            verifier_probleme(reponse, 405, "methode-refusee")
            assert reponse.headers["allow"]
            assert methode not in reponse.headers["allow"]
    assert (await service.appeler("DELETE", "/traces")).headers["allow"] == "GET, POST"


async def test_la_sante_se_lit_sans_cle(service: Service) -> None:
    assert await service.lire("/sante/vivant") == {"statut": "vivant"}
    assert await service.lire("/sante/pret") == {"statut": "pret"}


async def test_sans_base_le_service_vit_et_le_dit(service: Service, reglages: Reglages) -> None:
    cle = (await service.en(Role.CNAM)).cle
    ailleurs = SecretStr("postgresql://127.0.0.1:1/nulle-part")
    application = create_app(reglages.model_copy(update={"database_url": ailleurs}))
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            sans_base = Service(client, application, cle)
            assert await sans_base.lire("/sante/vivant") == {"statut": "vivant"}
            for methode, chemin in (("GET", "/sante/pret"), ("POST", "/traces"), ("GET", "/editeurs")):
                reponse = await sans_base.appeler(methode, chemin, content=b"[]")
                verifier_probleme(reponse, 503, "base-indisponible")
                assert int(reponse.headers["retry-after"]) >= 1


async def test_un_schema_absent_n_est_pas_pret(service: Service, proprietaire: asyncpg.Connection) -> None:
    await proprietaire.execute("ALTER TABLE alembic_version RENAME TO ailleurs")
    try:
        verifier_probleme(await service.appeler("GET", "/sante/pret"), 503)
    finally:
        await proprietaire.execute("ALTER TABLE ailleurs RENAME TO alembic_version")
    assert await service.lire("/sante/pret") == {"statut": "pret"}


async def test_la_description_se_lit_sans_cle(service: Service) -> None:
    description = await service.lire("/openapi.json")
    chemins = description["paths"]
    for methode, chemin in (
        ("post", "/traces"),
        ("get", "/traces/consigne"),
        ("put", "/editeurs/{code}"),
        ("put", "/modules/{code}"),
        ("put", "/logiciels/{code}"),
        ("put", "/preseries/{code}"),
        ("put", "/preseries/{code}/jalons/{jalon}"),
        ("put", "/preseries/{code}/pilotes/{numero_am}"),
        ("post", "/preseries/{code}/demarrage"),
        ("get", "/bilan/preseries/{code}"),
        ("get", "/bilan/preseries/{code}/ventilation"),
        ("get", "/executions"),
    ):
        assert methode in chemins[chemin]
    assert (await service.appeler("GET", "/docs")).status_code == 200


async def test_chaque_reponse_porte_son_numero_de_requete(service: Service) -> None:
    numeros = [(await service.appeler("GET", chemin)).headers["x-request-id"] for chemin in ("/sante/vivant", "/rien")]
    assert len(set(numeros)) == 2
