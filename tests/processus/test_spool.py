"""The spool's commands against a real service: whenever the sender is killed, everything arrives once."""

import json
import signal
import subprocess
from pathlib import Path

from app.poste import Spool
from tests.outils import PILOTES, PRESERIE, Corps, registre_exemple, trace
from tests.processus.lancement import COMMANDE, Serveur, attendre, creer_cle, environnement, executer, serveur

TRACES, MORTS = 2_000, 5


def poste(lui: Serveur, cle: str, nom: str) -> Corps | None:
    lus = lui.appeler("GET", f"/preseries/{PRESERIE}/postes", cle, params={"limite": 1000}).json()["elements"]
    return next((lu for lu in lus if lu["poste"] == nom), None)


def enregistrees(lui: Serveur, cle: str, nom: str) -> int:
    lu = poste(lui, cle, nom)
    return lu["traces"]["enregistrees"] if lu else 0


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
        envoyer = ["poste", "envoyer", "--spool", str(spool), "--url", lui.url, "--taille-lot", "10"]
        for _ in range(MORTS):
            avant = enregistrees(lui, cle, "spool-1")
            with subprocess.Popen([COMMANDE, *envoyer], env=env, stdout=subprocess.DEVNULL) as envoi:
                attendre(lambda avant=avant: enregistrees(lui, cle, "spool-1") > avant)  # type: ignore[misc]
                envoi.send_signal(signal.SIGKILL)
        assert 0 < enregistrees(lui, cle, "spool-1") < TRACES, "killed too late to show anything"
        fini = executer(*envoyer, "--connexions", "2", env=env)
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
