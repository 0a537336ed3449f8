"""Clients that send too slowly, do not read, or are too many: cut off, and the others are served."""

import http.client
import json
import os
import resource
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.outils import registre_exemple, trace
from tests.processus.lancement import Serveur, attendre, creer_cle, serveur
from tests.supervision.releves import lire

DELAI_S = 1.0
MARGE_S = 4.0
"""For the look once a second, and for a machine that does other things."""
TETE = b"GET /sante/vivant HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def bornes() -> dict[str, str]:
    return {nom: str(DELAI_S) for nom in ("entete_delai_s", "corps_delai_s", "lecture_delai_s")}


def _joindre(service: Serveur) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), timeout=DELAI_S + MARGE_S)


def _coupees(service: Serveur, cle: str, motif: str) -> float:
    releve = lire(service.appeler("GET", "/metrics", cle).text)
    return releve.valeur("traces_postes_connexions_coupees_total", motif=motif)


def _lire_vivant(prise: socket.socket) -> None:
    reponse = http.client.HTTPResponse(prise)
    reponse.begin()
    assert reponse.read() == b'{"statut":"vivant"}'


def _duree_jusqu_a_la_fin(prise: socket.socket, goutte: bytes = b"") -> float:
    """Seconds until the server ends the connection, which gets one byte every tenth of a second."""
    debut = time.monotonic()
    prise.settimeout(0.1)
    while (duree := time.monotonic() - debut) < DELAI_S + MARGE_S:
        try:
            if goutte:
                prise.sendall(goutte)
            if not prise.recv(1):
                return duree
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            return duree
    raise AssertionError("la connexion est restée ouverte")


@pytest.mark.parametrize(
    ("debut", "goutte"), [(b"", b""), (TETE, b""), (TETE + b"X-Lent: ", b"a")], ids=["rien", "silence", "gouttes"]
)
def test_une_tete_qui_ne_finit_pas_ferme_la_connexion(service: Serveur, cle: str, debut: bytes, goutte: bytes) -> None:
    """Nothing at all, a head that stops, one byte at a time; also on a connection that has served before."""
    avant = _coupees(service, cle, "envoi")
    with _joindre(service) as prise:
        if debut:
            prise.sendall(TETE + b"\r\n")
            _lire_vivant(prise)
        prise.sendall(debut)
        assert _duree_jusqu_a_la_fin(prise, goutte) > DELAI_S / 2
    assert _coupees(service, cle, "envoi") == avant + 1


def test_un_corps_refuse_puis_envoye_goutte_a_goutte_ferme_la_connexion(service: Serveur) -> None:
    """Nobody waits for the rest of a body whose answer has left."""
    with _joindre(service) as prise:
        prise.sendall(b"POST /traces HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        reponse = http.client.HTTPResponse(prise)
        reponse.begin()
        assert reponse.status == 401
        reponse.read()
        assert _duree_jusqu_a_la_fin(prise, b"a") > DELAI_S / 2


def test_un_corps_goutte_a_goutte_recoit_un_408(service: Serveur, cle: str) -> None:
    with _joindre(service) as prise:
        tete = f"POST /traces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {cle}\r\nContent-Length: 1000\r\n\r\n"
        prise.sendall(tete.encode())
        for _ in range(int(DELAI_S / 0.1) + 5):
            time.sleep(0.1)
            with suppress(OSError):
                prise.sendall(b" ")
        assert prise.recv(65536).startswith(b"HTTP/1.1 408")


def test_une_connexion_qui_a_servi_se_ferme_au_repos(service: Serveur) -> None:
    with _joindre(service) as prise:
        prise.sendall(TETE + b"\r\n")
        _lire_vivant(prise)
        prise.settimeout(15)
        debut = time.monotonic()
        assert prise.recv(1) == b""
        assert time.monotonic() - debut > 3


def test_deux_cents_connexions_en_panne_n_empechent_personne(tmp_path: Path) -> None:
    """Of which none is cut meanwhile."""
    with serveur(tmp_path / "donnees", workers=1, reglages={"entete_delai_s": "30"}) as lui, ExitStack() as pile:
        cle = creer_cle(lui.dossier, "--role", "cnam")
        lui.inscrire(cle, registre_exemple())
        for rang in range(200):
            prise = pile.enter_context(_joindre(lui))
            prise.sendall((b"", TETE, b"POST /traces HTTP/1.1\r\nContent-Length: 9\r\n\r\n[")[rang % 3])
        for _ in range(10):
            debut = time.monotonic()
            assert lui.appeler("POST", "/traces", cle, json=trace()).status_code == 201
            assert time.monotonic() - debut < 3


def test_qui_ne_lit_pas_ses_reponses_est_coupe(service: Serveur, cle: str) -> None:
    """Forty of a megabyte: more than the kernel keeps for a reader."""
    avant = _coupees(service, cle, "lecture")
    with socket.socket() as prise:
        prise.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        prise.connect(("127.0.0.1", service.port))
        prise.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 40)
        attendre(lambda: _coupees(service, cle, "lecture") == avant + 1, DELAI_S + MARGE_S)
        prise.settimeout(MARGE_S)
        with pytest.raises(ConnectionResetError):
            _lire_tout(prise)


def _lire_tout(prise: socket.socket) -> None:
    while prise.recv(65536):
        pass


def test_un_lecteur_qui_prend_son_temps_a_tout(service: Serveur) -> None:
    with _joindre(service) as prise:
        prise.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        reponse = http.client.HTTPResponse(prise)
        reponse.begin()
        lus = bytearray()
        while morceau := reponse.read(100_000):
            lus += morceau
            time.sleep(0.1)
        assert json.loads(lus)["openapi"]


def test_une_connexion_de_trop_recoit_un_503(tmp_path: Path) -> None:
    with (
        serveur(tmp_path / "donnees", workers=1, reglages={"connexions_max": "10"}) as lui,
        ExitStack() as pile,
    ):
        attendre(lambda: _statut(lui) == 200)
        prises = [pile.enter_context(_joindre(lui)) for _ in range(10)]
        with _joindre(lui) as prise:
            reponse = http.client.HTTPResponse(prise)
            reponse.begin()
            assert (reponse.status, reponse.getheader("retry-after")) == (503, "1")
            assert json.loads(reponse.read())["type"] == "urn:traces-postes:probleme:surcharge"
            assert prise.recv(1) == b""
        prises[0].close()
        attendre(lambda: _statut(lui) == 200, MARGE_S)


def _statut(lui: Serveur) -> int:
    client = http.client.HTTPConnection("127.0.0.1", lui.port, timeout=MARGE_S)
    try:
        client.request("GET", "/sante/vivant")
        return client.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        client.close()


def test_sans_descripteurs_le_service_ne_tourne_pas_a_vide_et_se_remet(tmp_path: Path) -> None:
    """The operator's limit, reached in spite of the bound on connections."""
    with serveur(tmp_path / "donnees", workers=1) as lui:
        pid = lui.processus.pid
        permis = len(list(Path(f"/proc/{pid}/fd").iterdir())) + 10
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (permis, permis))
        with ExitStack() as pile:
            for _ in range(50):
                pile.enter_context(_joindre(lui))
            avant = _processeur_s(pid)
            time.sleep(1)
            assert _processeur_s(pid) - avant < 0.5
        attendre(lambda: _statut(lui) == 200, MARGE_S)


def _processeur_s(pid: int) -> float:
    champs = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(champs[11]) + int(champs[12])) / os.sysconf("SC_CLK_TCK")
