"""What the tests of anomalies share: declarations, what is done about them, and the criterion."""

from datetime import UTC, datetime, timedelta

from tests.contrat.semis import BILAN
from tests.outils import PRESERIE, Corps, Service

LISTE = f"/preseries/{PRESERIE}/anomalies"
UNE = f"{LISTE}/execution/LOG-1"
DECLARATION: Corps = {
    "operation": "execution",
    "code": "LOG-1",
    "libelle": "Écran figé après l'envoi",
    "origine": "logiciel",
    "bloquante": True,
}
CORRECTION: Corps = {"statut": "corrigee", "version_corrective": "4.2.2", "motif": "Corrigé, essayé en interne."}
MISE_A_L_ECART: Corps = {"statut": "ecartee", "motif": "Écran de démonstration, absent de la version de série."}
LOGICIEL: Corps = {"code": "LOG-1", "origine": "logiciel", "bloquante": True}


def dans(heures: float) -> str:
    """An emission, in hours from now: a correction is declared now."""
    return (datetime.now(UTC) + timedelta(hours=heures)).isoformat()


async def declarer(service: Service, statut: int = 201, **champs: object) -> Corps:
    reponse = await service.appeler("POST", LISTE, json=DECLARATION | champs)
    assert reponse.status_code == statut, reponse.text
    lue: Corps = reponse.json()
    return lue


async def suivre(service: Service, corps: Corps, chemin: str = UNE) -> Corps:
    reponse = await service.appeler("PATCH", chemin, json=corps)
    assert reponse.status_code == 200, reponse.text
    lue: Corps = reponse.json()
    assert lue == await service.lire(chemin)
    return lue


async def critere_anomalies(service: Service) -> Corps:
    critere: Corps = (await service.lire(BILAN))["criteres"][1]
    return critere
