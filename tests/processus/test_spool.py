"""The spool's commands against a real service: whenever the sender is killed, everything arrives once."""

import json
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from app.poste import Spool
from tests.outils import PILOTES, PRESERIE, Corps, registre_exemple, trace
from tests.processus.lancement import COMMANDE, Serveur, attendre, creer_cle, environnement, executer, serveur

TRACES, MORTS = 2_000, 5


def poste(lui: Serveur, cle: str, nom: str) -> Corps | None:
    lus = lui.appeler("GET", f"/preseries/{PRESERIE}/postes", cle, params={"limite": 1000}).json()["elements"]
    return next((lu for lu in lus if lu["poste"] == nom), None)


class Relais:
    """Stands before the service, so that no sender is done before it is killed: holds the answers beyond some."""

    def __init__(self, lui: Serveur) -> None:
        self.tour = self.permises = self.rendues = 0
        self.client = httpx.Client(base_url=lui.url, trust_env=False, timeout=30)
        self.fin = threading.Event()

    def permettre(self, reponses: int) -> None:
        """From now on, for one more sender; what is held of the one before is of no account."""
        self.tour, self.permises, self.rendues = self.tour + 1, reponses, 0

    def rendre(self, methode: str, chemin: str, entetes: dict[str, str], corps: bytes) -> httpx.Response:
        tour = self.tour
        reponse = self.client.request(methode, chemin, headers=entetes, content=corps)
        if methode == "POST":
            while tour == self.tour and self.rendues >= self.permises and not self.fin.wait(0.01):
                pass
            self.rendues += tour == self.tour
        return reponse


@contextmanager
def relais(lui: Serveur) -> Iterator[tuple[Relais, str]]:
    etat = Relais(lui)

    class Guichet(BaseHTTPRequestHandler):
        def relayer(self) -> None:
            corps = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            suivis = ("Authorization", "Content-Type", "Content-Encoding", "If-None-Match")
            entetes = {nom: self.headers[nom] for nom in suivis if nom in self.headers}
            reponse = etat.rendre(self.command, self.path, entetes, corps)
            self.send_response(reponse.status_code)
            self.send_header("Content-Length", str(len(reponse.content)))
            self.end_headers()
            self.wfile.write(reponse.content)

        do_GET = do_POST = relayer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_arguments: object) -> None:
            pass

    guichets = ThreadingHTTPServer(("127.0.0.1", 0), Guichet)
    fil = threading.Thread(target=guichets.serve_forever)
    fil.start()
    try:
        yield etat, f"http://127.0.0.1:{guichets.server_address[1]}"
    finally:
        etat.fin.set()
        guichets.shutdown()
        guichets.server_close()
        fil.join()
        etat.client.close()


def test_un_spool_tue_plusieurs_fois_arrive_entier_et_une_fois(tmp_path: Path) -> None:
    fichier, spool, dossier = tmp_path / "traces.ndjson", tmp_path / "spool.db", tmp_path / "donnees"
    lignes = [json.dumps(trace(poste="spool-1", sequence=...)) for _ in range(TRACES)]
    fichier.write_text("\n".join(lignes), "utf-8")
    sans_cle = environnement()
    assert executer("poste", "deposer", str(fichier), "--spool", str(spool), env=sans_cle).returncode == 0
    with serveur(dossier, workers=1) as lui:
        cle = creer_cle(dossier, "--role", "cnam")
        lui.inscrire(cle, registre_exemple())
        env = environnement(cle=cle)
        envoyer = ["poste", "envoyer", "--spool", str(spool), "--taille-lot", "10", "--url"]
        with relais(lui) as (relaye, adresse):
            for _ in range(MORTS):
                relaye.permettre(random.randint(1, 10))
                with subprocess.Popen([COMMANDE, *envoyer, adresse], env=env, stdout=subprocess.DEVNULL) as envoi:
                    try:
                        attendre(lambda: relaye.rendues > 0)
                        time.sleep(random.random() / 20)
                    finally:
                        envoi.send_signal(signal.SIGKILL)
        vu = poste(lui, cle, "spool-1")
        assert vu is not None
        assert 0 < vu["traces"]["enregistrees"] < TRACES, "killed too late to show anything"
        fini = executer(*envoyer, lui.url, "--connexions", "2", env=env)
        assert fini.returncode == 0, fini.stderr
        vu = poste(lui, cle, "spool-1")
    assert vu is not None
    assert vu["numero_am"] == PILOTES[0]
    assert vu["traces"]["enregistrees"] == TRACES
    assert vu["sequences"] == {"premiere": 1, "derniere": TRACES, "perdues": 0, "trous": []}
    with Spool(spool) as vide:
        etat = vide.etat()
    assert (etat.derniere, etat.en_attente, etat.perdues, etat.rejetees) == (TRACES, 0, 0, 0)
    assert etat.enregistrees + etat.doublons == TRACES


def test_les_commandes_du_spool_disent_ce_qui_ne_va_pas(tmp_path: Path) -> None:
    fichier, spool = tmp_path / "traces.ndjson", tmp_path / "spool.db"
    env = environnement(cle="tp_inutile")
    deposer = ("poste", "deposer", str(fichier), "--spool", str(spool))
    etat = ("poste", "etat", "--spool", str(spool))
    assert executer(*etat, env=env).returncode == 2
    for ligne in ("[1]", '{"duree_ms": 1' + "0" * 5_000 + "}"):
        fichier.write_text(f'{{"id": "1"}}\n{ligne}\n')
        fini = executer(*deposer, env=env)
        assert (fini.returncode, "ligne 2" in fini.stderr) == (1, True)
    fichier.write_text('{"id": "1"}\n{"id": "2"}\n')
    assert executer(*deposer, env=env).returncode == 0
    with Spool(spool) as ouvert:
        assert [lue.position for lue in ouvert.lire(10)] == [1, 2], "a file that is refused leaves nothing"
        fini = executer(*etat, env=env)
        assert (fini.returncode, "Un seul à la fois" in fini.stderr) == (1, True)
    fini = executer("poste", "envoyer", "--spool", str(spool), "--url", "pas-une-adresse", env=env)
    assert (fini.returncode, "L'adresse du service" in fini.stderr) == (1, True)
    assert "En attente" in executer(*etat, env=env).stdout
