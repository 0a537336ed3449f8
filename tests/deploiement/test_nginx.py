"""The configuration of deploy/nginx, in a real nginx before two real services."""

import gzip
import json
import re
import signal
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from app.contrat.document import operations
from tests.contrat.aides import pilote, verifier_probleme
from tests.deploiement.conftest import Deploiement
from tests.deploiement.proxy import (
    DEPLOY,
    Autorite,
    Proxy,
    exige_nginx,
    proxy,
    verifier_la_configuration,
)
from tests.description import document, verifier_reponse
from tests.outils import PILOTES, PRESERIE, trace
from tests.processus.lancement import attendre, port_libre

pytestmark = exige_nginx
FLUX = f"/bilan/preseries/{PRESERIE}/flux"


@pytest.fixture
def devant(deploiement: Deploiement) -> Proxy:
    return deploiement.proxy


@pytest.fixture
def poste(deploiement: Deploiement) -> Iterator[httpx.Client]:
    with deploiement.proxy.client(deploiement.poste, deploiement.cle_du_poste) as client:
        yield client


@pytest.fixture
def personne(deploiement: Deploiement) -> Iterator[httpx.Client]:
    """Somebody with a key of the Cnam, and no certificate."""
    with deploiement.proxy.client(cle=deploiement.cnam) as client:
        yield client


def _requete_brute(devant: Proxy, octets: bytes, *, nom: str = "localhost") -> bytes:
    """The problem that nginx says to these bytes."""
    with (
        socket.create_connection(("127.0.0.1", devant.port), timeout=10) as prise,
        devant.contexte().wrap_socket(prise, server_hostname=nom) as chiffree,
    ):
        chiffree.sendall(octets)
        recu = b""
        with suppress(ssl.SSLEOFError, ConnectionResetError):
            while not recu.endswith(b"}") and (morceau := chiffree.recv(65536)):
                recu += morceau
        return recu


def test_la_configuration_est_admise_sans_avertissement(devant: Proxy) -> None:
    assert "[warn]" not in verifier_la_configuration(devant.prefixe)


def test_tls_1_3_seulement_et_sous_son_nom_seulement(devant: Proxy) -> None:
    for version, admise in ((ssl.TLSVersion.TLSv1_2, False), (ssl.TLSVersion.TLSv1_3, True)):
        contexte = devant.contexte()
        contexte.minimum_version = contexte.maximum_version = version
        with httpx.Client(verify=contexte, trust_env=False) as client:
            if admise:
                assert client.get(f"{devant.url}/sante/vivant").status_code == 200
            else:
                with pytest.raises(httpx.ConnectError, match="ALERT_PROTOCOL_VERSION"):
                    client.get(f"{devant.url}/sante/vivant")
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        _requete_brute(devant, b"", nom="autre.example")


@pytest.mark.parametrize(
    ("methode", "chemin"),
    [
        ("POST", "/traces"),
        ("POST", "/traces/essai"),
        ("GET", f"/traces/consigne?logiciel=ortho-plus&numero_am={PILOTES[0]}"),
        ("POST", "//traces"),
        ("POST", "/%74races"),
        ("POST", "/./traces?a=1"),
    ],
)
def test_un_poste_sans_certificat_est_refuse(devant: Proxy, personne: httpx.Client, methode: str, chemin: str) -> None:
    corps = trace() if methode == "POST" else None
    dit = verifier_probleme(personne.request(methode, devant.url + chemin, json=corps), 403, "certificat-absent")
    assert "certificat" in dit["detail"]


def test_un_poste_avec_son_certificat_est_servi(poste: httpx.Client) -> None:
    reponse = poste.post("/traces", json=trace())
    verifier_reponse(reponse)
    assert reponse.status_code == 201
    assert reponse.headers["strict-transport-security"].startswith("max-age=")
    essai = poste.post("/traces/essai", json=[trace()])
    assert (essai.status_code, essai.json()["enregistrees"]) == (200, 1)
    consigne = poste.get("/traces/consigne", params={"logiciel": "ortho-plus", "numero_am": PILOTES[0]})
    assert consigne.json()["traces_postes"] == "actives"
    entetes = {"If-None-Match": consigne.headers["etag"]}
    assert poste.get(str(consigne.request.url), headers=entetes).status_code == 304


def test_un_certificat_d_une_autre_autorite_est_refuse(devant: Proxy, deploiement: Deploiement, tmp_path: Path) -> None:
    etranger = Autorite(tmp_path / "etrangere").poste("poste-1")
    with devant.client(etranger, deploiement.cle_du_poste) as client:
        verifier_probleme(client.post("/traces", json=trace()), 403, "certificat-refuse")


def test_un_certificat_revoque_est_refuse_des_que_la_liste_est_relue(devant: Proxy, deploiement: Deploiement) -> None:
    perdu = devant.autorite.poste("poste-perdu")
    with devant.client(perdu, deploiement.cle_du_poste) as client:
        assert client.post("/traces", json=trace()).status_code == 201
    devant.autorite.script("revoquer", "poste-perdu")
    devant.recharger()
    with devant.client(perdu, deploiement.cle_du_poste) as client:
        verifier_probleme(client.post("/traces", json=trace()), 403, "certificat-refuse")
    with devant.client(deploiement.poste, deploiement.cle_du_poste) as client:
        assert client.post("/traces", json=trace()).status_code == 201


def test_gzip_passe_tel_quel_et_plus_d_un_mio_est_refuse(poste: httpx.Client) -> None:
    traces = [trace() for _ in range(300)]
    entetes = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    reponse = poste.post("/traces", content=gzip.compress(json.dumps(traces).encode()), headers=entetes)
    assert (reponse.status_code, reponse.json()["enregistrees"]) == (200, 300)
    entier = json.dumps([trace() for _ in range(900)]).encode()
    juste = entier + b" " * (1024 * 1024 - len(entier))
    json_ = {"Content-Type": "application/json"}
    assert poste.post("/traces", content=juste, headers=json_).json()["enregistrees"] == 900
    verifier_probleme(poste.post("/traces", content=juste + b" ", headers=json_), 413, "corps-trop-grand")
    par_morceaux = poste.post("/traces", content=iter([juste, b" "]), headers=json_)
    verifier_probleme(par_morceaux, 413, "corps-trop-grand")
    verifier_probleme(poste.put("/preseries/x", content=b" " * 65_537, headers=json_), 413, "corps-trop-grand")
    par_morceaux = poste.put("/preseries/x", content=iter([b" " * 65_537]), headers=json_)
    verifier_probleme(par_morceaux, 413, "corps-trop-grand")
    bombe = poste.post("/traces", content=gzip.compress(juste + b" "), headers=entetes)
    assert bombe.status_code == 413
    verifier_reponse(bombe)  # the service's own


def test_au_dela_de_la_limite_429_qui_dit_d_attendre(deploiement: Deploiement, tmp_path: Path) -> None:
    ports = tuple(lui.port for lui in deploiement.repliques)
    devant = deploiement.proxy
    limites = (("rate=50r/s", "rate=1r/s"), ("burst=200", "burst=5"))
    with proxy(tmp_path / "nginx", ports, devant.autorite, limites) as etroit:
        with etroit.client(deploiement.poste, deploiement.cle_du_poste) as client:
            reponses = [client.post("/traces", json=trace()) for _ in range(20)]
        assert {reponse.status_code for reponse in reponses[:5]} == {201}
        refusees = [reponse for reponse in reponses if reponse.status_code == 429]
        assert len(refusees) >= 10
        for refusee in refusees:
            verifier_probleme(refusee, 429, "trop-de-requetes")
            assert int(refusee.headers["retry-after"]) >= 1
        with etroit.client(devant.autorite.poste("poste-voisin"), deploiement.cle_du_poste) as autre:
            assert autre.post("/traces", json=trace()).status_code == 201  # from the same address


@pytest.mark.parametrize(
    ("tete", "statut", "code"),
    [
        (b"GET /sante/vivant HTTP/1.1\r\n", 400, "json-invalide"),
        (b"GET /sante/vivant HTTP/1.0\r\n", 421, "hote-inconnu"),
        (b"GET /sante/vivant HTTP/1.1\r\nHost: autre.example\r\n", 421, "hote-inconnu"),
        (b"POST /traces HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n", 400, "json-invalide"),
        (
            b"POST /traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            400,
            "json-invalide",
        ),
        (b"\x16\x03\x01 garbage\r\n", 400, "json-invalide"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 17_000 + b"\r\n", 431, "entetes-trop-grands"),
        (b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: localhost\r\n", 414, "adresse-trop-longue"),
    ],
)
def test_ce_qui_n_est_pas_de_bon_http_est_refuse_en_francais(
    devant: Proxy, tete: bytes, statut: int, code: str
) -> None:
    recu = _requete_brute(devant, tete + b"Connection: close\r\n\r\n")
    ligne, _, _ = recu.partition(b"\r\n")
    assert int(ligne.split()[1]) == statut, recu
    entetes, _, corps = recu.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in entetes.lower()
    assert json.loads(corps)["type"] == f"urn:traces-postes:probleme:{code}"


@pytest.mark.parametrize("chemin", ["/metrics", "/docs", "/openapi.json", "//metrics", "/%6detrics", "/a/../metrics"])
def test_ce_qui_est_a_l_interieur_n_est_pas_au_dehors(devant: Proxy, personne: httpx.Client, chemin: str) -> None:
    recu = _requete_brute(devant, f"GET {chemin} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert recu.startswith(b"HTTP/1.1 404 ")
    assert b"problem+json" in recu
    verifier_probleme(personne.get(f"{devant.url}{chemin}?a=1"), 404, "introuvable")


def test_sans_certificat_questionnaire_bilan_et_traces_se_lisent(personne: httpx.Client, devant: Proxy) -> None:
    assert personne.get(f"/bilan/preseries/{PRESERIE}").json()["preserie"] == PRESERIE
    assert personne.get("/traces", params={"preserie": PRESERIE}).status_code == 200
    invitations = personne.post(f"/preseries/{PRESERIE}/questionnaire/invitations", json={"numeros_am": [PILOTES[0]]})
    jeton = invitations.json()[0]["jeton"]
    with devant.client() as navigateur:
        page = navigateur.get(f"/questionnaire/{jeton}", headers={"Accept": "text/html"})
        assert page.headers["content-type"].startswith("text/html")
        for nom in ("content-security-policy", "x-content-type-options", "referrer-policy"):
            assert len(page.headers.get_list(nom)) == 1, nom
        reponse = navigateur.post(
            f"/questionnaire/{jeton}", json={"satisfaction": 4, "operations": {}, "frein_bloquant": False}
        )
        assert reponse.status_code in (200, 201), reponse.text
        absente = navigateur.get("/bilan")
        assert (absente.status_code, absente.headers["www-authenticate"]) == (401, 'Bearer realm="traces-postes"')


def test_un_bilan_suivi_arrive_evenement_par_evenement(personne: httpx.Client, poste: httpx.Client) -> None:
    with personne.stream("GET", FLUX) as flux:
        lignes = flux.iter_lines()
        avant = _bilan_suivant(lignes)
        for rang in range(1, 4):
            assert poste.post("/traces", json=trace()).status_code == 201
            assert _bilan_suivant(lignes) == avant + rang


def _bilan_suivant(lignes: Iterator[str]) -> int:
    """How many traces the next event counts."""
    donnees = next(ligne for ligne in lignes if ligne.startswith("data: "))
    enregistrees: int = json.loads(donnees[6:])["traces"]["enregistrees"]
    return enregistrees


def test_le_journal_dit_la_route_mais_ni_numero_am_ni_jeton_ni_cle(
    devant: Proxy, deploiement: Deploiement, personne: httpx.Client
) -> None:
    invitations = personne.post(f"/preseries/{PRESERIE}/questionnaire/invitations", json={"numeros_am": [PILOTES[1]]})
    jeton, secret = invitations.json()[0]["jeton"], "759900001"
    personne.put(f"/preseries/{PRESERIE}/pilotes/{secret}", json=pilote())
    personne.get(f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}?a={secret}", headers={"X-Request-Id": secret})
    personne.get(f"/questionnaire/{jeton}", headers={"Referer": f"{devant.url}/questionnaire/{jeton}"})
    personne.get(f"/n/importe/quoi/{secret}")
    personne.request(f"M{secret}", f"/traces/{secret}")
    _requete_brute(devant, f"GET /questionnaire/{jeton} HTTP/1.1\r\n\r\n".encode())
    with devant.client(deploiement.poste, deploiement.cle_du_poste) as client:
        client.get(f"/traces/consigne?logiciel=ortho-plus&numero_am={PILOTES[0]}")
        repondue = client.post("/traces", json=trace(numero_am=PILOTES[2], ordonnance="ORDONNANCESECRETE"))
    attendre(lambda: repondue.headers["x-request-id"] in devant.journal_d_acces)
    tous = "".join(f.read_text() for f in (devant.prefixe / "journaux").rglob("*") if f.is_file())
    for tu in (*PILOTES, secret, jeton, deploiement.cnam, deploiement.cle_du_poste, "ORDONNANCESECRETE"):
        assert tu not in tous
    lignes = [json.loads(ligne) for ligne in devant.journal_d_acces.splitlines()]
    dites = Counter((ligne["methode"], ligne["route"]) for ligne in lignes)
    for methode, route in (
        ("PUT", "/preseries/{code}/pilotes/{numero_am}"),
        ("GET", "/questionnaire/{jeton}"),
        ("GET", "autre"),
        ("POST", "/traces"),
        ("GET", "/traces/consigne"),
    ):
        assert dites[methode, route] > 0, (methode, route)
    assert {ligne["route"] for ligne in lignes} <= {*_routes(), "autre"}
    sienne = next(ligne for ligne in lignes if ligne["requete"] == repondue.headers["x-request-id"])
    assert (sienne["statut"], bool(sienne["certificat"])) == (201, True)


def _routes() -> set[str]:
    return {chemin for chemin, _, _ in operations(document())} | {"/docs", "/openapi.json"}


def test_le_journal_connait_chaque_route() -> None:
    lignes = (DEPLOY / "nginx" / "traces-postes" / "journal.conf").read_text()
    gabarits = dict(re.findall(r'^ +"~(\^/\S+)" "(/\S*)";$', lignes, re.MULTILINE))
    assert set(gabarits.values()) == _routes()
    for motif, gabarit in gabarits.items():
        assert re.search(motif, re.sub(r"\{[^}]+\}", "abc", gabarit) + "?x")


def test_une_replique_perdue_est_remplacee_par_l_autre_et_aucune_dit_502(
    devant: Proxy, deploiement: Deploiement, tmp_path: Path
) -> None:
    une, _ = deploiement.repliques
    morte = port_libre()
    with (
        proxy(tmp_path / "nginx", (morte, une.port), devant.autorite) as boiteux,
        boiteux.client(deploiement.poste, deploiement.cle_du_poste) as client,
    ):
        assert {client.post("/traces", json=trace()).status_code for _ in range(20)} == {201}
        assert {client.get("/sante/pret").status_code for _ in range(20)} == {200}
    with proxy(tmp_path / "seul", (morte, port_libre()), devant.autorite) as seul:
        with seul.client(deploiement.poste, deploiement.cle_du_poste) as client:
            for _ in range(3):
                reponse = client.get(f"/traces/consigne?logiciel=ortho-plus&numero_am={PILOTES[0]}")
                verifier_probleme(reponse, 502, "service-injoignable")
                assert int(reponse.headers["retry-after"]) >= 1
        attendre(lambda: '"statut":502' in seul.journal_d_acces)
        tous = "".join(f.read_text() for f in (seul.prefixe / "journaux").rglob("*") if f.is_file())
        assert PILOTES[0] not in tous  # nor in what nginx says of errors


def test_une_replique_figee_ne_retient_que_ses_lectures(
    devant: Proxy, deploiement: Deploiement, tmp_path: Path
) -> None:
    """A POST of traces is asked of the other once the first has been mute for too long; within 20 s, here 1."""
    une, autre = deploiement.repliques
    with proxy(tmp_path / "nginx", (une.port, autre.port), devant.autorite) as pressee:
        relais = pressee.prefixe / "traces-postes" / "relais-traces.conf"
        relais.write_text(relais.read_text().replace("proxy_read_timeout 20s", "proxy_read_timeout 1s"))
        pressee.recharger()
        une.processus.send_signal(signal.SIGSTOP)
        try:
            traces = [trace() for _ in range(8)]
            with (
                pressee.client(deploiement.poste, deploiement.cle_du_poste) as client,
                ThreadPoolExecutor(8) as fils,
            ):
                statuts = list(fils.map(lambda t: client.post("/traces", json=t).status_code, traces))
                assert set(statuts) <= {200, 201}
        finally:
            une.processus.send_signal(signal.SIGCONT)
        with pressee.client(deploiement.poste, deploiement.cle_du_poste) as client:
            accuse = client.post("/traces", json=traces).json()
            assert (accuse["doublons"], accuse["enregistrees"]) == (8, 0)
