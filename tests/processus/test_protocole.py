"""What only a real socket shows: Upgrade ignored, bounded headers, a 413 that arrives, problems for broken HTTP."""

import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from app.serveur import ENTETES_MAX
from tests.outils import Corps, trace
from tests.processus.lancement import Serveur, creer_cle, serveur


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serveur]:
    with serveur(tmp_path_factory.mktemp("protocole") / "donnees") as lui:
        yield lui


@pytest.fixture(scope="module")
def cle(service: Serveur) -> str:
    return creer_cle(service.dossier, "--role", "cnam")


def _echanger(service: Serveur, *morceaux: bytes) -> tuple[int, dict[str, str], Corps]:
    """Sends raw bytes, each piece in a packet of its own, and reads one answer."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as prise:
        prise.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for morceau in morceaux:
            prise.sendall(morceau)
        reponse = http.client.HTTPResponse(prise)
        reponse.begin()
        entetes = {nom.lower(): valeur for nom, valeur in reponse.getheaders()}
        return reponse.status, entetes, json.loads(reponse.read())


def _probleme(statut: int, code: str, reponse: tuple[int, dict[str, str], Corps]) -> None:
    lu, entetes, corps = reponse
    assert (lu, corps["status"], corps["type"]) == (statut, statut, f"urn:traces-postes:probleme:{code}")
    assert entetes["content-type"] == "application/problem+json"
    assert corps["instance"] == f"urn:uuid:{entetes['x-request-id']}"


@pytest.mark.parametrize("protocole", ["h2c", "websocket", "TLS/1.0"])
def test_un_saut_de_protocole_demande_est_ignore_et_le_corps_lu(service: Serveur, cle: str, protocole: str) -> None:
    corps = b'["pas une trace"]'
    entetes = (
        f"POST /traces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {cle}\r\nContent-Type: application/json\r\n"
        f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocole}\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
        f"Content-Length: {len(corps)}\r\n\r\n"
    ).encode()
    for morceaux in ([entetes + corps], [entetes, corps[:5], corps[5:]]):
        statut, _, accuse = _echanger(service, *morceaux)
        assert (statut, accuse["recues"], accuse["rejetees"]) == (200, 1, 1)


def test_apres_un_saut_ignore_la_connexion_sert_encore(service: Serveur) -> None:
    saut = b"GET /sante/vivant HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as prise:
        for demande in (saut, b"GET /sante/vivant HTTP/1.1\r\nHost: x\r\n\r\n"):
            prise.sendall(demande)
            reponse = http.client.HTTPResponse(prise)
            reponse.begin()
            assert (reponse.status, json.loads(reponse.read())) == (200, {"statut": "vivant"})


def test_des_en_tetes_sans_fin_sont_coupes(service: Serveur) -> None:
    for entete in (b"X: " + b"a" * (2 * ENTETES_MAX), b"X: a\r\n" * ENTETES_MAX):
        reponse = _echanger(service, b"GET /sante/vivant HTTP/1.1\r\n" + entete[: 2 * ENTETES_MAX])
        _probleme(431, "entetes-trop-grands", reponse)


def test_des_en_tetes_trop_grands_le_sont_aussi_d_un_seul_coup(service: Serveur) -> None:
    tete = b"POST /traces HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nX: %s\r\n\r\n[]"
    _probleme(431, "entetes-trop-grands", _echanger(service, tete % (b"a" * ENTETES_MAX)))
    assert _echanger(service, tete % (b"a" * (ENTETES_MAX - 200)))[0] == 401


def test_un_grand_corps_n_est_pas_pris_pour_des_en_tetes(service: Serveur, cle: str) -> None:
    corps = b"[" + b" " * (4 * ENTETES_MAX) + b"]"
    tete = b"POST /traces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
    statut, _, accuse = _echanger(service, tete % (cle.encode(), len(corps)) + corps)
    assert (statut, accuse["recues"]) == (200, 0)


def _une_trace(cle: str) -> bytes:
    corps = json.dumps(trace(logiciel="inconnu")).encode()
    tete = b"POST /traces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
    return tete % (cle.encode(), len(corps)) + corps


@pytest.mark.parametrize("suite", [b"garbage\r\n\r\n", b"\x00", b"GET / HTTP/1.1\r\nX: " + b"a" * 2 * ENTETES_MAX])
def test_ce_qui_suit_une_demande_n_en_prend_pas_la_reponse(service: Serveur, cle: str, suite: bytes) -> None:
    """A 400 for what follows would be read as the answer to a trace that was kept."""
    for _ in range(10):
        _probleme(422, "logiciel-inconnu", _echanger(service, _une_trace(cle) + suite))


def test_un_client_qui_a_tout_dit_recoit_sa_reponse(service: Serveur, cle: str) -> None:
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as prise:
            prise.sendall(_une_trace(cle))
            prise.shutdown(socket.SHUT_WR)
            reponse = http.client.HTTPResponse(prise)
            reponse.begin()
            assert reponse.status == 422
            reponse.read()
            assert prise.recv(1) == b""


def test_un_client_parti_au_milieu_de_sa_demande_ne_retient_rien(service: Serveur, cle: str) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as prise:
        prise.sendall(_une_trace(cle)[:-5])
        prise.shutdown(socket.SHUT_WR)
        assert prise.recv(1) == b""


@pytest.mark.parametrize(
    "demande",
    [
        b"FOO /sante/vivant HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /traces HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"CONNECT ailleurs:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_du_http_illisible_recoit_un_probleme(service: Serveur, demande: bytes) -> None:
    _probleme(400, "json-invalide", _echanger(service, demande))


def test_un_corps_trop_grand_recoit_toujours_sa_reponse(service: Serveur, cle: str) -> None:
    """Also while it is still being sent: a client that only saw a broken connection would send the same again."""
    for _ in range(10):
        client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
        entetes = {"Authorization": f"Bearer {cle}", "Content-Type": "application/json"}
        client.request("POST", "/traces", b" " * 3_000_000, entetes)
        reponse = client.getresponse()
        assert reponse.status == 413
        reponse.read()
        client.close()
