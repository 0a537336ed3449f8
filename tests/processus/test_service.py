"""A service of two workers: whatever one acknowledges holds at once for the other."""

import json
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.outils import Corps, attendu_exemple, ensemble, trace
from tests.processus.exemple import exemple, retenues, verifier
from tests.processus.lancement import Serveur, attendre, creer_cle, environnement, executer, serveur

TOURS = 4
_PILOTE = {"cpam": "33", "sesam_vitale": True, "accord_le": "2026-09-22", "equipement_verifie": True}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serveur]:
    with serveur(tmp_path_factory.mktemp("service") / "donnees") as lui:
        yield lui


@pytest.fixture(scope="module")
def cnam(service: Serveur) -> str:
    return creer_cle(service.dossier, "--role", "cnam")


def test_ce_que_l_un_acquitte_vaut_aussitot_pour_l_autre(service: Serveur) -> None:
    """Key, logiciel, start, pilotes: each used right after it was acknowledged, over new connections, every time."""
    assert len(service.ouvriers()) == 2
    for tour in range(TOURS):
        cle = creer_cle(service.dossier, "--role", "cnam")
        logiciel, preserie = f"tour-{tour}", f"tour-{tour}-lpp"
        base: list[tuple[str, str, Corps]] = [
            ("PUT", "/editeurs/ed-tours", {"raison_sociale": "Tours", "solution_sesam_vitale": False}),
            ("PUT", "/modules/mo-tours", {"editeur": "ed-tours", "nom": "Module"}),
            ("PUT", f"/logiciels/{logiciel}", _logiciel(logiciel)),
            ("PUT", f"/preseries/{preserie}", {"logiciel": logiciel, "categorie_ps": "lpp", "cpam": ["33"]}),
            ("PUT", f"/preseries/{preserie}/jalons/support", {"le": "2026-09-01"}),
            ("PUT", f"/preseries/{preserie}/jalons/kit_accompagnement", {"le": "2026-09-01"}),
            ("PUT", f"/preseries/{preserie}/pilotes/33000000{tour}", _PILOTE),
        ]
        service.inscrire(cle, base)
        fermee = service.appeler("POST", "/traces", cle, json=_trace(logiciel, f"33000000{tour}"))
        assert (fermee.status_code, fermee.json()["type"].rpartition(":")[2]) == (409, "preserie-non-ouverte")
        service.inscrire(cle, [("POST", f"/preseries/{preserie}/demarrage", {})])
        poste = creer_cle(service.dossier, "--role", "poste", "--editeur", "ed-tours") if tour % 4 == 0 else cle
        for rang in range(5):
            numero_am = f"3300{rang:04d}{tour}"
            if rang:
                service.inscrire(cle, [("PUT", f"/preseries/{preserie}/pilotes/{numero_am}", _PILOTE)])
            reponse = service.appeler("POST", "/traces", poste, json=_trace(logiciel, numero_am))
            assert reponse.status_code == 201, (tour, rang, reponse.text)
            consigne = service.appeler("GET", f"/traces/consigne?logiciel={logiciel}&numero_am={numero_am}", poste)
            assert consigne.json()["traces_postes"] == "actives"


def _logiciel(code: str) -> Corps:
    autorisation = {"numero": "ON-2026-1", "date": "2026-09-01"}
    return {
        "editeur": "ed-tours",
        "module": "mo-tours",
        "nom": code,
        "sesam_vitale": False,
        "autorisation_cnda": autorisation,
    }


def _trace(logiciel: str, numero_am: str) -> Corps:
    return trace(logiciel=logiciel, numero_am=numero_am)


async def test_l_exemple_par_8_connexions_donne_les_chiffres_attendus(service: Serveur, cnam: str) -> None:
    preserie, appels, traces = exemple("huit")
    service.inscrire(cnam, appels)
    hasard = random.Random(9)
    melees = retenues(appels, traces)
    hasard.shuffle(melees)
    sommes: Counter[str] = Counter()

    async def servir(siennes: list[Corps]) -> None:
        async with httpx.AsyncClient(base_url=service.url, headers={"Authorization": f"Bearer {cnam}"}) as client:
            while siennes:
                lot = siennes[: hasard.randint(1, 60)]
                siennes = siennes[len(lot) :]
                accuse = (await client.post("/traces", json=lot)).raise_for_status().json()
                sommes.update({cle: accuse[cle] for cle in ("recues", "enregistrees", "doublons", "rejetees")})

    await ensemble(*(servir(melees[i::8]) for i in range(8)))
    attendu = attendu_exemple()
    post = attendu["post"]
    assert sommes == {
        "recues": len(melees),
        "enregistrees": post["enregistrees"],
        "doublons": post["doublons"],
        "rejetees": 0,
    }
    verifier(service, cnam, preserie, attendu)


def test_simuler_envoie_un_fichier_et_en_dit_les_sommes(service: Serveur, cnam: str, tmp_path: Path) -> None:
    preserie, appels, traces = exemple("simule")
    service.inscrire(cnam, appels)
    fichier = tmp_path / "traces.ndjson"
    fichier.write_text("".join(json.dumps(une) + "\n" for une in traces))
    poste = creer_cle(service.dossier, "--role", "poste", "--editeur", "ortho-soft")
    env = environnement(cle=poste)
    fini = executer("simuler", str(fichier), "--url", service.url, "--taille-lot", "100", env=env)
    assert fini.returncode == 0, fini.stderr
    post = attendu_exemple()["post"]
    libelles = {"Reçues": "recues", "Enregistrées": "enregistrees", "Doublons": "doublons", "Rejetées": "rejetees"}
    attendues = {libelle: post[cle] for libelle, cle in libelles.items()} | post["rejets"]
    for libelle, nombre in attendues.items():
        assert _somme(fini.stdout, libelle) == nombre, libelle
    assert poste not in fini.stdout + fini.stderr
    verifier(service, cnam, preserie, attendu_exemple())


def _somme(sortie: str, libelle: str) -> int:
    trouvee = re.search(rf"{libelle}\W+([0-9\u202f]+)", sortie)
    assert trouvee is not None, sortie
    return int(trouvee[1].replace("\u202f", ""))


def test_une_cle_revoquee_par_la_commande_est_refusee_dans_la_seconde(service: Serveur) -> None:
    env = environnement(data_dir=str(service.dossier))
    creee = executer("cle", "creer", "--role", "cnam", "--libelle", "à révoquer", env=env)
    cle = creee.stdout.splitlines()[-1]
    for _ in range(6):
        assert service.appeler("GET", "/editeurs", cle).status_code == 200
    numero = re.search(r"n° ([0-9]+)", creee.stderr)
    assert numero is not None
    fini = executer("cle", "revoquer", numero[1], env=env)
    assert fini.returncode == 0, fini.stderr
    time.sleep(1)
    statuts = {service.appeler("GET", "/editeurs", cle).status_code for _ in range(12)}
    assert statuts == {401}


def test_revoquer_une_cle_qui_n_est_pas_echoue(service: Serveur) -> None:
    fini = executer("cle", "revoquer", "999999", env=environnement(data_dir=str(service.dossier)))
    assert fini.returncode == 1
    assert "999999" in fini.stderr


def test_lister_montre_les_bornes_mais_aucune_cle(service: Serveur) -> None:
    env = environnement(data_dir=str(service.dossier)) | {"COLUMNS": "200"}
    cle = creer_cle(service.dossier, "--role", "poste", "--editeur", "ortho-soft", "--numero-am", "389391422")
    sortie = executer("cle", "lister", env=env).stdout
    assert re.search(r"poste .*ortho-soft .*389391422", sortie)
    assert cle not in sortie


def test_un_ouvrier_tue_est_remplace(service: Serveur, cnam: str) -> None:
    tue, _ = service.ouvriers()
    os.kill(tue, signal.SIGKILL)
    attendre(lambda: len(set(service.ouvriers()) - {tue}) == 2)
    attendre(service.pret)
    assert service.appeler("GET", "/editeurs", cnam).status_code == 200


def test_un_ouvrier_tue_avant_de_repondre_est_remplace_aussitot(service: Serveur) -> None:
    """Its supervisor was asking it how it is, and would have waited as for one that is slow to start."""
    reste, tue = service.ouvriers()
    for _ in range(3):
        os.kill(tue, signal.SIGKILL)
        connus = {reste, tue}
        attendre(partial(_un_nouveau, service, connus), 10)
        (tue,) = set(service.ouvriers()) - connus
        time.sleep(0.7)
    attendre(service.pret)


def _un_nouveau(service: Serveur, connus: set[int]) -> bool:
    return len(set(service.ouvriers()) - connus) == 1


def test_un_ouvrier_lent_a_demarrer_n_est_pas_tue_avant_de_servir(tmp_path: Path) -> None:
    """Slower than the 5 s that uvicorn gives by itself."""
    lenteur = "import sys, time\nif any('spawn_main' in mot for mot in sys.orig_argv): time.sleep(7)\n"
    (tmp_path / "sitecustomize.py").write_text(lenteur)
    with serveur(tmp_path / "donnees", ajouts={"PYTHONPATH": str(tmp_path)}, patience_s=90) as lui:
        assert len(lui.ouvriers()) == 2
        assert "died" not in lui.journal.read_text()


def test_un_second_service_sur_le_meme_port_echoue_sans_gener_le_premier(service: Serveur, cnam: str) -> None:
    """Nor does it stop the PostgreSQL that they share."""
    env = environnement(data_dir=str(service.dossier))
    second = executer("serve", "--port", str(service.port), env=env)
    assert second.returncode != 0
    assert service.pret()
    assert service.appeler("GET", "/editeurs", cnam).status_code == 200
