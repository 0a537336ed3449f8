"""The reference client behind a real nginx: its certificate, and what it makes of the proxy's own refusals."""

import json
import random
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as s

from app.poste import (
    CertificatRefuse,
    ClientPoste,
    EnvoiImpossible,
    EnvoiInterrompu,
    ReglageInvalide,
    Reglages,
    ServiceInjoignable,
    Spool,
    contexte_tls,
    vider,
)
from tests.deploiement.conftest import Deploiement
from tests.deploiement.proxy import Autorite, Proxy, exige_nginx, proxy
from tests.outils import trace
from tests.processus.lancement import environnement, executer, port_libre

pytestmark = exige_nginx
TRACES = 1_200
PRESSE = Reglages(patience_s=1, base_s=0.05, plafond_s=0.2)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool.db") as ouvert:
        yield ouvert


def _tls(devant: Proxy, certificat: tuple[Path, Path] | None = None) -> ssl.SSLContext | None:
    le_sien, sa_cle = certificat or (None, None)
    return contexte_tls(certificat=le_sien, cle=sa_cle, autorite=devant.autorite.dossier / "autorite.pem")


def _options(deploiement: Deploiement) -> tuple[str, ...]:
    certificat, cle = deploiement.poste
    return "--certificat", str(certificat), "--cle-certificat", str(cle)


def test_les_commandes_gardent_tout_sans_certificat_et_envoient_tout_avec(
    deploiement: Deploiement, tmp_path: Path
) -> None:
    chemin, fichier = tmp_path / "spool.db", tmp_path / "traces.ndjson"
    fichier.write_text("\n".join(json.dumps(trace()) for _ in range(30)))
    with Spool(chemin) as neuf:
        neuf.deposer_tout(trace(poste="poste-certificat", sequence=...) for _ in range(TRACES))
    devant, env = deploiement.proxy, environnement(cle=deploiement.cle_du_poste)
    vers = "--url", devant.url, "--autorite", str(devant.autorite.dossier / "autorite.pem")
    envoyer, simuler = ("poste", "envoyer", "--spool", str(chemin), *vers), ("simuler", str(fichier), *vers)
    for commande, restantes in ((envoyer, TRACES), (simuler, 30)):
        refusee = executer(*commande, env=env)
        assert (refusee.returncode, "demandez un certificat" in refusee.stderr) == (1, True), refusee.stderr
        assert "certificat-absent" in refusee.stderr
        assert f"à conserver : {restantes}." in refusee.stderr
        assert "demandez une" not in refusee.stderr.lower()
    with Spool(chemin) as plein:
        assert (plein.etat().en_attente, plein.etat().rejetees) == (TRACES, 0)
    for commande in (envoyer, simuler):
        servie = executer(*commande, *_options(deploiement), env=env)
        assert servie.returncode == 0, servie.stderr
    with Spool(chemin) as vide:
        etat = vide.etat()
        assert (etat.en_attente, etat.enregistrees, etat.rejetees) == (0, TRACES, 0)
    sans_sa_cle = executer(*envoyer, *_options(deploiement)[:2], env=env)
    assert (sans_sa_cle.returncode, "n'est pas utilisable" in sans_sa_cle.stderr) == (1, True)


async def test_un_certificat_refuse_garde_le_spool_si_grands_que_soient_les_lots(
    deploiement: Deploiement, spool: Spool, tmp_path: Path
) -> None:
    """nginx refuses before it has read the body: its answer must not be lost with the connection."""
    hasard = random.Random(4)
    spool.deposer_tout(trace(sequence=..., version=hasard.randbytes(400).hex()) for _ in range(2_000))
    avant, etranger = spool.etat(), Autorite(tmp_path / "etrangere").poste("poste-1")
    for certificat, code in ((etranger, "certificat-refuse"), (None, "certificat-absent")):
        tls = _tls(deploiement.proxy, certificat)
        for connexions in (1, 4):
            reglages = Reglages(connexions=connexions, patience_s=3, taille_lot=1_000)
            async with ClientPoste(
                deploiement.proxy.url, deploiement.cle_du_poste, reglages=reglages, tls=tls
            ) as client:
                with pytest.raises(CertificatRefuse, match="demandez un certificat") as refus:
                    await vider(client, spool)
            assert (refus.value.code, refus.value.restantes) == (code, avant.en_attente)
            assert refus.value.resultat.reprises == 0
    assert spool.etat() == avant


async def test_les_autres_refus_du_proxy_gardent_le_spool(
    deploiement: Deploiement, spool: Spool, tmp_path: Path
) -> None:
    spool.deposer_tout(trace(sequence=..., poste="poste-refus") for _ in range(20))
    devant = deploiement.proxy
    etroites = (("rate=50r/s", "rate=10r/s"), ("burst=200", "burst=2"))
    tls = _tls(devant, deploiement.poste)
    reglages = Reglages(taille_lot=1, connexions=4, patience_s=30, base_s=0.05, plafond_s=0.2)

    async def interrompu(url: str, genre: type[EnvoiInterrompu], tls: ssl.SSLContext | None) -> EnvoiInterrompu:
        async with ClientPoste(url, deploiement.cle_du_poste, reglages=PRESSE, tls=tls) as client:
            with pytest.raises(genre) as refus:
                await vider(client, spool)
        assert (refus.value.restantes, spool.etat().en_attente) == (20, 20)
        return refus.value

    with proxy(tmp_path / "seul", (port_libre(), port_libre()), devant.autorite) as seul:
        assert (await interrompu(seul.url, ServiceInjoignable, tls)).code == "service-injoignable"
    en_clair = devant.url.replace("https:", "http:")
    assert (await interrompu(en_clair, EnvoiImpossible, None)).code == "json-invalide"
    assert "certificat du serveur" in str(await interrompu(devant.url, ServiceInjoignable, None))
    ports = tuple(lui.port for lui in deploiement.repliques)
    with proxy(tmp_path / "etroit", ports, devant.autorite, etroites) as etroit:
        async with ClientPoste(etroit.url, deploiement.cle_du_poste, reglages=reglages, tls=tls) as client:
            resultat = await vider(client, spool)
        assert '"statut":429' in etroit.journal_d_acces
    assert (resultat.enregistrees, resultat.rejetees, spool.etat().en_attente) == (20, 0, 0)
    assert resultat.reprises > 0


def test_des_fichiers_inutilisables_sont_dits(tmp_path: Path) -> None:
    autorite = Autorite(tmp_path / "autorite")
    (un, cle_d_un), (_, cle_d_autre) = autorite.poste("un"), autorite.poste("autre")
    absent, texte, chiffree = tmp_path / "absent.pem", tmp_path / "texte.pem", tmp_path / "chiffree.pem"
    texte.write_text("rien de tel")

    lue = s.load_pem_private_key(cle_d_un.read_bytes(), None)
    chiffree.write_bytes(lue.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"secret")))
    ensemble = tmp_path / "ensemble.pem"
    ensemble.write_bytes(un.read_bytes() + cle_d_un.read_bytes())
    assert contexte_tls() is None
    assert contexte_tls(certificat=ensemble) is not None
    for fichiers, message in (
        ({"certificat": absent}, "absent.pem ne peut pas être lu"),
        ({"certificat": un, "cle": absent}, "absent.pem ne peut pas être lu"),
        ({"autorite": absent}, "absent.pem ne peut pas être lu"),
        ({"autorite": tmp_path}, "ne peut pas être lu"),
        ({"autorite": texte}, "pas de certificat d'autorité"),
        ({"certificat": texte, "cle": cle_d_un}, "n'est pas utilisable"),
        ({"certificat": un, "cle": texte}, "n'est pas utilisable"),
        ({"certificat": un}, "n'est pas utilisable"),
        ({"certificat": un, "cle": chiffree}, "sans mot de passe"),
        ({"certificat": un, "cle": cle_d_autre}, "n'est pas celle du certificat"),
        ({"cle": cle_d_un}, "donnez aussi le certificat"),
    ):
        with pytest.raises(ReglageInvalide, match=message):
            contexte_tls(**fichiers)
    with pytest.raises(ReglageInvalide, match="https"):
        ClientPoste("http://hote", "tp_cle", tls=contexte_tls(autorite=autorite.dossier / "autorite.pem"))
