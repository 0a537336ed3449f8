"""Bodies of the registry that are refused: references that lead nowhere, faults that are named, never a 500."""

import itertools
import json

from app.acces.roles import Role
from tests.contrat.aides import cas, pilote, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service

EDITEUR = {"raison_sociale": "Neuf", "solution_sesam_vitale": True}
LOGICIEL = {"editeur": "ortho-soft", "module": "mon-ortho", "nom": "x", "sesam_vitale": True, "autorisation_cnda": None}
SERIE = {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33"], "fin_prevue_le": None}
_JSON = {"Content-Type": "application/json"}
_PILOTE = f"/preseries/{PRESERIE}/pilotes/{PILOTES[0]}"


PERDUES: list[tuple[str, Corps, str]] = [
    ("/modules/neuf", {"editeur": "inconnu", "nom": "x"}, "editeur"),
    ("/logiciels/neuf", LOGICIEL | {"editeur": "inconnu"}, "editeur"),
    ("/logiciels/neuf", LOGICIEL | {"module": "inconnu"}, "module"),
    ("/preseries/neuve", SERIE | {"logiciel": "inconnu"}, "logiciel"),
    ("/preseries/neuve", SERIE | {"categorie_ps": "inconnue"}, "categorie_ps"),
]
MAL_FAITS: list[tuple[str, Corps, list[str | None]]] = [
    ("/editeurs/neuf", {}, ["raison_sociale", "solution_sesam_vitale"]),
    ("/editeurs/neuf", EDITEUR | {"raison_sociale": ""}, ["raison_sociale"]),
    ("/editeurs/neuf", EDITEUR | {"raison_sociale": "x" * 201}, ["raison_sociale"]),
    ("/editeurs/neuf", EDITEUR | {"raison_sociale": None}, ["raison_sociale"]),
    ("/editeurs/neuf", EDITEUR | {"solution_sesam_vitale": "true"}, ["solution_sesam_vitale"]),
    ("/editeurs/neuf", EDITEUR | {"solution_sesam_vitale": 1}, ["solution_sesam_vitale"]),
    ("/editeurs/neuf", EDITEUR | {"inconnu": 1}, [None]),
    ("/editeurs/X", EDITEUR, ["code"]),
    ("/editeurs/a", EDITEUR, ["code"]),
    ("/editeurs/a_b", EDITEUR, ["code"]),
    ("/editeurs/-ab", EDITEUR, ["code"]),
    ("/editeurs/neuf%0A", EDITEUR, ["code"]),
    ("/editeurs/" + "a" * 64, EDITEUR, ["code"]),
    ("/modules/neuf", {"editeur": "ORTHO", "nom": "x"}, ["editeur"]),
    ("/logiciels/neuf", LOGICIEL | {"autorisation_cnda": {}}, ["autorisation_cnda.numero", "autorisation_cnda.date"]),
    ("/logiciels/neuf", LOGICIEL | {"autorisation_cnda": "ON-1"}, ["autorisation_cnda"]),
    ("/preseries/neuve", SERIE | {"cpam": "33"}, ["cpam"]),
    ("/preseries/neuve", SERIE | {"cpam": ["xx"]}, ["cpam"]),
    ("/preseries/neuve", SERIE | {"fin_prevue_le": "2026-02-30"}, ["fin_prevue_le"]),
    ("/preseries/neuve", SERIE | {"fin_prevue_le": "2026-11-01T00:00:00Z"}, ["fin_prevue_le"]),
    (f"/preseries/{PRESERIE}/jalons/support", {"le": None}, ["le"]),
    (f"/preseries/{PRESERIE}/jalons/support", {"le": 20260101}, ["le"]),
    (f"/preseries/{PRESERIE}/jalons/inconnu", {"le": "2026-01-01"}, ["jalon"]),
    (f"/preseries/{PRESERIE}/pilotes/12345678", pilote(), ["numero_am"]),
    (f"/preseries/{PRESERIE}/pilotes/2C1234567", pilote(), ["numero_am"]),
    (_PILOTE, pilote(accord_le=None), ["accord_le"]),
    (_PILOTE, pilote(cpam="999"), ["cpam"]),
    (_PILOTE, pilote(sesam_vitale=None, equipement_verifie="oui"), ["sesam_vitale", "equipement_verifie"]),
    (_PILOTE, pilote(phase_2_le="demain", retire_le=""), ["phase_2_le", "retire_le"]),
]
HOSTILES = [
    '{"raison_sociale": "a\\u0000b", "solution_sesam_vitale": true}',
    '{"raison_sociale": "\\ud800", "solution_sesam_vitale": true}',
    '{"raison_sociale": "x", "solution_sesam_vitale": true, "\\ud800": 1}',
    '{"raison_sociale": "x", "solution_sesam_vitale": true, "\\u0000": 1}',
    f'{{"raison_sociale": {"9" * 5000}, "solution_sesam_vitale": true}}',
    '{"raison_sociale": "x", "solution_sesam_vitale": 1e999}',
    '{"raison_sociale": NaN, "solution_sesam_vitale": Infinity}',
    f'{{"raison_sociale": {"[" * 300}{"]" * 300}}}',
    "[" * 100_000,
    "null",
    "[]",
    '"x"',
    "12",
    "",
    "{",
    "{'a': 1}",
    "\udcff",
]


async def test_une_reference_perdue_est_nommee(cnam: Service) -> None:
    for chemin, corps, champ in PERDUES:
        with cas((chemin, champ)):
            probleme = verifier_probleme(await cnam.appeler("PUT", chemin, json=corps), 422, "corps-invalide")
            assert [faute["champ"] for faute in probleme["erreurs"]] == [champ]
            assert (await cnam.appeler("GET", chemin)).status_code == 404


async def test_un_corps_mal_fait_dit_ses_fautes(cnam: Service) -> None:
    for chemin, corps, champs in MAL_FAITS:
        with cas((chemin, corps)):
            probleme = verifier_probleme(await cnam.appeler("PUT", chemin, json=corps), 422, "corps-invalide")
            assert [faute["champ"] for faute in probleme["erreurs"]] == champs
            assert all(faute["message"] for faute in probleme["erreurs"])


async def test_un_corps_hostile_est_refuse_et_jamais_une_erreur_interne(cnam: Service) -> None:
    for texte in HOSTILES:
        with cas(texte):
            contenu = texte.encode("utf-8", "surrogateescape")
            reponse = await cnam.appeler("PUT", "/editeurs/hostile", content=contenu, headers=_JSON)
            assert reponse.status_code in (400, 422)
            verifier_probleme(reponse, reponse.status_code)
    assert (await cnam.appeler("GET", "/editeurs/hostile")).status_code == 404


async def test_un_texte_hostile_est_refuse_dans_chaque_corps(cnam: Service) -> None:
    for texte in ("a\0", "\ud800"):
        for chemin, corps in (
            ("/modules/neuf", {"editeur": texte, "nom": texte}),
            ("/modules/neuf", {"editeur": "ortho-soft", "nom": texte}),
            ("/logiciels/neuf", LOGICIEL | {"nom": texte}),
            ("/logiciels/neuf", LOGICIEL | {"autorisation_cnda": {"numero": texte, "date": "2026-01-01"}}),
            ("/preseries/neuve", SERIE | {"logiciel": texte}),
            ("/preseries/neuve", SERIE | {"cpam": [texte]}),
            ("/preseries/neuve", SERIE | {"categorie_ps": texte}),
            (f"/preseries/{PRESERIE}/jalons/support", {"le": texte}),
            (_PILOTE, pilote(cpam=texte)),
            (_PILOTE, pilote(retire_le=texte)),
        ):
            with cas((chemin, corps)):
                reponse = await cnam.appeler("PUT", chemin, content=json.dumps(corps), headers=_JSON)
                verifier_probleme(reponse, 422, "corps-invalide")


ADRESSES = ["%00", "%ED%A0%80", "%FF", "a%2Fb", "..%2F..", "%F0%9F%98%80", "a" * 9000]


async def test_une_adresse_hostile_n_est_jamais_une_erreur_interne(cnam: Service) -> None:
    for chemin in itertools.chain.from_iterable(map(_chemins, ADRESSES)):
        with cas(chemin):
            reponse = await cnam.appeler("GET", chemin)
            if reponse.status_code != 200:
                assert reponse.status_code in (404, 422)
                verifier_probleme(reponse, reponse.status_code)


def _chemins(hostile: str) -> list[str]:
    return [
        *(f"/{liste}/{hostile}" for liste in ("editeurs", "modules", "logiciels", "preseries", "executions")),
        f"/preseries/{PRESERIE}/pilotes/{hostile}",
        f"/preseries/{hostile}/pilotes",
        f"/bilan/preseries/{hostile}",
        f"/editeurs?apres={hostile}",
        f"/executions?preserie={PRESERIE}&apres={hostile}",
        f"/executions?preserie={PRESERIE}&version={hostile}",
        f"/executions?preserie={PRESERIE}&type_prescription={hostile}",
        f"/executions?preserie={hostile}",
    ]


async def test_un_corps_de_plus_d_un_mebioctet_est_refuse(cnam: Service) -> None:
    enorme = EDITEUR | {"raison_sociale": "x" * (1024 * 1024)}
    verifier_probleme(await cnam.appeler("PUT", "/editeurs/neuf", json=enorme), 413, "corps-trop-grand")


async def test_refuser_ne_change_rien(cnam: Service) -> None:
    avant = await cnam.lire(_PILOTE)
    for corps in (pilote(cpam="999"), pilote(inconnu=1), {}):
        assert (await cnam.appeler("PUT", _PILOTE, json=corps)).status_code == 422
    assert await cnam.lire(_PILOTE) == avant
    lecture = await cnam.en(Role.LECTURE)
    assert (await lecture.appeler("PUT", _PILOTE, json=pilote())).status_code == 403
    assert await cnam.lire(_PILOTE) == avant
