"""The planning as a file: what is written is read back, every fault is named by its line, nothing is repeated."""

import csv
import io
from datetime import date, timedelta
from typing import Any, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.erreurs import CorpsIllisible, CorpsInvalide, CsvIllisible, ErreurMetier
from app.planning.fichier import COLONNES, FAUTES_MAX, PILOTES_MAX, ecrire, lire, ordonner
from app.preseries.schemas import PiloteCorps, PiloteLu

JOUR = date(2026, 10, 12)
REQUIS = "numero_am,cpam,sesam_vitale,accord_le,equipement_verifie"
BON = "389391422,38,oui,2026-09-22,non"
FAUTIVES = (
    "38939142,38,oui,2026-09-22,oui",
    "",
    "380000001,999,peut-être,2026-02-30,",
    ",,,,",
    BON,
    "380000002,38,oui,2026-09-22",
    "380000003,38,oui,22/09/26,oui",
    ",38,oui,2026-09-22,oui",
)
_jours = st.dates(date(1900, 1, 1), date(9999, 1, 1))
_numeros = st.from_regex(r"[0-9][0-9AB][0-9]{7}", fullmatch=True)
_plannings = st.lists(
    st.builds(
        PiloteLu.model_construct,
        numero_am=_numeros,
        cpam=st.sampled_from(["05", "33", "2A", "971"]),
        sesam_vitale=st.booleans(),
        accord_le=_jours,
        equipement_verifie=st.booleans(),
        **{champ: st.none() | _jours for champ in COLONNES[5:]},
    ),
    unique_by=lambda p: p.numero_am,
    max_size=8,
)


def _corps(pilotes: list[PiloteLu]) -> dict[str, PiloteCorps]:
    return {p.numero_am: PiloteCorps.model_construct(**p.model_dump(exclude={"numero_am"})) for p in pilotes}


def _pilote(numero_am: str = "389391422", **champs: Any) -> PiloteLu:
    sans: dict[str, Any] = dict.fromkeys(COLONNES)
    requis = {"cpam": "38", "sesam_vitale": True, "accord_le": JOUR, "equipement_verifie": True}
    return PiloteLu.model_construct(**(sans | {"numero_am": numero_am} | requis | champs))


def _fautes(contenu: str | bytes, *connus: PiloteLu) -> list[tuple[str | None, int | None]]:
    octets = contenu if isinstance(contenu, bytes) else contenu.encode()
    with pytest.raises(CorpsInvalide) as refus:
        lire(octets, {p.numero_am: p for p in connus})
    return [(faute["champ"], faute.get("ligne")) for faute in refus.value.erreurs]


@given(_plannings)
def test_ce_qui_est_ecrit_se_relit_tel_quel(pilotes: list[PiloteLu]) -> None:
    for connus in ({}, {p.numero_am: p for p in pilotes}):
        assert lire(ecrire(pilotes).encode(), connus) == _corps(pilotes)


@given(
    _plannings,
    st.permutations(COLONNES),
    st.sampled_from([",", ";"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig"]),
    st.sampled_from([("oui", "non"), ("VRAI", "FAUX"), ("true", "False"), ("1", "0")]),
    st.sampled_from(["%Y-%m-%d", "%d/%m/%Y"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_toutes_les_ecritures_disent_la_meme_chose(
    pilotes: list[PiloteLu],
    colonnes: list[str],
    separateur: str,
    fin: str,
    codage: str,
    booleens: tuple[str, str],
    forme: str,
    guillemets: Literal[0, 1],
) -> None:
    def cellule(valeur: object) -> str:
        if isinstance(valeur, bool):
            return booleens[0] if valeur else booleens[1]
        if isinstance(valeur, date):
            return f"{valeur.year:04d}-{valeur:%m-%d}" if forme == "%Y-%m-%d" else f"{valeur:%d/%m}/{valeur.year:04d}"
        return str(valeur or "")

    tampon = io.StringIO(newline="")
    redacteur = csv.writer(tampon, delimiter=separateur, lineterminator=fin, quoting=guillemets)
    redacteur.writerow(colonnes)
    redacteur.writerows([cellule(getattr(p, c)) for c in colonnes] for p in pilotes)
    assert lire(tampon.getvalue().encode(codage), {}) == _corps(pilotes)


_morceaux = st.sampled_from(
    [*COLONNES, ",", ";", "\n", "\r", '"', "oui", "2026-02-30", "31/12/2026", "389391422", "\0", "\ufeff", " ", "é"]
)


@given(st.binary(max_size=400) | st.lists(_morceaux, max_size=60).map(lambda m: "".join(m).encode()))
@example(b"numero_am\n389391422\x0b1\n")
@example(b"\xff\xfen\x00")
@example(b"numero_am\n" + b"1" * 200_000)
def test_aucun_contenu_ne_fait_autre_chose_qu_un_refus(contenu: bytes) -> None:
    refus: list[ErreurMetier] = []
    try:
        lire(contenu, {"389391422": _pilote()})
    except (CorpsIllisible, CorpsInvalide) as erreur:
        refus.append(erreur)
    assert all(r.detail.endswith(".") and len(r.erreurs) <= FAUTES_MAX for r in refus)


@given(st.text("abcxyz#@éè<>'{}%", max_size=12).map(lambda t: f"zq7x9{t}"))
def test_aucune_valeur_n_est_repetee(piege: str) -> None:
    for contenu in (f"{REQUIS},{piege}\n{BON},\n", f"{','.join(COLONNES)}\n" + ",".join([piege] * len(COLONNES))):
        with pytest.raises(CorpsInvalide) as refus:
            lire(contenu.encode(), {})
        assert "zq7x9" not in refus.value.detail + repr(refus.value.erreurs)


def test_ce_qui_n_est_pas_un_fichier_csv_est_refuse_clairement() -> None:
    for contenu, mot in (
        (b"", "vide"),
        (b"\n\r\n ;;\n", "vide"),
        (b"\xef\xbb\xbf", "vide"),
        ("numéro".encode("latin-1"), "UTF-8"),
        ("numero_am".encode("utf-16"), "UTF-8"),
        (f'{REQUIS}\n{BON}\n"ouvert'.encode(), "ligne 3"),
        (f'{REQUIS}\n{BON}\n"a"b,\n'.encode(), "ligne 3"),
    ):
        with pytest.raises(CsvIllisible, match=mot):
            lire(contenu, {})


def test_un_entete_seul_n_importe_personne() -> None:
    assert lire(ecrire([]).encode(), {}) == {}


def test_une_colonne_fautive_est_dite_par_sa_position() -> None:
    for entete, champs, positions in (
        ("numero_am,cpam,zut,cpam", [None, "cpam"], ["colonne 3", "colonne 4"]),
        ("cpam", ["numero_am"], ["colonne requise"]),
        ("Numero_AM", [None, "numero_am"], ["colonne 1", "colonne requise"]),
        (f"{REQUIS},", [None], ["colonne 6"]),
    ):
        with pytest.raises(CorpsInvalide) as refus:
            lire(entete.encode(), {})
        assert [f["champ"] for f in refus.value.erreurs] == champs
        assert {f["ligne"] for f in refus.value.erreurs} == {1}
        for faute, position in zip(refus.value.erreurs, positions, strict=True):
            assert position in faute["message"]


def test_chaque_ligne_en_faute_est_nommee_et_toutes_a_la_fois() -> None:
    assert _fautes("\n".join([REQUIS, BON, *FAUTIVES])) == [
        ("numero_am", 3),
        *((champ, 5) for champ in ("cpam", "sesam_vitale", "accord_le", "equipement_verifie")),
        ("numero_am", 7),
        (None, 8),
        ("accord_le", 9),
        ("numero_am", 10),
    ]


def test_une_cellule_de_plusieurs_lignes_ne_decale_pas_les_suivantes() -> None:
    assert _fautes(f'{REQUIS}\n"3893\n91422",38,oui,2026-09-22,oui\n{BON}\n380000001,0,oui,2026-09-22,oui') == [
        ("numero_am", 2),
        ("cpam", 5),
    ]


def test_un_entete_fautif_n_empeche_pas_de_lire_les_lignes_ni_ne_les_accuse() -> None:
    contenu = "numero_am,cpam,accord\n389391422,38,2026-09-22\n389391422,0,2026-09-22\n"
    assert _fautes(contenu) == [(None, 1), ("cpam", 3), ("numero_am", 3)]


def test_cent_fautes_sont_nommees_et_les_autres_comptees() -> None:
    contenu = "\n".join([REQUIS, *(f"{n},38,oui,2026-09-22,oui" for n in range(FAUTES_MAX + 43))])
    with pytest.raises(CorpsInvalide, match=r"143 fautes.* 43 autres") as refus:
        lire(contenu.encode(), {})
    assert [f["ligne"] for f in refus.value.erreurs] == list(range(2, FAUTES_MAX + 2))


def test_mille_pilotes_passent_et_pas_un_de_plus() -> None:
    lignes = [REQUIS, *(f"38{n:07d},38,oui,2026-09-22,oui" for n in range(PILOTES_MAX))]
    assert len(lire("\n".join(lignes).encode(), {})) == PILOTES_MAX
    with pytest.raises(CorpsInvalide, match="au plus 1000 pilotes"):
        lire("\n".join([*lignes, BON]).encode(), {})


def test_une_colonne_absente_laisse_un_pilote_connu_comme_il_est() -> None:
    connu = _pilote(installe_le=JOUR, forme_le=JOUR, phase_2_le=JOUR)
    (lu,) = lire(b"numero_am;installe_le;forme_le\n389391422;;13/10/2026", {connu.numero_am: connu}).values()
    attendu = connu.model_dump(exclude={"numero_am"}) | {"installe_le": None, "forme_le": JOUR + timedelta(1)}
    assert lu == PiloteCorps.model_construct(**attendu)


def test_un_nouveau_pilote_demande_les_colonnes_requises() -> None:
    contenu = "numero_am;cpam\n389391422;38\n380000001;38"
    assert _fautes(contenu, _pilote()) == [(champ, 3) for champ in ("sesam_vitale", "accord_le", "equipement_verifie")]


def test_une_valeur_requise_ne_s_efface_pas() -> None:
    assert _fautes("numero_am;cpam\n389391422;", _pilote()) == [("cpam", 2)]


def test_le_planning_suit_les_installations_puis_les_numeros() -> None:
    jour = timedelta(days=1)
    attendus = [
        _pilote("380000004", installe_le=JOUR - jour, installation_prevue_le=JOUR + jour),
        _pilote("380000001", installation_prevue_le=JOUR),
        _pilote("380000003", installe_le=JOUR),
        _pilote("2A0000000", installation_prevue_le=JOUR + jour, retire_le=JOUR),
        _pilote("380000000"),
        _pilote("380000002"),
    ]
    assert ordonner(reversed(attendus)) == attendus
