"""The préséries that loads are sent to, as calls of the public registry."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

EDITEUR = "ortho-soft"
MODULE = "mon-ortho"
LOGICIEL = "ortho-plus"
PRESERIE = "ortho-plus-lpp"
PILOTES = ("389391422", "387580488", "333098086", "383123476", "337492589")

JOURS_OBSERVES = 14
"""The traces are spread over this many days, which end yesterday."""


@dataclass(frozen=True)
class Serie:
    """The codes of a présérie and of what it rests on."""

    editeur: str = EDITEUR
    module: str = MODULE
    logiciel: str = LOGICIEL
    preserie: str = PRESERIE


SERIE = Serie()


@dataclass(frozen=True)
class Appel:
    methode: str
    chemin: str
    corps: dict[str, Any]


def _pilote(preserie: str, rang: int, numero_am: str, debut: date) -> Appel:
    # Three installations in the first week, the others after it: a modalité of the domain refuses more.
    installe_le = (debut + timedelta(days=0 if rang < 3 else 8)).isoformat()
    corps = {
        "cpam": "33" if rang % 2 == 0 else "38",
        "sesam_vitale": True,
        "accord_le": (debut - timedelta(days=20)).isoformat(),
        "equipement_verifie": True,
        "forme_le": installe_le,
        "installation_prevue_le": installe_le,
        "installe_le": installe_le,
        "phase_2_le": installe_le if rang % 2 else None,
        "retire_le": None,
    }
    return Appel("PUT", f"/preseries/{preserie}/pilotes/{numero_am}", corps)


def appels(aujourd_hui: date, serie: Serie = SERIE) -> list[Appel]:
    """Every call that opens a présérie, in order."""
    debut = aujourd_hui - timedelta(days=JOURS_OBSERVES + 2)
    avant = (debut - timedelta(days=10)).isoformat()
    logiciel = {
        "editeur": serie.editeur,
        "module": serie.module,
        "nom": "Ortho Plus",
        "sesam_vitale": True,
        "autorisation_cnda": {"numero": "ON-0000-0001", "date": avant},
    }
    preserie = {
        "logiciel": serie.logiciel,
        "categorie_ps": "lpp",
        "cpam": ["33", "38"],
        "fin_prevue_le": (aujourd_hui + timedelta(days=30)).isoformat(),
    }
    jalons = ("support", "kit_accompagnement", "information_cpam", "reunion_lancement")
    return [
        Appel("PUT", f"/editeurs/{serie.editeur}", {"raison_sociale": "Ortho Soft", "solution_sesam_vitale": True}),
        Appel("PUT", f"/modules/{serie.module}", {"editeur": serie.editeur, "nom": "Module ordonnance"}),
        Appel("PUT", f"/logiciels/{serie.logiciel}", logiciel),
        Appel("PUT", f"/preseries/{serie.preserie}", preserie),
        *(Appel("PUT", f"/preseries/{serie.preserie}/jalons/{jalon}", {"le": avant}) for jalon in jalons),
        *(_pilote(serie.preserie, rang, numero_am, debut) for rang, numero_am in enumerate(PILOTES)),
        Appel("POST", f"/preseries/{serie.preserie}/demarrage", {}),
    ]
