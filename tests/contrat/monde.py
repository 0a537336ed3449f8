"""Who calls, and on whose objects: three éditeurs, of which one owns the module that the target's logiciel uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from app.acces import depot
from app.acces.roles import Acces, Role
from app.stockage.base import Base
from tests.contrat.aides import pilote
from tests.outils import Corps, Service

PILOTE, AUTRE_PILOTE = "339999991", "339999992"
SERIE, SERIE_TIERCE = "ps-cible", "ps-tierce"

EDITEUR: Corps = {"raison_sociale": "Cible", "solution_sesam_vitale": True}
MODULE: Corps = {"editeur": "ed-moteur", "nom": "Moteur"}
LOGICIEL: Corps = {
    "editeur": "ed-cible",
    "module": "mo-moteur",
    "nom": "Cible",
    "sesam_vitale": True,
    "autorisation_cnda": {"numero": "ON-1", "date": "2026-09-02"},
}
PRESERIE: Corps = {"logiciel": "lo-cible", "categorie_ps": "lpp", "cpam": ["33"], "fin_prevue_le": None}
JALON: Corps = {"le": "2026-09-12"}
PREREQUIS: Corps = {"libelle": "Certificat", "description": None, "valide_le": None, "preuve": None}
ANOMALIE: Corps = {
    "operation": "execution",
    "code": "LOG-1",
    "libelle": "Écran figé",
    "origine": "logiciel",
    "bloquante": False,
}
CORRECTION: Corps = {"statut": "corrigee", "version_corrective": "4.2.2", "motif": "Corrigé."}
ECART: Corps = {"ecartee": True, "motif": "Un essai."}
REPONSE: Corps = {
    "satisfaction": 2,
    "operations": {"consultation": 3},
    "frein_bloquant": True,
    "frein": "Rien ne s'enregistre.",
    "commentaire": None,
}
LEVEE: Corps = {"frein_leve": True, "motif": "Corrigé."}
APPROBATION: Corps = {"sens": "approuve", "motif": None}
PROLONGATION: Corps = {"sens": "prolongation", "motif": "À revoir.", "pilotes_max": 8}

_REGISTRE: list[tuple[str, str, Corps]] = [
    ("PUT", "/editeurs/ed-cible", EDITEUR),
    ("PUT", "/editeurs/ed-moteur", EDITEUR),
    ("PUT", "/editeurs/ed-tiers", EDITEUR),
    ("PUT", "/modules/mo-moteur", MODULE),
    ("PUT", "/modules/mo-tiers", MODULE | {"editeur": "ed-tiers"}),
    ("PUT", "/logiciels/lo-cible", LOGICIEL),
    ("PUT", "/logiciels/lo-tiers", LOGICIEL | {"editeur": "ed-tiers", "module": "mo-tiers"}),
    *(
        appel
        for serie, logiciel in ((SERIE, "lo-cible"), (SERIE_TIERCE, "lo-tiers"))
        for appel in (
            ("PUT", f"/preseries/{serie}", PRESERIE | {"logiciel": logiciel}),
            ("PUT", f"/preseries/{serie}/jalons/support", JALON),
            ("PUT", f"/preseries/{serie}/jalons/kit_accompagnement", JALON),
            ("PUT", f"/preseries/{serie}/prerequis/certificat", PREREQUIS),
            ("POST", f"/preseries/{serie}/anomalies", ANOMALIE),
            ("PUT", f"/preseries/{serie}/pilotes/{PILOTE}", pilote()),
            ("PUT", f"/preseries/{serie}/pilotes/{AUTRE_PILOTE}", pilote()),
            ("POST", f"/preseries/{serie}/demarrage", {}),
        )
    ),
]

CLES: Mapping[str, Acces] = MappingProxyType(
    {
        "cnam": Acces(0, Role.CNAM),
        "editeur": Acces(0, Role.EDITEUR, "ed-cible"),
        "editeur-moteur": Acces(0, Role.EDITEUR, "ed-moteur"),
        "editeur-tiers": Acces(0, Role.EDITEUR, "ed-tiers"),
        "editeur-pas-inscrit": Acces(0, Role.EDITEUR, "ed-neuf"),
        "poste": Acces(0, Role.POSTE, "ed-cible"),
        "poste-pilote": Acces(0, Role.POSTE, "ed-cible", PILOTE),
        "poste-autre-pilote": Acces(0, Role.POSTE, "ed-cible", AUTRE_PILOTE),
        "poste-moteur": Acces(0, Role.POSTE, "ed-moteur"),
        "poste-tiers": Acces(0, Role.POSTE, "ed-tiers"),
        "lecture": Acces(0, Role.LECTURE),
        "lecture-ici": Acces(0, Role.LECTURE, preseries=frozenset({SERIE})),
        "lecture-deux": Acces(0, Role.LECTURE, preseries=frozenset({SERIE, SERIE_TIERCE})),
        "lecture-ailleurs": Acces(0, Role.LECTURE, preseries=frozenset({SERIE_TIERCE})),
        "supervision": Acces(0, Role.SUPERVISION),
    }
)


@dataclass(frozen=True, slots=True)
class Appelant:
    """One caller; without a role where its key is none."""

    nom: str
    role: Role | None
    entetes: Mapping[str, str]


async def inscrire_le_monde(cnam: Service) -> None:
    for methode, chemin, corps in _REGISTRE:
        reponse = await cnam.appeler(methode, chemin, json=corps)
        assert reponse.status_code in (200, 201), (chemin, reponse.text)


async def repondre(cnam: Service) -> str:
    """Has a pilote of the target answer, with a frein; gives the number of its answer."""
    chemin = f"/preseries/{SERIE}/questionnaire"
    (emise,) = (await cnam.appeler("POST", f"{chemin}/invitations", json={"numeros_am": [PILOTE]})).json()
    reponse = await cnam.appeler("POST", f"/questionnaire/{emise['jeton']}", json=REPONSE)
    assert reponse.status_code == 201, reponse.text
    return str((await cnam.lire(f"{chemin}/reponses"))["elements"][0]["id"])


async def appelants(service: Service) -> list[Appelant]:
    """Every caller of the table: those without a good key first, then one for each key of ``CLES``."""
    cles = {nom: await service.creer_cle(acces) for nom, acces in CLES.items()}
    autorisations = {
        "cle-malformee": f"Basic {cles['cnam']}",
        "cle-inconnue": f"Bearer {cles['cnam'][:-1]}",
        "cle-revoquee": f"Bearer {await _revoquee(service)}",
        "cle-expiree": f"Bearer {await service.creer_cle(_expiree())}",
    }
    sans = [Appelant(nom, None, {"Authorization": valeur}) for nom, valeur in autorisations.items()]
    avec = [Appelant(nom, CLES[nom].role, {"Authorization": f"Bearer {cle}"}) for nom, cle in cles.items()]
    return [Appelant("sans-cle", None, {}), *sans, *avec]


def _expiree() -> Acces:
    return Acces(0, Role.CNAM, expire_le=datetime.now(UTC) - timedelta(seconds=1))


async def _revoquee(service: Service) -> str:
    base: Base = service.application.state.base
    async with base.ecriture() as session:
        cle, cle_id = await depot.creer(session, Acces(0, Role.CNAM), None)
    async with base.ecriture() as session:
        assert await depot.revoquer(session, cle_id)
    return cle
