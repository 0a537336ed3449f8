"""What the tests of the questionnaire share: answers, and invitations to give them."""

from collections.abc import Sequence
from typing import Any

import httpx

from tests.outils import PILOTES, PRESERIE, Corps, Service

QUESTIONNAIRE = f"/preseries/{PRESERIE}/questionnaire"
INVITATIONS = f"{QUESTIONNAIRE}/invitations"
REPONSES = f"{QUESTIONNAIRE}/reponses"
NAVIGATEUR = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def inviter(qui: Service, numeros: Sequence[str] | None = None) -> dict[str, str]:
    """The token of each pilote invited."""
    reponse = await qui.appeler("POST", INVITATIONS, json={"numeros_am": numeros} if numeros else {})
    assert reponse.status_code == 201, reponse.text
    return {invitation["numero_am"]: invitation["jeton"] for invitation in reponse.json()}


async def inviter_un(qui: Service) -> str:
    (jeton,) = (await inviter(qui, PILOTES[:1])).values()
    return jeton


def reponse(**champs: Any) -> Corps:
    """An answer without a frein; a field given as ``...`` is left out."""
    base = {
        "satisfaction": 4,
        "operations": {"consultation": 5, "execution": 4},
        "frein_bloquant": False,
        "frein": None,
        "commentaire": None,
    }
    return {champ: valeur for champ, valeur in (base | champs).items() if valeur is not ...}


def bloquee(**champs: Any) -> Corps:
    return reponse(satisfaction=2, frein_bloquant=True, frein="La délivrance se fige.", **champs)


def formulaire(**champs: str) -> dict[str, str]:
    """The same answer as a browser sends it."""
    return {
        "satisfaction": "4",
        "operations.consultation": "5",
        "operations.execution": "4",
        "operations.modification": "",
        "operations.annulation": "",
        "frein_bloquant": "non",
        "frein": "",
        "commentaire": "",
    } | champs


async def repondre(pilote: Service, jeton: str, corps: Corps, statut: int = 201) -> Corps:
    recue = await pilote.appeler("POST", f"/questionnaire/{jeton}", json=corps)
    assert recue.status_code == statut, recue.text
    lue: Corps = recue.json()
    return lue


async def envoyer(pilote: Service, jeton: str, statut: int, **champs: str) -> httpx.Response:
    """Sends the form as a browser does."""
    recue = await pilote.appeler("POST", f"/questionnaire/{jeton}", data=formulaire(**champs), headers=NAVIGATEUR)
    assert recue.status_code == statut, recue.text
    assert recue.headers["content-type"] == "text/html; charset=utf-8"
    return recue


async def entrees_du_journal(cnam: Service) -> list[Corps]:
    """What the journal says of answers, the latest first."""
    page = await cnam.lire("/journal?objet=reponse")
    lues: list[Corps] = page["elements"]
    return lues
