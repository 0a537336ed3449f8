"""A catégorie of PS is a file: the service takes up an invented one, and changes its rules, without a line of code."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import app
import migrations
from tests.outils import Corps, echec, trace
from tests.processus.lancement import Serveur, creer_cle, environnement, executer, serveur

INVENTE = """
code = "opticiens"
version = "2027-01"
libelle = "Opticiens-lunetiers"
[operations]
toutes = ["consultation", "execution", "devis"]
requises = ["execution", "devis"]
[perimetre]
types_prescription = ["orthoptie", "lunettes"]
hors_perimetre = ["imagerie", "transports"]
[entree]
jalons = ["support", "kit_accompagnement", "information_cpam"]
[pilotes]
min = 1
max = 2
majorite_sesam_vitale = false
silence_jours = 5
[premiere_semaine]
jours = 2
installations_max = 1
[cpam]
min = 1
max = 1
[cpam.referentes]
75 = "Paris"
[enregistrement]
seuil = { numerateur = 9, denominateur = 10 }
[scor]
non_conformes_max = 1
[satisfaction]
reponses_min = 1
[questionnaire]
validite_jours = 2
titre = "Votre avis"
introduction = "Deux questions."
notes = ["Un", "Deux", "Trois", "Quatre", "Cinq"]
satisfaction = "Tout ?"
frein_bloquant = "Un frein ?"
frein = "Lequel ?"
commentaire = "Autre chose ?"
[questionnaire.operations]
devis = "Le devis ?"
[donnees]
conservation_jours = 10
"""
PILOTES = ("759999991", "759999992")
BILAN = "/bilan/preseries/vue-1"
Appels = list[tuple[str, str, Corps]]


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the service's packages, with one file more."""
    dossier = tmp_path_factory.mktemp("code")
    for paquet in (app, migrations):
        source = Path(str(paquet.__file__)).parent
        shutil.copytree(source, dossier / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    (dossier / "app" / "referentiels" / "opticiens.toml").write_text(INVENTE, "utf-8")
    return dossier


@pytest.fixture(scope="module")
def donnees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("opticiens") / "donnees"


@pytest.fixture(scope="module")
def service(code: Path, donnees: Path) -> Iterator[Serveur]:
    with serveur(donnees, workers=1, code=code) as lui:
        yield lui
        lui.arreter()


@pytest.fixture(scope="module")
def cnam(service: Serveur) -> str:
    return creer_cle(service.dossier, "--role", "cnam")


def _preserie(code: str, logiciel: str = "lo-vue", categorie: str = "opticiens", cpam: str = "75") -> Appels:
    chemin = f"/preseries/{code}"
    jour = {"le": "2026-09-01"}
    return [
        ("PUT", chemin, {"logiciel": logiciel, "categorie_ps": categorie, "cpam": [cpam]}),
        *(("PUT", f"{chemin}/jalons/{jalon}", jour) for jalon in ("support", "kit_accompagnement", "information_cpam")),
        *(("PUT", f"{chemin}/pilotes/{PILOTES[rang]}", _pilote(cpam, rang)) for rang in (0, 1)),
        ("POST", f"{chemin}/demarrage", {}),
    ]


def _pilote(cpam: str, rang: int) -> Corps:
    return {
        "cpam": cpam,
        "sesam_vitale": False,
        "accord_le": "2026-09-02",
        "equipement_verifie": True,
        "forme_le": "2026-10-01",
        "installe_le": f"2026-10-{12 + 2 * rang}",
        "phase_2_le": "2026-10-12",
    }


def _logiciel(code: str = "lo-vue") -> Appels:
    autorisation = {"numero": "ON-1", "date": "2026-09-01"}
    corps = {"editeur": "ed-vue", "module": "mo-vue", "nom": "Vue", "sesam_vitale": False}
    return [
        ("PUT", "/editeurs/ed-vue", {"raison_sociale": "Vue", "solution_sesam_vitale": True}),
        ("PUT", "/modules/mo-vue", {"editeur": "ed-vue", "nom": "Module"}),
        ("PUT", f"/logiciels/{code}", corps | {"autorisation_cnda": autorisation}),
    ]


def _traces(logiciel: str, operation: str = "execution", nombre: int = 1, **champs: Any) -> list[Corps]:
    commun: Corps = {"logiciel": logiciel, "numero_am": PILOTES[0], "type_prescription": "orthoptie"}
    commun |= {"emise_le": "2026-10-13T09:00:00+02:00", "operation": operation}
    return [trace(**(commun | champs)) for _ in range(nombre)]


def _bilan(service: Serveur, cle: str, chemin: str = BILAN) -> tuple[Corps, dict[str, Corps], dict[str, Corps]]:
    bilan: Corps = service.appeler("GET", chemin, cle).json()
    par_code = [{juge["code"]: juge for juge in bilan[liste]} for liste in ("criteres", "modalites")]
    return bilan, par_code[0], par_code[1]


def test_une_categorie_nouvelle_a_ses_operations_ses_seuils_et_ses_modalites(service: Serveur, cnam: str) -> None:
    service.inscrire(cnam, [*_logiciel(), *_preserie("vue-1")])
    lot = [
        *_traces("lo-vue", nombre=7),
        *_traces("lo-vue", type_prescription="lunettes", scor_envoye=True),
        echec(logiciel="lo-vue", numero_am=PILOTES[0], type_prescription="lunettes", scor_envoye=True),
        *_traces("lo-vue", "devis"),
    ]
    accuse = service.appeler("POST", "/traces", cnam, json=lot).json()
    assert (accuse["enregistrees"], accuse["rejets"]) == (10, [])
    bilan, criteres, modalites = _bilan(service, cnam)
    assert bilan["referentiel"] == {"code": "opticiens", "version": "2027-01"}
    enregistrement = criteres["enregistrement"]
    assert (enregistrement["etat"], enregistrement["seuil"], enregistrement["mesure"]) == ("non_atteint", 0.9, 8 / 9)
    assert criteres["anomalies"]["etat"] == "atteint"
    assert (criteres["scor"]["etat"], criteres["scor"]["non_conformes"]) == ("atteint", 1)
    assert "le référentiel tolère 1 non conforme." in criteres["scor"]["explication"]
    attendues = {
        "pilotes_max": ("respectee", "2 pilotes pour ce logiciel, pour 2 au plus."),
        "pilotes_min": ("respectee", "2 pilotes pour ce logiciel, pour 1 au moins."),
        "premiere_semaine": ("respectee", "1 installation en première semaine, du 12/10/2026 au 13/10/2026, pour 1"),
        "arret_scor": ("respectee", "8 exécutions de phase 2 en première semaine, du 12/10/2026 au 13/10/2026."),
        "majorite_sesam_vitale": ("sans_objet", "Le référentiel de la présérie ne demande pas cette majorité."),
        "cpam": ("respectee", "1 CPAM parmi les référentes (75 Paris), pour 1 admise."),
        "transmission": ("respectee", "2 pilotes installés, aucun dont rien n'est reçu depuis plus de 5 jours."),
    }
    for nom, (etat, dit) in attendues.items():
        assert (modalites[nom]["etat"], dit in modalites[nom]["explication"]) == (etat, True), modalites[nom]


def test_chaque_preserie_n_admet_que_ce_que_liste_son_referentiel(service: Serveur, cnam: str) -> None:
    service.inscrire(cnam, [*_logiciel("lo-lpp"), *_preserie("lpp-1", "lo-lpp", "lpp", "33")])
    lots = {
        "lo-vue": [
            *_traces("lo-vue", "annulation"),
            *_traces("lo-vue", type_prescription="biologie"),
            *_traces("lo-vue", "devis"),
        ],
        "lo-lpp": [
            *_traces("lo-lpp", "devis"),
            *_traces("lo-lpp", type_prescription="lunettes"),
            *_traces("lo-lpp", "annulation"),
        ],
    }
    for logiciel, lot in lots.items():
        accuse = service.appeler("POST", "/traces", cnam, json=lot).json()
        refus = [(rejet["index"], rejet["code"], rejet["champ"]) for rejet in accuse["rejets"]]
        assert refus == [(0, "trace-invalide", "operation"), (1, "trace-invalide", "type_prescription")], logiciel
        assert accuse["enregistrees"] == 1
    assert "devis" in service.appeler("GET", "/openapi.json").text


def test_les_pilotes_d_une_categorie_nouvelle_repondent_a_ses_questions(service: Serveur, cnam: str) -> None:
    emises = service.appeler("POST", "/preseries/vue-1/questionnaire/invitations", cnam).json()
    chemin = f"/questionnaire/{emises[0]['jeton']}"
    lu = service.appeler("GET", chemin).json()
    assert (lu["titre"], lu["notes"][4], lu["questions"]["operations"]) == (
        "Votre avis",
        "Cinq",
        {"devis": "Le devis ?"},
    )
    corps: Corps = {"satisfaction": 5, "operations": {"execution": 5}, "frein_bloquant": False}
    assert service.appeler("POST", chemin, json=corps).json()["erreurs"][0]["champ"] == "operations"
    assert service.appeler("POST", chemin, json=corps | {"operations": {"devis": 5}}).status_code == 201
    critere = _bilan(service, cnam)[1]["satisfaction"]
    resultats = service.appeler("GET", "/preseries/vue-1/questionnaire", cnam).json()
    assert critere["etat"] == "atteint"
    assert (
        critere["operations"] == resultats["operations"] == {"devis": {"moyenne": 5.0, "repartition": [0, 0, 0, 0, 1]}}
    )


def test_des_regles_changees_valent_pour_les_preseries_suivantes(
    service: Serveur, cnam: str, code: Path, donnees: Path
) -> None:
    service.arreter()
    referentiels = code / "app" / "referentiels"
    (referentiels / "opticiens.toml").rename(referentiels / "opticiens-2027-01.toml")
    refus = executer("serve", "--port", "0", env=environnement(data_dir=str(donnees)))
    assert refus.returncode == 1
    assert re.search("référentiel « opticiens » dans sa version 2027-01, que ce service n'a pas", refus.stderr)
    assert "Traceback" not in refus.stderr
    changees = INVENTE.replace("2027-01", "2027-02").replace("numerateur = 9", "numerateur = 5")
    (referentiels / "opticiens.toml").write_text(changees, "utf-8")
    with serveur(donnees, workers=1, code=code) as nouveau:
        nouveau.inscrire(cnam, [*_logiciel("lo-vue-2"), *_preserie("vue-2", "lo-vue-2")])
        seuils = {}
        for preserie in ("vue-1", "vue-2"):
            bilan, criteres, _ = _bilan(nouveau, cnam, f"/bilan/preseries/{preserie}")
            seuils[bilan["referentiel"]["version"]] = criteres["enregistrement"]["seuil"]
        assert seuils == {"2027-01": 0.9, "2027-02": 0.5}
        nouveau.arreter()
