"""A dump taken while traces come in, restored on another server: the figures are those of the dump, to the byte."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from app.acces.roles import Acces, Role
from app.stockage.embarque import PostgresEmbarque, postgres_embarque
from app.stockage.ouverture import preparer
from app.stockage.secrets_locaux import en_texte
from tests.cles.test_rotation import ANCIENNE, NOUVELLE, SIGNATURE, sceller, tous_doublons
from tests.outils import PRESERIE, Corps, registre_exemple, trace, traces_exemple
from tests.processus.exploitation import Emetteur, Parc, base_neuve, commande, creer_cle, demander, lancer
from tests.processus.lancement import Serveur, attendre, environnement, executer
from tests.sauvegarde.aides import (
    bilan,
    derniere_reception,
    executer_script,
    identifiants,
    sauvegarder,
)

SECRETS = {"cle_maitresse": en_texte(ANCIENNE), "cle_signature": en_texte(SIGNATURE)}


@pytest.fixture(scope="module")
def ailleurs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresEmbarque]:
    """Another server, with an owner who is no superuser and a user for the service, and empty databases."""
    with postgres_embarque(tmp_path_factory.mktemp("ailleurs"), reglages={"fsync": "off"}) as postgres:
        demander(postgres.url(), "CREATE ROLE proprietaire LOGIN CREATEROLE")
        demander(postgres.url(), "CREATE ROLE le_service LOGIN")
        for nom in ("restauree", "vide"):
            demander(postgres.url(), f"CREATE DATABASE {nom} OWNER proprietaire")
        yield postgres


class Depuis(NamedTuple):
    """What was done after the dump: a key made, one revoked, and the head of the journal with both."""

    faite: str
    revoquee: str
    tete: str


@dataclass(frozen=True, slots=True)
class Perdue:
    """What is known of a database that is gone: before its dump, at that instant, and since."""

    cnam: str
    arrete: Corps
    tete: str
    au: datetime
    bilan: str
    gardees: list[Corps]
    perdues: list[Corps]
    depuis: Depuis


def test_une_base_perdue_revient_telle_qu_a_la_sauvegarde(
    postgres: PostgresEmbarque, ailleurs: PostgresEmbarque, tmp_path: Path
) -> None:
    proprietaire = ailleurs.url("restauree", "proprietaire")
    perdue = perdre(postgres, proprietaire, tmp_path)
    demander(proprietaire, "GRANT traces_postes_service TO le_service")
    reglages = {"database_url": ailleurs.url("restauree", "le_service")} | SECRETS
    with Parc(tmp_path / "restauree", 1, reglages) as parc:
        (lui,) = parc.instances.values()
        assert bilan(lui, perdue.cnam, PRESERIE, perdue.au) == perdue.bilan
        assert bilan(lui, perdue.cnam, PRESERIE) == sans_instant(perdue.bilan)
        verifier(reglages, perdue, lui, tmp_path / "arrete.json")
        combler(lui, perdue.cnam, perdue.gardees, perdue.perdues)
        oublier(reglages, perdue.depuis, lui)
    etrangere = reglages | {"cle_maitresse": en_texte(NOUVELLE)}
    refus = executer("serve", env=environnement(**etrangere))
    assert (refus.returncode, refus.stdout, len(refus.stderr.splitlines())) == (1, "", 1)
    assert "n'est pas la clé sous laquelle cette base a été remplie" in refus.stderr


def perdre(postgres: PostgresEmbarque, proprietaire: str, dossier: Path) -> Perdue:
    """A dump while traces come in, restored for that owner; then the original goes."""
    with base_neuve(postgres, "perdue") as url:
        reglages = {"database_url": url} | SECRETS
        cnam, revoquee = creer_cle(url, Acces(0, Role.CNAM)), creer_cle(url, Acces(0, Role.CNAM))
        with Parc(dossier / "service", 1, reglages) as parc:
            (lui,) = parc.instances.values()
            lui.inscrire(cnam, registre_exemple())
            lui.appeler("POST", "/traces", cnam, json=traces_exemple()[:1000])
            arrete, tete = sceller(lui, cnam), noter_la_tete(reglages)
            with Emetteur(parc, cnam) as emetteur:
                emetteur.attendre(20)
                avant = len(emetteur.acquittees)
                fichier = sauvegarder(postgres.url("perdue"), dossier / "sauvegardes")
                depuis = changer_les_cles(reglages, revoquee)
                attendre(lambda: lui.appeler("GET", "/editeurs", revoquee).status_code == 401)
                emetteur.attendre(20)
            fini = executer_script("restaurer.sh", fichier, proprietaire)
            assert fini.returncode == 0, fini.stderr
            gardees, perdues = partager(emetteur.acquittees, proprietaire)
            assert len(gardees) >= avant
            assert len(perdues) >= 20
            au = derniere_reception(proprietaire)
            return Perdue(cnam, arrete, tete, au, bilan(lui, cnam, PRESERIE, au), gardees, perdues, depuis)


def partager(acquittees: list[Corps], url: str) -> tuple[list[Corps], list[Corps]]:
    """Those that a database has and those that it has not: one instant parts them, without a hole."""
    gardees = {str(ident) for ident in identifiants(url)}
    nombre = sum(une["id"] in gardees for une in acquittees)
    assert all(une["id"] in gardees for une in acquittees[:nombre])
    return acquittees[:nombre], acquittees[nombre:]


def noter_la_tete(reglages: Mapping[str, str]) -> str:
    return commande(reglages, "journal", "verifier").splitlines()[-1]


def changer_les_cles(reglages: Mapping[str, str], revoquee: str) -> Depuis:
    """``revoquee`` is the second key of the database."""
    faite = commande(reglages, "cle", "creer", "--role", "cnam").splitlines()[-1]
    commande(reglages, "cle", "revoquer", "2")
    return Depuis(faite, revoquee, noter_la_tete(reglages))


def oublier(reglages: Mapping[str, str], depuis: Depuis, lui: Serveur) -> None:
    """The restored database knows nothing of it: a key that was revoked is valid again, as docs/sauvegarde.md warns."""
    assert lui.appeler("GET", "/editeurs", depuis.faite).status_code == 401
    assert lui.appeler("GET", "/editeurs", depuis.revoquee).status_code == 200
    assert lancer(reglages, "journal", "verifier", "--attendu", depuis.tete).exit_code == 1


def sans_instant(attendu: str) -> str:
    """The bilan at an instant, as it is sent where none is asked for."""
    return re.sub(r'"au":"[^"]+"', '"au":null', re.sub(r'\?au=[^&"]+(?=")|&au=[^&"]+', "", attendu))


def verifier(reglages: Mapping[str, str], perdue: Perdue, lui: Serveur, fichier: Path) -> None:
    arrete = perdue.arrete
    assert "sont ceux des traces" in commande(reglages, "recompter")
    assert "Journal intact" in commande(reglages, "journal", "verifier", "--attendu", perdue.tete)
    assert lui.appeler("GET", f"/bilan/arretes/{arrete['id']}", perdue.cnam).json() == arrete
    fichier.write_text(json.dumps(arrete))
    assert commande(reglages, "arrete", "verifier", str(fichier)).endswith("Intact.\n")


def combler(lui: Serveur, cnam: str, gardees: list[Corps], perdues: list[Corps]) -> None:
    """What was acknowledged after the dump shows as numbers that are missing, until it is sent again."""
    tous_doublons(lui, cnam, gardees)
    suite = trace(poste="poste-sans-fin", sequence=len(gardees) + len(perdues) + 1)
    assert lui.appeler("POST", "/traces", cnam, json=suite).status_code == 201
    assert sequences(lui, cnam) == {
        "premiere": 1,
        "derniere": suite["sequence"],
        "perdues": len(perdues),
        "trous": [{"de": len(gardees) + 1, "a": len(gardees) + len(perdues)}],
    }
    accuse = lui.appeler("POST", "/traces", cnam, json=gardees[-1:] + perdues).json()
    assert (accuse["enregistrees"], accuse["doublons"]) == (len(perdues), 1)
    assert sequences(lui, cnam)["trous"] == []


def sequences(lui: Serveur, cnam: str) -> Corps:
    lus = lui.appeler("GET", f"/preseries/{PRESERIE}/postes", cnam).json()["elements"]
    (sien,) = (un["sequences"] for un in lus if un["poste"] == "poste-sans-fin")
    assert isinstance(sien, dict)
    return sien


def test_ce_qui_ne_peut_aller_est_dit_en_une_ligne_et_rien_ne_reste(tmp_path: Path, ailleurs: PostgresEmbarque) -> None:
    proprietaire = ailleurs.url("vide", "proprietaire")
    vide = executer_script("sauvegarder.sh", tmp_path / "sauvegardes", proprietaire)
    assert (vide.returncode, vide.stderr) == (1, "Cette base n'est pas celle du service.\n")
    assert list((tmp_path / "sauvegardes").iterdir()) == []
    sans_adresse = executer_script("sauvegarder.sh", tmp_path / "sauvegardes", None)
    assert (sans_adresse.returncode, "TRACES_POSTES_MIGRATION_URL" in sans_adresse.stderr) == (1, True)
    preparer(ailleurs)
    fichier = sauvegarder(ailleurs.url(), tmp_path / "sauvegardes")
    assert fichier.stat().st_mode & 0o777 == 0o600
    assert {un.name for un in fichier.parent.iterdir()} == {fichier.name, f"{fichier.name}.sha256"}
    occupee = executer_script("restaurer.sh", fichier, ailleurs.url())
    assert (occupee.returncode, "base vide" in occupee.stderr) == (1, True)
    entier = fichier.read_bytes()
    for octets, avec_empreinte in ((entier[:-1000], True), (entier[:-1000], False)):
        fichier.write_bytes(octets)
        if not avec_empreinte:
            fichier.with_name(f"{fichier.name}.sha256").unlink()
        abimee = executer_script("restaurer.sh", fichier, proprietaire)
        assert abimee.returncode == 1
        assert ("autre copie" in abimee.stderr) is avec_empreinte
        assert demander(proprietaire, "SELECT FROM pg_tables WHERE schemaname = 'public'") == []
