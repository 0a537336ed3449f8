"""The registry of the histories: two éditeurs, three logiciels, five préséries of which one is not open."""

from datetime import date
from typing import Any

Corps = dict[str, Any]
Appel = tuple[str, str, Corps]

PILOTES = {
    "alpha-1": ("331000001", "382000002", "3B3000003"),
    "alpha-2": ("331000001", "384000004"),
    "beta-1": ("331000001", "385000005"),
    "duo-1": ("386000006",),
    "duo-2": ("387000007",),
}
LOGICIELS = {"alpha-1": "lo-alpha", "alpha-2": "lo-alpha", "beta-1": "lo-beta", "duo-1": "lo-duo", "duo-2": "lo-duo"}
EDITEURS = {"lo-alpha": "alpha", "lo-beta": "beta", "lo-duo": "beta"}
NON_OUVERTE = "alpha-2"
OUVERTES = tuple(code for code in PILOTES if code != NON_OUVERTE)


def pilote(preserie: str, numero_am: str, phase_2_le: date | None) -> Appel:
    """The PUT of a pilote."""
    corps = {
        "cpam": "38" if numero_am.startswith("38") else "33",
        "sesam_vitale": True,
        "accord_le": "2026-01-05",
        "equipement_verifie": True,
        "phase_2_le": phase_2_le.isoformat() if phase_2_le is not None else None,
    }
    return "PUT", f"/preseries/{preserie}/pilotes/{numero_am}", corps


def appels() -> list[Appel]:
    """Everything that makes the registry, in order."""
    suite: list[Appel] = []
    for editeur in ("alpha", "beta"):
        suite.append(("PUT", f"/editeurs/{editeur}", {"raison_sociale": editeur, "solution_sesam_vitale": False}))
        suite.append(("PUT", f"/modules/m-{editeur}", {"editeur": editeur, "nom": "Module"}))
    for logiciel, editeur in EDITEURS.items():
        autorisation = {"numero": "ON-2026-0001", "date": "2026-01-02"}
        corps = {"editeur": editeur, "module": f"m-{editeur}", "nom": logiciel, "sesam_vitale": False}
        suite.append(("PUT", f"/logiciels/{logiciel}", corps | {"autorisation_cnda": autorisation}))
    for preserie, logiciel in LOGICIELS.items():
        suite += _preserie(preserie, logiciel)
    return suite


def _preserie(preserie: str, logiciel: str) -> list[Appel]:
    chemin = f"/preseries/{preserie}"
    suite: list[Appel] = [("PUT", chemin, {"logiciel": logiciel, "categorie_ps": "lpp", "cpam": ["33", "38"]})]
    suite += [("PUT", f"{chemin}/jalons/{jalon}", {"le": "2026-01-03"}) for jalon in ("support", "kit_accompagnement")]
    suite += [pilote(preserie, numero_am, None) for numero_am in PILOTES[preserie]]
    return suite if preserie == NON_OUVERTE else [*suite, ("POST", f"{chemin}/demarrage", {})]
