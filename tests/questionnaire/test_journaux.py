"""A token is a key: neither the logs of a real process nor its metrics hold one, nor anything that was answered."""

from pathlib import Path

from tests.outils import PILOTES, registre_exemple
from tests.processus.lancement import creer_cle, serveur
from tests.questionnaire.aides import INVITATIONS, NAVIGATEUR, bloquee, formulaire

_MARQUE = "zq7x9"


def test_ni_jeton_ni_reponse_dans_les_journaux_et_les_mesures(tmp_path: Path) -> None:
    with serveur(tmp_path / "donnees", workers=1, reglages={"niveau_journal": "DEBUG"}) as service:
        cnam = creer_cle(service.dossier, "--role", "cnam")
        service.inscrire(cnam, registre_exemple())
        jetons = [invitation["jeton"] for invitation in service.appeler("POST", INVITATIONS, cnam).json()]
        chemin = f"/questionnaire/{jetons[0]}"
        statuts = [
            service.appeler("GET", chemin).status_code,
            service.appeler("GET", f"{chemin}?{_MARQUE}=1").status_code,
            service.appeler("POST", chemin, json=bloquee(commentaire=_MARQUE)).status_code,
            service.appeler("POST", chemin, json=bloquee(commentaire=[_MARQUE])).status_code,
            service.appeler("POST", chemin, data=formulaire(frein=_MARQUE), headers=NAVIGATEUR).status_code,
            service.appeler("POST", chemin, content=_MARQUE, headers={"Content-Type": "text/plain"}).status_code,
            service.appeler("GET", f"/questionnaire/{_MARQUE}", headers=NAVIGATEUR).status_code,
        ]
        assert statuts == [200, 422, 201, 422, 200, 415, 404]
        mesures = service.appeler("GET", "/metrics", cnam).text
    journal = service.journal.read_text("utf-8")
    assert journal.count('"/questionnaire/{jeton}"') >= 5
    assert 'route="/questionnaire/{jeton}"' in mesures
    for secret in (*jetons, _MARQUE, *PILOTES, "se fige"):
        assert secret not in journal
        assert secret not in mesures
