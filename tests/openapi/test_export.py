"""The files of openapi/ are what the code says, and what they show is what the service answers."""

import json
import re
from pathlib import Path

import pytest

import openapi.fichiers
from app.acces.roles import Role
from openapi.__main__ import ecrire
from openapi.fichiers import fichiers
from tests.outils import Corps, Service

DOSSIER = Path(openapi.fichiers.__file__).parent
TRACES = {f.name.split(".")[1]: json.loads(f.read_bytes()) for f in sorted(DOSSIER.glob("exemples/TraceRecue.*.json"))}


def test_les_fichiers_sont_ceux_que_donne_le_code() -> None:
    ecrits = {f.relative_to(DOSSIER).as_posix(): f.read_bytes() for f in DOSSIER.rglob("*.json")}
    attendus = fichiers()
    assert sorted(ecrits) == sorted(attendus), "Lancez « make openapi »."
    perimes = [nom for nom, contenu in attendus.items() if ecrits[nom] != contenu]
    assert not perimes, f"Lancez « make openapi » : {perimes} ne disent plus ce que fait le code."


def test_make_openapi_remplace_ce_qui_est_perime(tmp_path: Path) -> None:
    (tmp_path / "exemples").mkdir()
    (tmp_path / "exemples" / "Ancien.un.json").write_text("{}")
    (tmp_path / "openapi.json").write_text("{}")
    ecrire(tmp_path)
    assert {f.relative_to(tmp_path).as_posix(): f.read_bytes() for f in tmp_path.rglob("*.json")} == fichiers()
    for contenu in fichiers().values():
        assert contenu.endswith(b"\n")
        assert not contenu.endswith(b"\n\n")
        json.loads(contenu)


@pytest.mark.parametrize("nom", TRACES)
async def test_chaque_exemple_de_trace_est_recu(service: Service, nom: str) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    corps = TRACES[nom]
    nombre = len(corps) if isinstance(corps, list) else 1
    for statut, enregistrees in ((201 if nombre == 1 else 200, nombre), (200, 0)):
        reponse = await cnam.poster(corps)
        assert reponse.status_code == statut, reponse.text
        accuse = reponse.json()
        assert (accuse["enregistrees"], accuse["doublons"]) == (enregistrees, nombre - enregistrees)
        assert accuse["rejets"] == accuse["avertissements"] == []


async def test_les_exemples_du_registre_se_rejouent(service: Service) -> None:
    """Each body at its address gives the example of its answer."""
    cnam = await service.en(Role.CNAM)
    exemples: dict[str, Corps] = {
        re.sub(r"^exemples/|\..*$", "", nom): json.loads(contenu) for nom, contenu in fichiers().items()
    }
    for schema, chemin in (
        ("Editeur", "/editeurs/ortho-soft"),
        ("Module", "/modules/mon-ortho"),
        ("Logiciel", "/logiciels/ortho-plus"),
        ("Preserie", "/preseries/ortho-plus-lpp"),
        ("Jalon", "/preseries/ortho-plus-lpp/jalons/support"),
        ("Pilote", "/preseries/ortho-plus-lpp/pilotes/389391422"),
    ):
        for statut in (201, 200):
            reponse = await cnam.appeler("PUT", chemin, json=exemples[f"{schema}Corps"])
            assert reponse.status_code == statut
        if schema != "Preserie":
            assert reponse.json() == exemples[f"{schema}Lu"]
    await cnam.inscrire()
    lue = await cnam.lire("/preseries/ortho-plus-lpp")
    assert lue | {"demarree_le": None} == exemples["PreserieLue"] | {"demarree_le": None}
    probleme = await service.appeler("GET", "/editeurs")
    assert probleme.json() | {"instance": ""} == exemples["Probleme"] | {"instance": ""}
