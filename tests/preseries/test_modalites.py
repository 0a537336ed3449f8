"""Each modalité in each of its états, with a sentence that names the figures, and names nobody."""

import dataclasses
import random
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.preseries.contraintes import PiloteJuge
from app.preseries.cycle import Statut
from app.preseries.modalites import CODES, EtatModalite, Modalite, Situation, modalites
from tests.preseries.juges import LPP, apres, cpam, equipes, lpp, pilote, referentiels

OUI, NON, SANS = EtatModalite
TOUS = (
    *("pilotes_max", "pilotes_min", "premiere_semaine", "arret_scor", "majorite_sesam_vitale", "cpam", "pilotes_cpam"),
    *("accord", "equipement", "formation", "information_cpam", "reunion_lancement", "prerequis_entree"),
    *("transmission", "fin_prevue"),
)
PREPARATION: dict[str, Any] = {
    "statut": Statut.PREPARATION,
    "demarree_le": None,
    "attend_des_traces": False,
    "jours_phase_2": {},
}
TROIS = [pilote(n, installe_le=apres(n), installation_prevue_le=apres(n)) for n in range(3)]
JAMAIS = pilote(8, installation_prevue_le=date(2026, 1, 5))
JALONS = {
    "support": apres(-30),
    "kit_accompagnement": apres(-28),
    "information_cpam": apres(-12),
    "reunion_lancement": apres(-5),
}


def situation(**champs: Any) -> Situation:
    """A présérie in its second week that keeps every rule: three pilotes installed from 12 October on."""
    base: dict[str, Any] = {
        "regles": LPP,
        "aujourd_hui": apres(10),
        "statut": Statut.EN_COURS,
        "attend_des_traces": True,
        "cpam": ["33", "38"],
        "pilotes": TROIS,
        "pilotes_max": None,
        "ailleurs": [],
        "solution_sesam_vitale": True,
        "cnda_le": apres(-40),
        "demarree_le": apres(-1),
        "fin_prevue_le": apres(40),
        "jalons": JALONS,
        "jours_phase_2": {apres(2): 7, apres(6): 4, apres(7): 100},
        "silencieux": 0,
    }
    return Situation(**(base | champs))


def _une(code: str, **champs: Any) -> Modalite:
    return {modalite.code: modalite for modalite in modalites(situation(**champs))}[code]


def _sauf(*jalons: str) -> dict[str, date]:
    return {code: le for code, le in JALONS.items() if code not in jalons}


def _changes(**champs: Any) -> list[PiloteJuge]:
    """The three pilotes, the first of them changed."""
    return [dataclasses.replace(TROIS[0], **champs), *TROIS[1:]]


def test_une_preserie_qui_respecte_tout() -> None:
    jugees = modalites(situation())
    assert tuple(modalite.code for modalite in jugees) == TOUS == CODES
    assert {modalite.code for modalite in jugees if modalite.etat is not OUI} == set()


def test_une_preserie_vide_n_a_encore_rien_enfreint() -> None:
    vide = situation(**PREPARATION, pilotes=[], jalons={}, cnda_le=None, fin_prevue_le=None)
    etats = {modalite.code: modalite.etat for modalite in modalites(vide)}
    assert etats == dict.fromkeys(TOUS, SANS) | {"pilotes_max": OUI, "cpam": OUI}


@pytest.mark.parametrize(
    ("code", "champs", "etat", "dit"),
    [
        ("pilotes_max", {}, OUI, "3 pilotes pour ce logiciel, pour 6 au plus."),
        ("pilotes_max", {"ailleurs": ["9", "8", "7"]}, OUI, "6 pilotes"),
        ("pilotes_max", {"ailleurs": ["9", "8", "7", "6"]}, NON, "7 pilotes"),
        ("pilotes_max", {"ailleurs": ["9", "8", "7", "6"], "pilotes_max": 7}, OUI, "7 au plus, maximum fixé par une"),
        ("pilotes_min", {}, OUI, "3 pilotes pour ce logiciel, pour 3 au moins."),
        ("pilotes_min", {"pilotes": TROIS[:2]}, NON, "2 pilotes pour ce logiciel, pour 3 au moins : inscrivez-en 1"),
        ("pilotes_min", {"pilotes": _changes(retire_le=apres(3))}, NON, "2 pilotes"),
        ("pilotes_min", {"pilotes": TROIS[:2], "ailleurs": ["9"]}, OUI, "3 pilotes"),
        ("pilotes_min", PREPARATION | {"pilotes": TROIS[:1]}, SANS, "1 pilote pour ce logiciel ; il en faudra 3"),
        ("premiere_semaine", {}, OUI, "3 installations en première semaine, du 12/10/2026 au 18/10/2026, pour 3 au"),
        ("premiere_semaine", {"pilotes": [pilote(1)]}, SANS, "Aucune installation n'est encore prévue ni faite"),
        (
            "premiere_semaine",
            {"pilotes": [*TROIS, pilote(9, installation_prevue_le=apres(6))]},
            NON,
            "4 installations en première semaine, du 12/10/2026 au 18/10/2026, pour 3 au plus",
        ),
        ("premiere_semaine", {"pilotes": [*TROIS, JAMAIS]}, OUI, "3 installations en première semaine, du 12/10/2026"),
        ("premiere_semaine", {"pilotes": [JAMAIS]}, OUI, "1 installation en première semaine, du 05/01/2026"),
        ("arret_scor", {"pilotes": [*TROIS, JAMAIS]}, OUI, "en première semaine, du 12/10/2026 au 18/10/2026."),
        ("reunion_lancement", {"pilotes": [*TROIS, JAMAIS]}, OUI, "au plus tard le jour de la première installation"),
        ("arret_scor", {}, OUI, "11 exécutions de phase 2 en première semaine, du 12/10/2026 au 18/10/2026."),
        ("arret_scor", {"jours_phase_2": {apres(6): 1}}, OUI, "1 exécution de phase 2"),
        (
            "arret_scor",
            {"jours_phase_2": {apres(7): 100, apres(-1): 3}},
            NON,
            "Aucune exécution de phase 2 en première",
        ),
        ("arret_scor", {"jours_phase_2": {}, "aujourd_hui": apres(6)}, SANS, "court jusqu'au 18/10/2026"),
        ("arret_scor", {"jours_phase_2": {}, "aujourd_hui": apres(7)}, NON, "du 12/10/2026 au 18/10/2026"),
        ("arret_scor", {"pilotes": [pilote(1)]}, SANS, "Pas encore d'installation prévue ou faite"),
        ("arret_scor", PREPARATION, SANS, "Pas encore de présérie démarrée"),
        ("majorite_sesam_vitale", {}, OUI, "3 pilotes équipés d'un logiciel SESAM-Vitale sur 3"),
        ("majorite_sesam_vitale", {"pilotes": _changes(sesam_vitale=False)}, OUI, "2 pilotes équipés"),
        (
            "majorite_sesam_vitale",
            {"pilotes": [*_changes(sesam_vitale=False), pilote(9, sesam_vitale=False)]},
            NON,
            "2 pilotes équipés d'un logiciel SESAM-Vitale sur 4 ; il en faut plus de la moitié, soit 3 au moins.",
        ),
        ("majorite_sesam_vitale", {"solution_sesam_vitale": False}, SANS, "pas de solution SESAM-Vitale"),
        ("majorite_sesam_vitale", {"pilotes": []}, SANS, "Aucun pilote"),
        ("majorite_sesam_vitale", {"regles": lpp(pilotes={"majorite_sesam_vitale": False})}, SANS, "référentiel"),
        ("cpam", {}, OUI, "2 CPAM parmi les référentes (33 Gironde et 38 Isère), pour 1 à 3 admises."),
        ("cpam", {"cpam": ["33", "75"]}, NON, "La CPAM 75 n'est pas référente"),
        ("cpam", {"cpam": ["33", "38", "44", "49"]}, NON, "4 CPAM, pour 3"),
        ("cpam", {"cpam": []}, NON, "0 CPAM, pour 1 au moins"),
        ("pilotes_cpam", {}, OUI, "3 pilotes, aucun hors des CPAM de la présérie (33 et 38)."),
        ("pilotes_cpam", {"cpam": ["38"]}, NON, "3 pilotes relèvent de la CPAM 33"),
        ("pilotes_cpam", {"pilotes": []}, SANS, "Aucun pilote"),
        ("accord", {}, OUI, "3 installations, aucune avant l'accord"),
        ("accord", {"pilotes": _changes(accord_le=apres(0))}, OUI, "3 installations"),
        ("accord", {"pilotes": _changes(accord_le=apres(1))}, NON, "1 installation précède l'accord"),
        ("accord", {"pilotes": _changes(accord_le=apres(1), retire_le=apres(5))}, OUI, "2 installations"),
        ("accord", {"pilotes": [pilote(1)]}, SANS, "Aucune installation"),
        ("equipement", {}, OUI, "3 pilotes installés, aucun sans équipement vérifié"),
        ("equipement", {"pilotes": _changes(equipement_verifie=False)}, NON, "1 pilote installé sur 3 sans équipement"),
        ("equipement", {"pilotes": [pilote(1, installation_prevue_le=apres(0))]}, SANS, "Aucun pilote n'est encore"),
        ("equipement", {"aujourd_hui": apres(-1)}, SANS, "Aucun pilote n'est encore installé"),
        ("formation", {}, OUI, "3 pilotes installés, aucun sans formation"),
        ("formation", {"pilotes": _changes(forme_le=None)}, NON, "1 pilote installé sur 3 sans formation"),
        ("formation", {"pilotes": _changes(forme_le=apres(11))}, NON, "1 pilote installé sur 3 sans formation"),
        ("formation", {"pilotes": []}, SANS, "Aucun pilote"),
        ("information_cpam", {}, OUI, "depuis le 30/09/2026"),
        ("information_cpam", {"jalons": JALONS | {"information_cpam": apres(10)}}, OUI, "depuis le 22/10/2026"),
        (
            "information_cpam",
            {"jalons": JALONS | {"information_cpam": apres(11)}},
            NON,
            "La présérie a démarré le 11/10/2026, mais les CPAM ne seront informées que le 23/10/2026",
        ),
        (
            "information_cpam",
            PREPARATION | {"jalons": {"information_cpam": apres(11)}},
            SANS,
            "Les CPAM seront informées le 23/10/2026",
        ),
        ("information_cpam", {"jalons": _sauf("information_cpam")}, NON, "a démarré le 11/10/2026"),
        ("information_cpam", PREPARATION | {"jalons": {}}, SANS, "d'ici le démarrage"),
        ("reunion_lancement", {}, OUI, "du 07/10/2026"),
        ("reunion_lancement", {"jalons": JALONS | {"reunion_lancement": apres(0)}}, OUI, "du 12/10/2026"),
        (
            "reunion_lancement",
            {"jalons": JALONS | {"reunion_lancement": apres(1)}},
            NON,
            "du 13/10/2026, après la première installation, du 12/10/2026",
        ),
        ("reunion_lancement", {"jalons": _sauf("reunion_lancement")}, NON, "avant la première installation, du 12/10"),
        (
            "reunion_lancement",
            {"jalons": {}, "aujourd_hui": apres(0)},
            SANS,
            "à tenir avant la première installation, du 12/10/2026",
        ),
        ("reunion_lancement", {"jalons": {}, "pilotes": []}, SANS, "la réunion est à tenir avant"),
        ("reunion_lancement", {"pilotes": []}, OUI, "du 07/10/2026, avant toute installation"),
        ("prerequis_entree", {}, OUI, "Tout était là au démarrage du 11/10/2026 : l'autorisation du CNDA (02/09/2026)"),
        ("prerequis_entree", {"cnda_le": apres(-1)}, OUI, "l'autorisation du CNDA (11/10/2026)"),
        (
            "prerequis_entree",
            {"cnda_le": apres(0)},
            NON,
            "Il manquait, au démarrage du 11/10/2026 : l'autorisation du CNDA (12/10/2026).",
        ),
        ("prerequis_entree", {"jalons": JALONS | {"support": apres(2)}}, NON, "(14/10/2026)"),
        ("prerequis_entree", {"jalons": _sauf("kit_accompagnement")}, NON, "le kit d'accompagnement."),
        ("prerequis_entree", PREPARATION, OUI, "Tout est là avant le démarrage"),
        (
            "prerequis_entree",
            PREPARATION | {"jalons": {}, "cnda_le": None},
            SANS,
            "manque encore l'autorisation du CNDA, le support (installation et formation) et le kit d'accompagnement.",
        ),
        ("prerequis_entree", {"regles": lpp(entree={"jalons": ["reunion_deploiement"]})}, NON, "la réunion de dém"),
        ("transmission", {}, OUI, "3 pilotes installés, aucun dont rien n'est reçu depuis plus de 3 jours."),
        ("transmission", {"silencieux": 2}, NON, "2 pilotes installés sur 3 dont rien n'est reçu depuis plus de 3"),
        ("transmission", {"attend_des_traces": False, "silencieux": 0}, SANS, "n'attend pas de traces"),
        ("transmission", {"pilotes": []}, SANS, "Aucun pilote"),
        ("fin_prevue", {}, OUI, "le 21/11/2026"),
        ("fin_prevue", {"fin_prevue_le": apres(10)}, OUI, "le 22/10/2026"),
        ("fin_prevue", {"fin_prevue_le": apres(9)}, NON, "le 21/10/2026, qui est passé"),
        ("fin_prevue", {"fin_prevue_le": apres(9), "statut": Statut.VALIDEE}, OUI, "le 21/10/2026"),
        ("fin_prevue", {"fin_prevue_le": None}, NON, "Aucune fin n'est prévue"),
        ("fin_prevue", PREPARATION | {"fin_prevue_le": None}, SANS, "d'ici le démarrage"),
    ],
)
def test_chaque_modalite_dans_chacun_de_ses_etats(
    code: str, champs: dict[str, Any], etat: EtatModalite, dit: str
) -> None:
    jugee = _une(code, **champs)
    assert (jugee.etat, dit in jugee.explication) == (etat, True), jugee.explication


def test_les_seuils_sont_ceux_du_referentiel_de_la_preserie() -> None:
    autre = lpp(
        pilotes={"min": 4, "max": 4, "silence_jours": 9},
        premiere_semaine={"jours": 1, "installations_max": 2},
        cpam={"referentes": {"33": "Bordeaux", "38": "Grenoble"}},
    )
    jugees = {m.code: m for m in modalites(situation(regles=autre, pilotes=[*TROIS, pilote(9)]))}
    assert "pour 4 au plus" in jugees["pilotes_max"].explication
    assert "pour 4 au moins" in jugees["pilotes_min"].explication
    assert "1 installation en première semaine, du 12/10/2026 au 12/10/2026" in jugees["premiere_semaine"].explication
    assert "33 Bordeaux et 38 Grenoble" in jugees["cpam"].explication
    assert "plus de 9 jours" in jugees["transmission"].explication
    assert jugees["arret_scor"].etat is NON


_jours = st.none() | st.integers(-40, 40).map(apres)
situations = st.builds(
    situation,
    regles=referentiels,
    aujourd_hui=st.integers(-20, 60).map(apres),
    statut=st.sampled_from(Statut),
    attend_des_traces=st.booleans(),
    cpam=cpam,
    pilotes=equipes,
    pilotes_max=st.none() | st.integers(1, 9),
    ailleurs=st.sets(st.integers(1, 12).map(lambda n: f"{n:09d}"), max_size=4),
    solution_sesam_vitale=st.booleans(),
    cnda_le=_jours,
    demarree_le=_jours,
    fin_prevue_le=_jours,
    jalons=st.dictionaries(st.sampled_from(sorted(JALONS)), st.integers(-40, 40).map(apres)),
    jours_phase_2=st.dictionaries(st.integers(-5, 30).map(apres), st.integers(1, 9)),
    silencieux=st.integers(0, 3),
)


@given(situations, st.randoms())
def test_toute_situation_se_juge_sans_nommer_personne(juge: Situation, hasard: random.Random) -> None:
    jugees = modalites(juge)
    assert tuple(modalite.code for modalite in jugees) == CODES
    for modalite in jugees:
        assert re.match("[A-Z0-9]", modalite.explication)
        assert modalite.explication.endswith(".")
        assert not any(p.numero_am in modalite.explication for p in juge.pilotes)
    rompues = {modalite.code for modalite in jugees if modalite.etat is NON}
    contraignantes = {"pilotes_max", "premiere_semaine", "cpam", "pilotes_cpam"}
    assert rompues & contraignantes == {ecart.modalite for ecart in juge.ecarts}
    autrement = list(juge.pilotes)
    hasard.shuffle(autrement)
    assert modalites(dataclasses.replace(juge, pilotes=autrement)) == jugees


@given(situations)
def test_la_majorite_est_stricte(juge: Situation) -> None:
    jugee = {modalite.code: modalite for modalite in modalites(juge)}["majorite_sesam_vitale"]
    restent = [p for p in juge.pilotes if p.retire_le is None]
    equipes, autres = (sum(p.sesam_vitale is equipe for p in restent) for equipe in (True, False))
    if not juge.solution_sesam_vitale or not restent:
        assert jugee.etat is SANS
    else:
        assert jugee.etat is (OUI if equipes > autres else NON)
