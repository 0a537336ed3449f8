"""A trace with several faults is refused for the first of the contract; what is accepted is what was sent."""

import itertools
from dataclasses import replace

import pytest

from app.preseries.annuaire import LogicielConnu
from app.preseries.cycle import EtatTraces
from app.traces.refus import DETAILS, STATUTS, TITRES, Refus
from app.traces.tri import SANS_PILOTE, Emetteur, Rejet
from tests.outils import Corps, echec, trace
from tests.traces.annuaires import (
    CNAM,
    ETEINTE,
    FERMEE,
    NIR,
    OUVERTE,
    admise,
    preserie,
    rejet,
    trier_un,
)

EDITEUR = Emetteur(2, "ortho-soft", None)
# Each refusal with the fields that earn it and are its own, in the order of the contract.
FAUTES: list[tuple[Refus, Corps]] = [
    (Refus.HORS_PERIMETRE, {"type_prescription": "transports"}),
    (Refus.TRACE_INVALIDE, {"duree_ms": "412"}),
    (Refus.DONNEE_PERSONNELLE, {"poste": f"poste {NIR}"}),
    (Refus.LOGICIEL_INCONNU, {"logiciel": "inconnu"}),
    (Refus.LOGICIEL_INTERDIT, {"logiciel": "rival"}),
    (Refus.PILOTE_INCONNU, {"numero_am": "999999999"}),
    (Refus.PRESERIE_NON_OUVERTE, {"numero_am": "111111111"}),
]


def _compatibles(une: Corps, autre: Corps) -> bool:
    return not set(une) & set(autre)


PAIRES = [(a, b) for a, b in itertools.combinations(FAUTES, 2) if _compatibles(a[1], b[1])]


@pytest.mark.parametrize(("refus", "champs"), FAUTES, ids=lambda v: v.value if isinstance(v, Refus) else "")
def test_chaque_faute_seule_a_son_refus(refus: Refus, champs: Corps) -> None:
    sortie = rejet(trace(**champs), emetteur=EDITEUR)
    assert sortie.refus is refus
    assert len(DETAILS.get(refus, sortie.detail)) > 20


@pytest.mark.parametrize(("premiere", "seconde"), PAIRES, ids=lambda faute: faute[0].value)
def test_de_deux_fautes_la_premiere_du_contrat_l_emporte(
    premiere: tuple[Refus, Corps], seconde: tuple[Refus, Corps]
) -> None:
    for champs in (premiere[1] | seconde[1], seconde[1] | premiere[1]):
        assert rejet(trace(**champs), emetteur=EDITEUR).refus is premiere[0]


def test_toutes_les_fautes_a_la_fois_puis_une_de_moins() -> None:
    champs = {"type_prescription": "imagerie", "duree_ms": -1, "poste": NIR, "logiciel": "rival", "numero_am": "0" * 9}
    attendus = [
        ("type_prescription", Refus.HORS_PERIMETRE),
        ("duree_ms", Refus.TRACE_INVALIDE),
        ("poste", Refus.DONNEE_PERSONNELLE),
        ("logiciel", Refus.LOGICIEL_INTERDIT),
        ("numero_am", Refus.PILOTE_INCONNU),
    ]
    for champ, refus in attendus:
        assert rejet(trace(**champs), emetteur=EDITEUR).refus is refus
        del champs[champ]
    assert not isinstance(trier_un(trace(**champs), emetteur=EDITEUR), Rejet)


def test_chaque_refus_a_un_statut_et_un_titre() -> None:
    assert set(STATUTS) == set(TITRES) == set(Refus)
    assert set(DETAILS) == set(Refus) - {Refus.TRACE_INVALIDE}


@pytest.mark.parametrize(
    ("champs", "champ"),
    [
        ({"ordonnance": ...}, "ordonnance"),
        ({"ordonnance": None}, "ordonnance"),
        ({"type_prescription": ...}, "type_prescription"),
        ({"resultat": "echec"}, "erreur"),
        ({"resultat": "echec", "erreur": None}, "erreur"),
        ({"erreur": {"code": "E", "origine": "poste"}}, "erreur"),
        ({"emise_le": "9999-12-31T23:59:59Z"}, "emise_le"),
        ({"emise_le": "0001-01-01T00:00:00+14:00"}, "emise_le"),
    ],
    ids=str,
)
def test_les_incoherences_sont_des_traces_invalides(champs: Corps, champ: str) -> None:
    sortie = rejet(trace(**champs))
    assert (sortie.refus, sortie.champ) == (Refus.TRACE_INVALIDE, champ)
    assert sortie.detail.startswith(f"{champ} : ")


ETROITE = preserie(
    8,
    pilotes=("389391422",),
    operations=("consultation", "execution"),
    types_prescription=("dispositifs_medicaux", "biologie"),
)


@pytest.mark.parametrize(
    ("champs", "champ", "admises"),
    [
        ({"operation": "annulation"}, "operation", "consultation, execution"),
        ({"type_prescription": "medicaments"}, "type_prescription", "biologie, dispositifs_medicaux"),
        ({"operation": "annulation", "type_prescription": "medicaments"}, "operation", "consultation, execution"),
        ({"operation": "consultation", "type_prescription": "medicaments"}, "type_prescription", "biologie, disp"),
    ],
)
@pytest.mark.parametrize("etat", EtatTraces)
def test_ce_que_le_referentiel_de_la_preserie_n_a_pas_est_invalide(
    champs: Corps, champ: str, admises: str, etat: EtatTraces
) -> None:
    annuaire = {"ortho-plus": LogicielConnu("ortho-soft", (replace(ETROITE, etat=etat),))}
    for autres in ({}, {"poste": NIR}):
        sortie = rejet(trace(**(champs | autres)), annuaire, EDITEUR)
        assert (sortie.refus, sortie.champ) == (Refus.TRACE_INVALIDE, champ)
        assert f"{champ} : hors du référentiel de la présérie ; valeurs admises : {admises}" in sortie.detail
        assert sortie.compte == (ETROITE.id, ETROITE.pilotes["389391422"].id)
    assert not isinstance(trier_un(trace(**champs)), Rejet)


def test_ce_que_le_referentiel_de_la_preserie_a_est_admis() -> None:
    annuaire = {"ortho-plus": LogicielConnu("ortho-soft", (ETROITE,))}
    assert admise(trace(operation="consultation", type_prescription=...), annuaire).ligne.operation == "consultation"
    assert admise(trace(type_prescription="biologie"), annuaire).ligne.type_prescription == "biologie"


def test_le_referentiel_d_une_preserie_ne_se_dit_qu_a_qui_peut_y_ecrire() -> None:
    annuaire = {"ortho-plus": LogicielConnu("ortho-soft", (ETROITE,))}
    hors = trace(operation="annulation")
    assert rejet(hors, annuaire, Emetteur(3, "rival-soft", None)).refus is Refus.LOGICIEL_INTERDIT
    assert rejet(hors, annuaire, Emetteur(3, "ortho-soft", "111111111")).refus is Refus.PILOTE_INTERDIT
    assert rejet(hors | {"numero_am": "999999999"}, annuaire, EDITEUR).refus is Refus.PILOTE_INCONNU


@pytest.mark.parametrize("operation", ["consultation", "modification", "annulation"])
def test_ordonnance_et_type_ne_sont_requis_que_pour_une_execution(operation: str) -> None:
    ligne = admise(trace(operation=operation, ordonnance=..., type_prescription=...)).ligne
    assert (ligne.operation, ligne.pseudonyme, ligne.type_prescription) == (operation, None, None)


@pytest.mark.parametrize(
    ("corps", "champ"),
    [
        (trace(version=f"v{NIR}"), "version"),
        (trace(poste=f"bureau de {NIR}"), "poste"),
        (echec(erreur={"code": f"E-{NIR}", "origine": "poste"}), "erreur.code"),
        (echec(erreur={"code": "E", "origine": "poste", "message": "1 85 05 78 006 084 91"}), "erreur.message"),
    ],
    ids=["version", "poste", "code", "message"],
)
def test_un_nir_dans_un_texte_libre_est_refuse(corps: Corps, champ: str) -> None:
    sortie = rejet(corps)
    assert (sortie.refus, sortie.champ) == (Refus.DONNEE_PERSONNELLE, champ)
    assert NIR not in sortie.detail


def test_le_numero_de_l_ordonnance_peut_ressembler_a_un_nir() -> None:
    assert admise(trace(ordonnance=NIR)).ligne.pseudonyme is not None


def test_une_cle_reservee_refuse_les_autres_pilotes() -> None:
    emetteur = Emetteur(3, "ortho-soft", "389391422")
    assert not isinstance(trier_un(trace(), emetteur=emetteur), Rejet)
    for numero_am in ("999999999", "111111111"):
        assert rejet(trace(numero_am=numero_am), emetteur=emetteur).refus is Refus.PILOTE_INTERDIT
    assert rejet(trace(logiciel="rival"), emetteur=emetteur).refus is Refus.LOGICIEL_INTERDIT


@pytest.mark.parametrize(
    ("numero_am", "refus", "etat"),
    [
        ("111111111", Refus.PRESERIE_NON_OUVERTE, EtatTraces.INACTIVES),
        ("444444444", Refus.TRACES_DESACTIVEES, EtatTraces.DESACTIVEES),
    ],
    ids=["pas ouverte", "clé détruite"],
)
def test_une_preserie_fermee_refuse(numero_am: str, refus: Refus, etat: EtatTraces) -> None:
    sortie = rejet(trace(numero_am=numero_am))
    assert (sortie.refus, sortie.etat) == (refus, etat)


def test_traces_arretees_laissent_reconnaitre_un_doublon() -> None:
    sortie = admise(trace(numero_am="222222222"))
    assert sortie.arretee
    assert sortie.etat is EtatTraces.DESACTIVEES
    assert not admise(trace()).arretee


def test_un_refus_est_compte_a_la_preserie_du_pilote() -> None:
    pilote = OUVERTE.pilotes["389391422"].id
    assert rejet(trace(duree_ms=-1)).compte == (OUVERTE.id, pilote)
    assert rejet(trace(type_prescription="imagerie")).compte == (OUVERTE.id, pilote)
    assert rejet(trace(poste=NIR)).compte == (OUVERTE.id, pilote)
    ferme = rejet(trace(numero_am="111111111", duree_ms=-1))
    assert ferme.compte == (FERMEE.id, FERMEE.pilotes["111111111"].id)
    assert ferme.etat is EtatTraces.INACTIVES


def test_sans_pilote_connu_un_refus_est_compte_a_la_seule_preserie_ouverte() -> None:
    for corps in (trace(numero_am="999999999"), trace(numero_am="illisible"), trace(numero_am=..., duree_ms=-1)):
        assert rejet(corps).compte == (OUVERTE.id, SANS_PILOTE)
        assert rejet(corps).etat is None
    deux = {"ortho-plus": LogicielConnu("ortho-soft", (OUVERTE, preserie(7, pilotes=("555555555",)), ETEINTE))}
    assert rejet(trace(numero_am="999999999"), deux).compte is None
    aucune = {"ortho-plus": LogicielConnu("ortho-soft", (FERMEE, ETEINTE))}
    assert rejet(trace(numero_am="999999999"), aucune).compte is None


def test_un_refus_sans_logiciel_connu_n_est_compte_nulle_part() -> None:
    for logiciel in ("inconnu", "ILLISIBLE", 12, None, ..., ["ortho-plus"]):
        assert rejet(trace(logiciel=logiciel)).compte is None
    for corps in ("null", "[{}]", "{}"):
        assert rejet(corps).compte is None


def test_un_rejet_rend_l_id_canonique() -> None:
    identifiant = "0199A3F0-7C1E-7B2A-9D51-4F5F3B1C2D3E"
    for champs in ({"poste": NIR}, {"duree_ms": -1}, {"numero_am": "999999999"}):
        assert rejet(trace(id=identifiant, **champs)).id == identifiant.lower()
    assert rejet(trace(id="nom du patient")).id is None


def test_une_trace_admise_garde_toutes_ses_valeurs() -> None:
    corps = echec(numero_execution=3, scor_envoye=True, sequence=9, erreur={"code": "E", "origine": "reseau"})
    ligne = admise(corps).ligne
    assert str(ligne.id) == corps["id"]
    assert ligne.emise_le.isoformat() == "2026-10-20T07:12:44.120000+00:00"
    assert (ligne.preserie_id, ligne.pilote_id, ligne.cle_id) == (OUVERTE.id, 10, CNAM.cle_id)
    assert (ligne.poste, ligne.sequence, ligne.version) == ("poste-1", 9, "4.2.1")
    assert (ligne.numero_execution, ligne.type_prescription) == (3, "dispositifs_medicaux")
    assert (ligne.succes, ligne.scor_envoye, ligne.duree_ms) == (False, True, 412)
    assert (ligne.erreur_code, ligne.erreur_origine, ligne.erreur_bloquante) == ("E", "reseau", False)
    assert corps["ordonnance"].encode() not in (ligne.pseudonyme or b"")
