"""The real service tells a real collector of its requests and commits, and of nobody's data."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.observabilite.collecteur import Collecteur, Recu, collecteur
from tests.outils import PILOTES, PRESERIE, Corps, ensemble, registre_exemple, trace
from tests.processus.lancement import Serveur, attendre, creer_cle, serveur

SERVEUR, CLIENT = 2, 3
_MARQUE = "zq7x9"
_TRACE, _SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
_TUE = {"traceparent": f"00-{_TRACE}-{_SPAN}-00"}


@pytest.fixture(scope="module")
def recus() -> Iterator[Collecteur]:
    with collecteur() as lui:
        yield lui


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, recus: Collecteur) -> Iterator[Serveur]:
    dossier = tmp_path_factory.mktemp("telemetrie") / "donnees"
    with serveur(dossier, workers=1, reglages={"otlp_url": recus.url}) as lui:
        yield lui


@pytest.fixture(scope="module")
def cnam(service: Serveur) -> str:
    """A key, and the example's registry, of which the collector hears nothing."""
    cle = creer_cle(service.dossier, "--role", "cnam")
    for methode, chemin, corps in registre_exemple():
        assert service.appeler(methode, chemin, cle, json=corps, headers=_TUE).is_success
    return cle


def _numero(reponse: httpx.Response) -> str:
    return reponse.headers["x-request-id"]


def _lignes(service: Serveur, requete_id: str) -> list[Corps]:
    """What was logged on behalf of a request."""
    lignes = service.journal.read_text("utf-8").splitlines()
    lues = [json.loads(ligne) for ligne in lignes if ligne.startswith("{")]
    return [ligne for ligne in lues if ligne.get("requete_id") == requete_id]


def _commits(recus: Collecteur, origine: Recu) -> list[Recu]:
    """The commits that are linked to a request."""
    return [span for span in recus.spans() if span.nom == "commit de traces" and origine.contexte in span.liens]


def test_une_requete_a_son_span_sous_son_gabarit(service: Serveur, cnam: str, recus: Collecteur) -> None:
    chemin = f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}"
    reponse = service.appeler("GET", chemin, cnam)
    span = recus.de(_numero(reponse))
    route = "/preseries/{code}/pilotes/{numero_am}"
    assert (span.nom, span.genre, span.parent, span.statut) == (f"GET {route}", SERVEUR, "", 0)
    assert span.attributs == {
        "http.request.method": "GET",
        "http.route": route,
        "http.response.status_code": 200,
        "traces_postes.requete_id": _numero(reponse),
    }
    assert span.service["service.name"] == "traces-postes"
    assert span.service["service.version"] == "0.1.0"
    assert len(str(span.service["service.instance.id"])) == 36
    assert recus.chemins == {"/v1/traces"}


def test_le_numero_est_le_meme_partout(service: Serveur, cnam: str, recus: Collecteur) -> None:
    """In the header, the problem, the log and the span; the trace's is in the log."""
    refus = service.appeler("POST", "/traces", cnam, json=trace(logiciel="inconnu"))
    numero = _numero(refus)
    assert refus.json()["instance"] == f"urn:uuid:{numero}"
    span = recus.de(numero)
    assert span.nom == "POST /traces"
    assert span.attributs["traces_postes.probleme"] == "logiciel-inconnu"
    assert "error.type" not in span.attributs
    assert span.statut == 0
    [ligne] = _lignes(service, numero)
    assert (ligne["event"], ligne["trace_id"]) == ("requete", span.contexte[0])


def test_une_adresse_inconnue_n_a_que_sa_methode(service: Serveur, cnam: str, recus: Collecteur) -> None:
    numero = _numero(service.appeler("GET", f"/{_MARQUE}", cnam))
    inventee = httpx.request("PROPFIND", service.url, timeout=30)
    perdue = recus.de(numero)
    assert (perdue.nom, perdue.attributs["traces_postes.probleme"]) == ("GET", "introuvable")
    assert "http.route" not in perdue.attributs
    span = recus.de(_numero(inventee))
    assert (span.nom, span.attributs["http.request.method"]) == ("HTTP", "_OTHER")


def test_l_appelant_est_le_parent(service: Serveur, cnam: str, recus: Collecteur) -> None:
    entetes = {"traceparent": f"00-{_TRACE}-{_SPAN}-01"}
    span = recus.de(_numero(service.appeler("GET", "/editeurs", cnam, headers=entetes)))
    assert (span.contexte[0], span.parent) == (_TRACE, _SPAN)


def test_un_appelant_illisible_est_ignore(service: Serveur, cnam: str, recus: Collecteur) -> None:
    bon = f"00-{_TRACE}-{_SPAN}-01".encode()
    dits = [
        *([b""], [b"non"], [bon[:-3]], [bon + b"-suite"], [b"ff" + bon[2:]], [bon.upper()], [bon + b"\xe9"]),
        *([bon.replace(_TRACE.encode(), b"0" * 32)], [b"01" + bon[2:] + b"-" + b"x" * 5000], [bon, bon]),
    ]
    cle = (b"Authorization", f"Bearer {cnam}".encode())
    numeros = [
        _numero(httpx.get(f"{service.url}/editeurs", headers=[cle, *((b"traceparent", d) for d in dit)], timeout=30))
        for dit in dits
    ]
    for numero in numeros:
        span = recus.de(numero)
        assert span.parent == ""
        assert span.contexte[0] != _TRACE


async def test_un_commit_est_lie_aux_requetes_qu_il_sert(service: Serveur, cnam: str, recus: Collecteur) -> None:
    async with httpx.AsyncClient(
        base_url=service.url, headers={"Authorization": f"Bearer {cnam}"}, timeout=30
    ) as poste:

        async def envoyer(nombre: int) -> str:
            reponse = await poste.post("/traces", json=[trace() for _ in range(nombre)])
            assert reponse.json()["enregistrees"] == nombre
            return _numero(reponse)

        numeros = await ensemble(*(envoyer(nombre) for nombre in range(1, 9)))
    origines = [recus.de(numero) for numero in numeros]
    attendre(lambda: all(_commits(recus, origine) for origine in origines))
    commits = {commit.contexte: commit for origine in origines for commit in _commits(recus, origine)}
    assert all(len(_commits(recus, origine)) == 1 for origine in origines)
    assert {(commit.genre, commit.parent) for commit in commits.values()} == {(CLIENT, "")}
    assert sum(int(str(commit.attributs["traces_postes.traces"])) for commit in commits.values()) == sum(range(1, 9))
    assert sum(len(commit.liens) for commit in commits.values()) == 8
    assert {commit.contexte[0] for commit in commits.values()}.isdisjoint(o.contexte[0] for o in origines)


def test_les_lectures_lentes_se_voient(service: Serveur, cnam: str, recus: Collecteur) -> None:
    lectures = {"lecture de bilans": f"/bilan/preseries/{PRESERIE}", "lecture pour les mesures": "/metrics"}
    numeros = {nom: _numero(service.appeler("GET", chemin, cnam)) for nom, chemin in lectures.items()}
    attendus = {(nom, recus.de(numero).contexte[1]) for nom, numero in numeros.items()}
    attendre(lambda: attendus <= {(span.nom, span.parent) for span in recus.spans()})


def test_qui_ne_veut_pas_etre_suivi_ne_l_est_pas(service: Serveur, cnam: str, recus: Collecteur) -> None:
    """Nor is a request that begins within another's, on one connection."""
    demandes = [f"00-{_TRACE}-{_SPAN}-01", f"00-{_TRACE}-{_SPAN}-00"]
    texte = "".join(
        f"GET /{_MARQUE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {cnam}\r\ntraceparent: {dit}\r\n\r\n"
        for dit in demandes
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as prise:
        prise.sendall(texte.encode())
        recu = b""
        while recu.count(b"urn:uuid:") < 2 or not recu.endswith(b"}"):
            recu += prise.recv(65536)
    suivie, tue = (ligne.split(b": ")[1].decode() for ligne in recu.split(b"\r\n") if ligne.startswith(b"x-request-id"))
    assert recus.de(suivie).parent == _SPAN
    attendre(lambda: bool(_lignes(service, tue)))
    # Not even the one that is recorded: its trace's id is what was sent.
    assert all("trace_id" not in ligne for un in (tue, suivie) for ligne in _lignes(service, un))
    apres = recus.de(_numero(service.appeler("GET", "/editeurs", cnam)))  # what came before has been sent by then
    assert apres
    assert tue not in {span.attributs.get("traces_postes.requete_id") for span in recus.spans()}


def test_rien_de_ce_qui_est_envoye_ne_s_exporte(service: Serveur, cnam: str, recus: Collecteur) -> None:
    """Neither who, nor what, nor the key, nor the address."""
    numero_am, chemin = PILOTES[1], f"/preseries/{PRESERIE}/pilotes/{PILOTES[1]}"
    entetes = {"tracestate": f"cle={_MARQUE}", "baggage": f"am={numero_am}", "traceparent": f"00-{_TRACE}-{_SPAN}-01"}
    envoyee = trace(numero_am=numero_am, ordonnance=f"{_MARQUE}ORD", poste=_MARQUE)
    reponses = [
        service.appeler("POST", "/traces", cnam, json=corps, headers=entetes)
        for corps in (
            envoyee,
            envoyee | {"version": _MARQUE},
            [envoyee],
            {_MARQUE: numero_am},
            {"numero_am": numero_am},
        )
    ]
    reponses.append(service.appeler("POST", "/traces", cnam, content=f"{{{_MARQUE}", headers=entetes))
    lus = (chemin, f"/preseries/{_MARQUE}", f"/{_MARQUE}", f"/executions?preserie={PRESERIE}&pilote={numero_am}")
    reponses += [service.appeler("GET", lu, cnam, headers=entetes) for lu in lus]
    reponses.append(service.appeler("GET", "/editeurs", f"{_MARQUE}-cle", headers=entetes))
    assert {r.status_code for r in reponses} >= {200, 201, 400, 401, 404, 409, 422}
    for reponse in reponses:
        recus.de(_numero(reponse))
    exporte = b"".join(recus.envois).lower()
    for secret in (numero_am, _MARQUE, envoyee["id"], cnam, PRESERIE, chemin):
        assert secret.lower().encode() not in exporte, secret
    assert str(Path(__file__).parent).encode() not in exporte
