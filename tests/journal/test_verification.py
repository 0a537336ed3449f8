"""Whatever is done to a row of a journal is found; a journal that was only written and erased from is intact."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.journal.chaine import DEBUT, Maillon, empreinte, empreinte_personnelle
from app.journal.verification import EFFACEES, EFFACEMENT, OBJET_JOURNAL, Ligne, Personnel, Tete, Verification

Chaine = list[Ligne]
ZEROS = "0" * 64
_texte = st.text(st.characters(codec="utf-8"), max_size=6)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | _texte,
    lambda sous: st.lists(sous, max_size=3) | st.dictionaries(_texte, sous, max_size=3),
    max_leaves=3,
)
_objet = st.dictionaries(_texte, _json, max_size=2)
_octets = st.binary(min_size=32, max_size=32)
_personnel = st.builds(Personnel, _octets, _objet)
VALEURS: dict[str, st.SearchStrategy[Any]] = {
    "numero": st.integers(-3, 12),
    "le": st.datetimes(timezones=st.just(UTC)),
    "role": _texte,
    "cle_id": st.none() | st.integers(1, 99),
    "action": _texte,
    "objet": _texte,
    "code": st.none() | _texte,
    "editeur": st.none() | _texte,
    "preserie": st.none() | _texte,
    "avant": st.none() | _objet,
    "apres": st.none() | _objet,
    "empreinte_personnelle": st.none() | _octets,
    "precedente": _octets,
}
"""What each column of an entry may hold."""
_libres = [nom for nom in VALEURS if nom not in ("numero", "empreinte_personnelle", "precedente")]
_faits = st.tuples(st.fixed_dictionaries({nom: VALEURS[nom] for nom in _libres}), st.none() | _personnel)


def chainer(faits: Sequence[tuple[dict[str, Any], Personnel | None]]) -> Chaine:
    """A journal in which these facts were noted, one after the other."""
    chaine: Chaine = []
    for colonnes, personnel in faits:
        chaine.append(_suivante(chaine[-1] if chaine else None, colonnes, personnel))
    return chaine


def _suivante(derniere: Ligne | None, colonnes: dict[str, Any], personnel: Personnel | None) -> Ligne:
    maillon = Maillon(
        **colonnes,
        numero=derniere.maillon.numero + 1 if derniere is not None else 1,
        empreinte_personnelle=empreinte_personnelle(personnel.sel, personnel.donnees) if personnel else None,
        precedente=derniere.empreinte if derniere is not None else DEBUT,
    )
    return Ligne(maillon, empreinte(maillon), personnel)


def tete_de(chaine: Chaine) -> Tete:
    return Tete(chaine[-1].maillon.numero, chaine[-1].empreinte) if chaine else Tete()


def verifier(lignes: Chaine, tete: Tete, attendue: Tete | None = None) -> Verification:
    verification = Verification(attendue)
    for ligne in lignes:
        verification.suivre(ligne)
    verification.conclure(tete)
    return verification


chaines = st.lists(_faits, min_size=1, max_size=6).map(chainer)


def test_chaque_colonne_est_essayee() -> None:
    assert {champ.name for champ in fields(Maillon)} == set(VALEURS)


@given(chaine=chaines | st.just([]), donnees=st.data())
def test_un_journal_intact_est_intact_et_porte_toute_tete_notee(chaine: Chaine, donnees: st.DataObject) -> None:
    jusqu_a = donnees.draw(st.integers(0, len(chaine)))
    verification = verifier(chaine, tete_de(chaine), tete_de(chaine[:jusqu_a]))
    assert verification.constats == []
    assert (verification.entrees, verification.effacees) == (len(chaine), 0)


@pytest.mark.parametrize("colonne", VALEURS)
@settings(max_examples=40)
@given(chaine=chaines, donnees=st.data())
def test_une_colonne_modifiee_est_vue_a_son_numero(colonne: str, chaine: Chaine, donnees: st.DataObject) -> None:
    rang = donnees.draw(st.integers(0, len(chaine) - 1))
    maillon = replace(chaine[rang].maillon, **{colonne: donnees.draw(VALEURS[colonne])})
    assume(maillon != chaine[rang].maillon)
    alteree = [*chaine]
    alteree[rang] = replace(chaine[rang], maillon=maillon)
    assert maillon.numero in {constat.numero for constat in verifier(alteree, tete_de(chaine)).constats}


@pytest.mark.parametrize("colonne", VALEURS)
@settings(max_examples=40)
@given(chaine=chaines, donnees=st.data())
def test_une_colonne_modifiee_est_vue_meme_si_son_empreinte_est_refaite(
    colonne: str, chaine: Chaine, donnees: st.DataObject
) -> None:
    rang = donnees.draw(st.integers(0, len(chaine) - 1))
    maillon = replace(chaine[rang].maillon, **{colonne: donnees.draw(VALEURS[colonne])})
    assume(maillon != chaine[rang].maillon)
    alteree = [*chaine]
    alteree[rang] = replace(chaine[rang], maillon=maillon, empreinte=empreinte(maillon))
    assert verifier(alteree, tete_de(chaine)).constats


@given(chaine=chaines, fait=_faits, donnees=st.data())
def test_un_journal_recrit_avec_sa_tete_ne_porte_plus_celle_qui_fut_notee(
    chaine: Chaine, fait: tuple[dict[str, Any], Personnel | None], donnees: st.DataObject
) -> None:
    """Who rewrites all that follows leaves no trace in the database: hence a head that is noted elsewhere."""
    rang = donnees.draw(st.integers(0, len(chaine) - 1))
    recrite = chaine[:rang]
    recrite.append(_suivante(recrite[-1] if recrite else None, *fait))
    assume(recrite[-1].maillon != chaine[rang].maillon)
    for ligne in chaine[rang + 1 :]:
        recrite.append(_suivante(recrite[-1], _colonnes(ligne.maillon), ligne.personnel))
    assert _sans_effacement(recrite)
    assert verifier(recrite, tete_de(recrite)).constats == []
    notee = tete_de(chaine[: donnees.draw(st.integers(rang + 1, len(chaine)))])
    (constat,) = verifier(recrite, tete_de(recrite), notee).constats
    assert constat.numero == notee.numero


def _colonnes(maillon: Maillon) -> dict[str, Any]:
    return {nom: getattr(maillon, nom) for nom in _libres}


def _sans_effacement(chaine: Chaine) -> bool:
    return all(ligne.maillon.action != EFFACEMENT for ligne in chaine)


def _retirer(chaine: Chaine, rang: int, _: int) -> Chaine:
    return [*chaine[:rang], *chaine[rang + 1 :]]


def _echanger(chaine: Chaine, rang: int, autre: int) -> Chaine:
    echangee = [*chaine]
    echangee[rang], echangee[autre] = chaine[autre], chaine[rang]
    return echangee


def _doubler(chaine: Chaine, rang: int, ou: int) -> Chaine:
    return [*chaine[:ou], chaine[rang], *chaine[ou:]]


def _doubler_a_la_fin(chaine: Chaine, rang: int, _: int) -> Chaine:
    """Well linked, as if it had been noted once more."""
    double = chaine[rang]
    return [*chaine, _suivante(chaine[-1], _colonnes(double.maillon), double.personnel)]


def _couper(chaine: Chaine, rang: int, _: int) -> Chaine:
    return chaine[:rang]


def _renumeroter(chaine: Chaine, rang: int, _: int) -> Chaine:
    """One is removed, and those that follow take its place and the places after it."""
    suite = chaine[rang + 1 :]
    return [*chaine[:rang], *(replace(u, maillon=replace(u.maillon, numero=u.maillon.numero - 1)) for u in suite)]


@pytest.mark.parametrize("geste", [_retirer, _echanger, _doubler, _doubler_a_la_fin, _couper, _renumeroter])
@given(chaine=chaines, donnees=st.data())
def test_une_entree_retiree_ajoutee_ou_deplacee_est_vue(
    geste: Callable[[Chaine, int, int], Chaine], chaine: Chaine, donnees: st.DataObject
) -> None:
    rang, autre = donnees.draw(st.integers(0, len(chaine) - 1)), donnees.draw(st.integers(0, len(chaine) - 1))
    alteree = geste(chaine, rang, autre)
    assume(alteree != chaine)
    assert verifier(alteree, tete_de(chaine)).constats


@given(chaine=chaines, autre=_octets, personnel=_personnel, donnees=st.data())
def test_une_empreinte_une_tete_ou_des_donnees_personnelles_modifiees_sont_vues(
    chaine: Chaine, autre: bytes, personnel: Personnel, donnees: st.DataObject
) -> None:
    rang = donnees.draw(st.integers(0, len(chaine) - 1))
    ligne = chaine[rang]
    gestes = [replace(ligne, empreinte=autre), replace(ligne, personnel=personnel)]
    if ligne.personnel is not None:
        gestes += [
            replace(ligne, personnel=None),
            replace(ligne, personnel=replace(ligne.personnel, sel=autre)),
            replace(ligne, personnel=replace(ligne.personnel, donnees=personnel.donnees)),
        ]
    for geste in gestes:
        if geste != ligne:
            assert verifier([*chaine[:rang], geste, *chaine[rang + 1 :]], tete_de(chaine)).constats
    tete = tete_de(chaine)
    for fausse in (replace(tete, numero=tete.numero + 1), replace(tete, numero=tete.numero - 1)):
        assert verifier(chaine, fausse).constats
    if autre != tete.empreinte:
        assert verifier(chaine, replace(tete, empreinte=autre)).constats


@given(chaine=chaines)
def test_des_donnees_effacees_et_notees_comme_telles_laissent_le_journal_intact(chaine: Chaine) -> None:
    portees = sum(ligne.personnel is not None for ligne in chaine)
    effacee: Chaine = [replace(ligne, personnel=None) for ligne in chaine]
    colonnes = _colonnes(chaine[0].maillon) | {
        "action": EFFACEMENT,
        "objet": OBJET_JOURNAL,
        "apres": {EFFACEES: portees},
    }
    effacee.append(_suivante(effacee[-1], colonnes, None))
    verification = verifier(effacee, tete_de(effacee))
    assert verification.constats == []
    assert verification.effacees == portees


def test_ce_qui_manque_au_milieu_est_nomme_par_son_numero() -> None:
    colonnes = {"le": datetime(2026, 11, 1, tzinfo=UTC), "role": "cnam", "cle_id": 1, "action": "a", "objet": "o"}
    vides = dict.fromkeys(("code", "editeur", "preserie", "avant", "apres"))
    chaine = chainer([(colonnes | vides, None)] * 5)
    (constat,) = verifier([*chaine[:2], *chaine[3:]], tete_de(chaine)).constats
    assert (constat.numero, constat.message) == (4, "ce qui la précède manque, depuis le n° 3")
    (constat,) = verifier(chaine[:3], tete_de(chaine)).constats
    assert (constat.numero, constat.message) == (5, "la fin manque : la dernière entrée est la n° 3")


@given(numero=st.integers(0, 10**18 - 1), octets=_octets)
def test_une_tete_se_relit_comme_elle_s_ecrit(numero: int, octets: bytes) -> None:
    assert Tete.lire(f" {Tete(numero, octets)}\n") == Tete(numero, octets)


@pytest.mark.parametrize("texte", ["", "12", "12:", "x:" + ZEROS, "1:" + "0" * 63, "1:" + "G" * 64, "-1:" + "0" * 64])
def test_ce_qui_n_est_pas_une_tete_n_en_est_pas_une(texte: str) -> None:
    assert Tete.lire(texte) is None
