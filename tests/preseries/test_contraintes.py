"""The binding modalités: at their edges one by one, and against a second statement of each on any présérie."""

import random
from collections.abc import Collection, Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.preseries.contraintes import Ecart, PiloteJuge, aggravation, ecarts, premiere_semaine
from app.referentiels import Referentiel
from tests.preseries.juges import LPP, apres, cpam, equipes, lpp, pilote, referentiels

numeros = st.sets(st.integers(1, 12).map(lambda n: f"{n:09d}"), max_size=4)
Mesures = dict[tuple[str, str], int]


def _trouves(
    pilotes: Sequence[PiloteJuge],
    cpam: Sequence[str] = ("33",),
    regles: Referentiel = LPP,
    *,
    pilotes_max: int | None = None,
    ailleurs: Collection[str] = (),
) -> list[Ecart]:
    return ecarts(regles, cpam, pilotes, pilotes_max=pilotes_max, ailleurs=ailleurs)


def _mesures(trouves: Sequence[Ecart]) -> Mesures:
    mesures = {(ecart.modalite, ecart.objet): ecart.mesure for ecart in trouves}
    assert len(mesures) == len(trouves)
    return mesures


def test_six_pilotes_passent_le_septieme_est_refuse_et_dit_ce_qui_serait_admis() -> None:
    six = [pilote(n) for n in range(6)]
    assert _trouves(six) == []
    (ecart,) = _trouves([*six, pilote(6)])
    assert (ecart.modalite, ecart.mesure) == ("pilotes_max", 1)
    assert "7 pilotes" in ecart.explication
    assert "pour 6 au plus : retirez-en 1" in ecart.explication


def test_un_pilote_retire_ne_compte_plus_et_une_prolongation_releve_le_maximum() -> None:
    sept = [pilote(n) for n in range(7)]
    assert _trouves([*sept[:6], pilote(6, retire_le=apres(1))]) == []
    assert _trouves(sept, pilotes_max=7) == []
    assert _mesures(_trouves([*sept, pilote(7)], pilotes_max=7)) == {("pilotes_max", ""): 1}


def test_les_pilotes_des_autres_preseries_du_logiciel_comptent_une_fois() -> None:
    trois = [pilote(n) for n in range(3)]
    memes = {p.numero_am for p in trois}
    autres = {f"{n:09d}" for n in range(10, 13)}
    assert _trouves(trois, ailleurs=memes | autres) == []
    (ecart,) = _trouves([*trois, pilote(3)], ailleurs=autres | memes)
    assert (ecart.modalite, ecart.mesure) == ("pilotes_max", 1)
    assert ecart.explication == (
        "7 pilotes pour ce logiciel, toutes ses préséries ouvertes comprises, pour 6 au plus, dont 3 par ses seules "
        "autres préséries ouvertes : retirez-en 1 (retire_le), attendez la fin des autres préséries, ou, si cette "
        "présérie est en cours, demandez à la Cnam une prolongation qui relève ce maximum."
    )


def test_quand_la_preserie_depasse_a_elle_seule_attendre_les_autres_n_y_ferait_rien() -> None:
    (ecart,) = _trouves([pilote(n) for n in range(7)], ailleurs=["000000010"])
    assert ecart.explication == (
        "8 pilotes pour ce logiciel, toutes ses préséries ouvertes comprises, pour 6 au plus : retirez-en 2 "
        "(retire_le), ou, si cette présérie est en cours, demandez à la Cnam une prolongation qui relève ce maximum."
    )


def test_la_quatrieme_installation_de_la_premiere_semaine() -> None:
    trois = [pilote(n, installation_prevue_le=apres(n)) for n in range(3)]
    assert _trouves([*trois, pilote(3, installation_prevue_le=apres(7))]) == []
    (ecart,) = _trouves([*trois, pilote(3, installation_prevue_le=apres(6))])
    assert (ecart.modalite, ecart.mesure) == ("premiere_semaine", 1)
    assert "4 installations en première semaine, du 12/10/2026 au 18/10/2026, pour 3 au plus" in ecart.explication
    assert "reportez-en 1 au 19/10/2026 ou après" in ecart.explication


def test_une_installation_anterieure_saisie_plus_tard_deplace_la_semaine() -> None:
    inscrits = [pilote(n, installe_le=apres(n)) for n in (2, 3, 4)] + [pilote(9, installe_le=apres(9))]
    assert _trouves(inscrits) == []
    assert _mesures(_trouves([*inscrits, pilote(0, installe_le=apres(0))])) == {("premiere_semaine", ""): 1}


def test_ce_qui_est_fait_prime_ce_qui_etait_prevu() -> None:
    trois = [pilote(n, installe_le=apres(0)) for n in range(3)]
    assert _trouves([*trois, pilote(3, installation_prevue_le=apres(1), installe_le=apres(8))]) == []


def test_une_installation_prevue_qui_n_a_jamais_lieu_n_ancre_pas_la_semaine() -> None:
    jamais = pilote(9, installation_prevue_le=apres(-280))
    cinq = [pilote(n, installe_le=apres(0)) for n in range(5)]
    assert _trouves([jamais, *cinq[:3]]) == []
    (ecart,) = _trouves([jamais, *cinq])
    assert (ecart.modalite, ecart.mesure) == ("premiere_semaine", 2)
    assert "5 installations en première semaine, du 12/10/2026 au 18/10/2026" in ecart.explication


def test_la_semaine_de_la_premiere_date_prevue_lie_aussi_et_la_pire_des_deux_est_dite() -> None:
    prevues = [pilote(n, installation_prevue_le=apres(-20)) for n in range(5)]
    (ecart,) = _trouves([*prevues, *(pilote(n, installe_le=apres(0)) for n in range(5, 9))], pilotes_max=9)
    assert ecart.mesure == 2
    assert "5 installations en première semaine, du 22/09/2026 au 28/09/2026" in ecart.explication
    assert "reportez-en 2 au 29/09/2026 ou après" in ecart.explication
    planifiees = [pilote(n, installation_prevue_le=apres(1)) for n in range(3)]
    assert _mesures(_trouves([*planifiees, pilote(5, installe_le=apres(0))])) == {("premiere_semaine", ""): 1}


def test_un_pilote_retire_compte_dans_la_semaine_s_il_a_ete_installe() -> None:
    trois = [pilote(n, installe_le=apres(1)) for n in range(3)]
    parti = pilote(3, installe_le=apres(0), retire_le=apres(0))
    assert _mesures(_trouves([*trois, parti])) == {("premiere_semaine", ""): 1}
    jadis = pilote(3, installe_le=apres(2), retire_le=date(1999, 1, 1))
    assert _mesures(_trouves([*trois, jadis])) == {("premiere_semaine", ""): 1}
    assert _trouves([*trois, pilote(3, installation_prevue_le=apres(0), retire_le=apres(5))]) == []


def test_une_cpam_qui_n_est_pas_referente_est_nommee_avec_celles_qui_le_sont() -> None:
    (ecart,) = _trouves([], cpam=["33", "75"])
    assert (ecart.modalite, ecart.objet) == ("cpam", "75")
    assert ecart.explication.startswith("La CPAM 75 n'est pas référente ; CPAM référentes : 05 Hautes-Alpes, 08 ")
    assert ecart.explication.endswith("94 Val-de-Marne.")


def test_de_une_a_trois_cpam() -> None:
    assert _trouves([], cpam=["33", "38", "44", "33"]) == []
    (trop,) = _trouves([], cpam=["33", "38", "44", "49"])
    assert (trop.mesure, trop.explication) == (1, "4 CPAM, pour 3 admises au plus : ôtez-en 1.")
    (manque,) = _trouves([], cpam=["33"], regles=lpp(cpam={"min": 2}))
    assert (manque.mesure, manque.explication) == (1, "1 CPAM, pour 2 au moins : ajoutez-en 1.")


def test_chaque_pilote_releve_d_une_cpam_de_la_preserie() -> None:
    (ecart,) = _trouves([pilote(1, cpam="38"), pilote(2, cpam="38"), pilote(3)], cpam=["33", "44"])
    assert (ecart.modalite, ecart.objet, ecart.mesure) == ("pilotes_cpam", "38", 2)
    assert ecart.explication.startswith("2 pilotes relèvent de la CPAM 38, qui n'est pas parmi celles de la présérie (")
    assert "33 et 44" in ecart.explication
    assert _trouves([pilote(1, cpam="38", retire_le=apres(0))]) == []


def test_un_changement_qui_repare_est_admis_un_changement_qui_aggrave_est_refuse() -> None:
    huit = [pilote(n) for n in range(8)]
    avant = _trouves(huit, cpam=["33", "75"])
    assert aggravation(avant, avant) is None
    assert aggravation(avant, _trouves(huit[:7], cpam=["33", "75"])) is None
    pire = aggravation(avant, _trouves([*huit, pilote(8)], cpam=["33", "75"]))
    assert pire is not None
    assert pire.modalite == "pilotes_max"
    autre = aggravation(avant, _trouves(huit, cpam=["33", "78", "971"]))
    assert autre is not None
    assert autre.objet == "971"
    assert aggravation([], []) is None


@given(referentiels, cpam, equipes, st.none() | st.integers(1, 9), numeros, st.randoms())
def test_chaque_ecart_a_sa_cause_et_l_ordre_de_saisie_n_y_fait_rien(
    regles: Referentiel,
    cpam: list[str],
    pilotes: list[PiloteJuge],
    pilotes_max: int | None,
    ailleurs: set[str],
    hasard: random.Random,
) -> None:
    trouves = _trouves(pilotes, cpam, regles, pilotes_max=pilotes_max, ailleurs=ailleurs)
    assert _mesures(trouves) == _enonce(regles, cpam, pilotes, pilotes_max, ailleurs)
    autrement, cpam_autrement = list(pilotes), list(cpam)
    hasard.shuffle(autrement)
    hasard.shuffle(cpam_autrement)
    assert _trouves(autrement, cpam_autrement, regles, pilotes_max=pilotes_max, ailleurs=ailleurs) == trouves


def _enonce(
    regles: Referentiel, cpam: list[str], pilotes: list[PiloteJuge], pilotes_max: int | None, ailleurs: set[str]
) -> Mesures:
    """Each rule once more, by exhaustion."""
    restent = [p for p in pilotes if p.retire_le is None]
    distinctes = set(cpam)
    maximum = regles.pilotes.max if pilotes_max is None else pilotes_max
    mesures = {
        ("pilotes_max", ""): len({*ailleurs, *(p.numero_am for p in restent)}) - maximum,
        ("premiere_semaine", ""): max(_dans_les_semaines(regles, pilotes)) - regles.premiere_semaine.installations_max,
        ("cpam", ""): max(len(distinctes) - regles.cpam.max, regles.cpam.min - len(distinctes)),
    }
    for code in ("33", "38", "44", "75", "971"):
        mesures["cpam", code] = int(code in distinctes and code not in regles.cpam.referentes)
        mesures["pilotes_cpam", code] = sum(p.cpam == code for p in restent) if code not in distinctes else 0
    return {cle: mesure for cle, mesure in mesures.items() if mesure > 0}


def _dans_les_semaines(regles: Referentiel, pilotes: list[PiloteJuge]) -> tuple[int, int]:
    """Installations within the week of the first done, and within that of the first dated, day by day."""
    jours = [timedelta(days=n) for n in range(regles.premiere_semaine.jours)]
    faites = [p.installe_le for p in pilotes if p.installe_le is not None]
    prevues = [p.installation_prevue_le for p in pilotes if p.installe_le is None and p.retire_le is None]
    dates = sorted([*faites, *(le for le in prevues if le is not None)])
    return (
        sum(dates.count(min(faites) + jour) for jour in jours if faites),
        sum(dates.count(dates[0] + jour) for jour in jours if dates),
    )


@given(referentiels, equipes)
def test_la_semaine_commence_a_la_premiere_faite_sinon_prevue_et_a_sa_longueur(
    regles: Referentiel, pilotes: list[PiloteJuge]
) -> None:
    semaine = premiere_semaine(pilotes, regles)
    faites = [p.installe_le for p in pilotes if p.installe_le is not None]
    prevues = [
        p.installation_prevue_le for p in pilotes if p.retire_le is None and p.installation_prevue_le is not None
    ]
    if semaine is None:
        assert not faites + prevues
        return
    assert semaine.debut == min(faites or prevues)
    assert (semaine.fin - semaine.debut).days + 1 == regles.premiere_semaine.jours
    de_la_faite, de_la_datee = _dans_les_semaines(regles, pilotes)
    assert semaine.installations == (de_la_faite if faites else de_la_datee)


@given(referentiels, cpam, equipes, equipes)
def test_seul_ce_qui_aggrave_un_ecart_est_refuse(
    regles: Referentiel, cpam: list[str], avant: list[PiloteJuge], apres: list[PiloteJuge]
) -> None:
    anciens, nouveaux = _trouves(avant, cpam, regles), _trouves(apres, cpam, regles)
    refus = aggravation(anciens, nouveaux)
    pires = {cle for cle, mesure in _mesures(nouveaux).items() if mesure > _mesures(anciens).get(cle, 0)}
    assert (refus is None) == (not pires)
    assert refus is None or (refus.modalite, refus.objet) in pires
