"""The rules of the catégorie LPP are those of the domain, and stand as data."""

import re
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

import app.referentiels
from app.preseries.schemas import NomJalon
from app.referentiels import (
    EN_VIGUEUR,
    HORS_PERIMETRE,
    OPERATIONS,
    TYPES_PRESCRIPTION,
    VERSIONS,
    Fraction,
    Referentiel,
    charger,
)

LPP = EN_VIGUEUR["lpp"]
TEXTE = (files(app.referentiels) / "lpp.toml").read_text("utf-8")
CPAM = {
    "05": "Hautes-Alpes",
    "08": "Ardennes",
    "33": "Gironde",
    "38": "Isère",
    "44": "Loire-Atlantique",
    "49": "Maine-et-Loire",
    "51": "Marne",
    "56": "Morbihan",
    "64": "Pyrénées-Atlantiques",
    "67": "Bas-Rhin",
    "69": "Rhône",
    "71": "Saône-et-Loire",
    "76": "Seine-Maritime",
    "78": "Yvelines",
    "80": "Somme",
    "81": "Tarn",
    "83": "Var",
    "94": "Val-de-Marne",
}


def test_le_seuil_est_de_quatre_cinquiemes_exactement() -> None:
    seuil = LPP.enregistrement.seuil
    assert (seuil.numerateur, seuil.denominateur, seuil.valeur) == (4, 5, 0.8)


def test_les_operations_et_celles_qui_sont_requises() -> None:
    assert set(LPP.operations.toutes) == {"consultation", "execution", "modification", "annulation"}
    assert set(LPP.operations.requises) == {"consultation", "execution"}


def test_le_perimetre_de_l_ordonnance_numerique() -> None:
    assert set(TYPES_PRESCRIPTION) == {
        "medicaments",
        "dispositifs_medicaux",
        "biologie",
        "actes_infirmiers",
        "kinesitherapie",
        "orthophonie",
        "orthoptie",
        "pedicurie",
    }
    assert set(HORS_PERIMETRE) == {"imagerie", "transports"}


def test_trois_reponses_au_questionnaire_au_moins() -> None:
    assert LPP.satisfaction.reponses_min == 3


def test_les_dix_huit_cpam_referentes_et_de_une_a_trois_par_preserie() -> None:
    assert len(CPAM) == 18
    assert LPP.cpam.referentes == CPAM
    assert (LPP.cpam.min, LPP.cpam.max) == (1, 3)


def test_de_trois_a_six_pilotes_en_majorite_sesam_vitale_dont_trois_la_premiere_semaine() -> None:
    pilotes, semaine = LPP.pilotes, LPP.premiere_semaine
    assert (pilotes.min, pilotes.max, pilotes.majorite_sesam_vitale, pilotes.silence_jours) == (3, 6, True, 3)
    assert (semaine.jours, semaine.installations_max) == (7, 3)


def test_aucune_non_conformite_scor_n_est_toleree() -> None:
    assert LPP.scor.non_conformes_max == 0


def test_une_preserie_n_entre_pas_sans_support_ni_kit() -> None:
    assert LPP.entree.jalons == ("support", "kit_accompagnement")


def test_les_jalons_d_entree_sont_de_ceux_qui_se_datent() -> None:
    for referentiel in VERSIONS.values():
        assert set(referentiel.entree.jalons) <= set(get_args(NomJalon))


def test_les_traces_brutes_restent_trois_mois_apres_la_fin() -> None:
    assert LPP.donnees.conservation_jours == 90


def test_chaque_referentiel_porte_le_code_de_sa_categorie_et_une_version() -> None:
    for code, referentiel in EN_VIGUEUR.items():
        assert referentiel.code == code
        assert referentiel.version
        assert set(referentiel.operations.requises) <= set(referentiel.operations.toutes) <= set(OPERATIONS)


def test_aucun_signe_d_une_question_ne_commence_ni_ne_finit_une_ligne() -> None:
    questionnaire = re.search(r"^\[questionnaire\]$(.+?)^\[donnees\]$", TEXTE, re.MULTILINE | re.DOTALL)
    assert questionnaire is not None
    phrases = re.findall('"([^"]+)"', questionnaire[1])
    assert len(phrases) > 10
    assert [phrase for phrase in phrases if re.search("(?: |^)[?!:;»]|«(?: |$)", phrase)] == []
    assert re.search("\u202f[?]", LPP.questionnaire.satisfaction)


def test_un_referentiel_ne_se_modifie_pas() -> None:
    with pytest.raises(ValidationError):
        LPP.version = "autre"  # type: ignore[misc]
    with pytest.raises(TypeError):
        EN_VIGUEUR["autre"] = LPP  # type: ignore[index]


def test_un_referentiel_mal_ecrit_est_refuse() -> None:
    bon = LPP.model_dump()
    with pytest.raises(ValidationError):
        Referentiel.model_validate(bon | {"inconnu": 1})
    with pytest.raises(ValidationError):
        Referentiel.model_validate({cle: valeur for cle, valeur in bon.items() if cle != "version"})
    with pytest.raises(ValidationError):
        Fraction(numerateur=1, denominateur=0)


def _ecrire(dossier: Path, nom: str, changer: Callable[[str], str] = str) -> None:
    (dossier / nom).write_text(changer(TEXTE), "utf-8")


def _version(version: str, seuil: int = 4) -> Callable[[str], str]:
    return lambda texte: texte.replace('"2026-11"', f'"{version}"').replace("numerateur = 4", f"numerateur = {seuil}")


def test_deux_versions_vivent_cote_a_cote_et_la_derniere_est_en_vigueur(tmp_path: Path) -> None:
    _ecrire(tmp_path, "lpp-2026-11.toml")
    _ecrire(tmp_path, "lpp.toml", _version("2027-02", seuil=3))
    _ecrire(tmp_path, "lpp-2026-12.1.toml", _version("2026-12.1"))
    _ecrire(tmp_path, "autre.toml", lambda texte: texte.replace('"lpp"', '"autre"'))
    _ecrire(tmp_path, "notes.txt", lambda _: "pas un référentiel")
    lus = charger(tmp_path)
    assert set(lus) == {("lpp", "2026-11"), ("lpp", "2026-12.1"), ("lpp", "2027-02"), ("autre", "2026-11")}
    assert {code: r.version for (code, _), r in lus.items()} == {"lpp": "2027-02", "autre": "2026-11"}
    assert lus["lpp", "2026-11"] == LPP
    assert lus["lpp", "2027-02"].enregistrement.seuil.valeur == 0.6


def test_celui_en_vigueur_l_est_quelle_que_soit_sa_version(tmp_path: Path) -> None:
    _ecrire(tmp_path, "lpp-2027-02.toml", _version("2027-02"))
    _ecrire(tmp_path, "lpp.toml")
    assert {code: r.version for (code, _), r in charger(tmp_path).items()} == {"lpp": "2026-11"}


@pytest.mark.parametrize("nom", ["autre.toml", "lpp-2026-12.toml", "LPP.toml", "lpp-2026-11-1.toml"])
def test_un_fichier_mal_nomme_est_refuse_et_nomme(tmp_path: Path, nom: str) -> None:
    _ecrire(tmp_path, nom)
    with pytest.raises(ValueError, match=f"^{nom}: to be named lpp.toml, or lpp-2026-11.toml once superseded"):
        charger(tmp_path)


def test_une_version_en_double_est_refusee(tmp_path: Path) -> None:
    for nom in ("lpp.toml", "lpp-2026-11.toml"):
        _ecrire(tmp_path, nom)
    with pytest.raises(ValueError, match="lpp: version 2026-11 is there twice"):
        charger(tmp_path)


def test_un_code_dont_toutes_les_versions_sont_depassees_est_refuse_et_nomme(tmp_path: Path) -> None:
    _ecrire(tmp_path, "lpp.toml")
    _ecrire(tmp_path, "autre-2026-11.toml", lambda texte: texte.replace('"lpp"', '"autre"'))
    with pytest.raises(ValueError, match=r"^autre: every version is superseded; .* autre\.toml"):
        charger(tmp_path)


@pytest.mark.parametrize(
    ("ancien", "nouveau"),
    [
        ("[operations]", "[operations"),
        ("max = 6", "max = 2"),
        ("majorite_sesam_vitale = true", "majorite_sesam_vitale = 2"),
        ("min = 3", "min = 0"),
        ("jours = 7", "jours = -7"),
        ("installations_max = 3", "installations_max = 2.5"),
        ('33 = "Gironde"', '3333 = "Gironde"'),
        ('33 = "Gironde"', '33 = "Gironde"\n33 = "Gironde"'),
        ('requises = ["consultation", "execution"]', 'requises = ["consultation", "devis"]'),
        ('requises = ["consultation", "execution"]', "requises = []"),
        ("denominateur = 5", "denominateur = 0"),
        ("numerateur = 4", "numerateur = 0.8"),
        ("non_conformes_max = 0", "non_conformes_max = -1"),
        ("reponses_min = 3", 'reponses_min = "trois"'),
        ("conservation_jours = 90", "conservation_jour = 90"),
        ("validite_jours = 30", "validite_jours = 0"),
        ('"Très insatisfaisant", ', ""),
        ("annulation = ", "devis = "),
        ('code = "lpp"', 'code = "L"'),
        ('version = "2026-11"', 'version = "deux"'),
        ("[scor]\nnon_conformes_max = 0", ""),
    ],
)
def test_un_fichier_mal_ecrit_est_refuse_et_nomme(tmp_path: Path, ancien: str, nouveau: str) -> None:
    assert ancien in TEXTE
    _ecrire(tmp_path, "lpp.toml", lambda texte: texte.replace(ancien, nouveau, 1))
    with pytest.raises(ValueError, match=r"^lpp\.toml: "):
        charger(tmp_path)


def test_le_fichier_dit_tout_ce_que_dit_le_referentiel() -> None:
    assert Referentiel.model_validate(tomllib.loads(TEXTE)) == LPP
