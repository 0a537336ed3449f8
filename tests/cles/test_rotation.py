"""Master and signing keys changed beside instances that are restarted one after another, under a sender's load."""

import base64
import json
from pathlib import Path

from app.acces.roles import Acces, Role
from app.arretes.signature import Signataire, publique
from app.stockage.embarque import PostgresEmbarque
from app.stockage.secrets_locaux import en_texte
from tests.outils import PRESERIE, Corps, echec, registre_exemple, trace, traces_exemple
from tests.processus.exploitation import Emetteur, Parc, base_neuve, commande, creer_cle, lancer
from tests.processus.lancement import Serveur, environnement, executer

ANCIENNE, NOUVELLE = bytes(range(32)), bytes(range(100, 132))
SIGNATURE, NOUVELLE_SIGNATURE = bytes(range(32, 64)), bytes(range(132, 164))
AUTRE: Corps = {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33"], "fin_prevue_le": None}
ARRETES = f"/bilan/preseries/{PRESERIE}/arretes"


class Reglages:
    """The settings of each step of docs/cles.md."""

    def __init__(self, url: str) -> None:
        self.avant = {
            "database_url": url,
            "cle_maitresse": en_texte(ANCIENNE),
            "cle_signature": en_texte(SIGNATURE),
        }
        self.apres = {
            "database_url": url,
            "cle_maitresse": en_texte(NOUVELLE),
            "cle_signature": en_texte(NOUVELLE_SIGNATURE),
            "cles_publiques": base64.urlsafe_b64encode(publique(SIGNATURE)).decode().rstrip("="),  # as ``x`` of a JWK
        }
        self.pendant = self.apres | {"cles_maitresses_anciennes": en_texte(ANCIENNE)}


def sceller(lui: Serveur, cle: str) -> Corps:
    arrete = lui.appeler("POST", ARRETES, cle)
    assert arrete.status_code == 201, arrete.text
    return approuver(lui, cle, arrete.json()["id"])


def approuver(lui: Serveur, cle: str, identifiant: str) -> Corps:
    reponse = lui.appeler("POST", f"/bilan/arretes/{identifiant}/approbations", cle, json={"sens": "approuve"})
    assert reponse.status_code == 201, reponse.text
    approuve: Corps = reponse.json()
    return approuve


def tous_doublons(lui: Serveur, cle: str, traces: list[Corps]) -> None:
    for debut in range(0, len(traces), 1000):
        lot = traces[debut : debut + 1000]
        accuse = lui.appeler("POST", "/traces", cle, json=lot).json()
        assert (accuse["enregistrees"], accuse["rejetees"], accuse["doublons"]) == (0, 0, len(lot))


def test_les_cles_changent_sans_arret_et_les_doublons_se_reconnaissent(
    postgres: PostgresEmbarque, tmp_path: Path
) -> None:
    with base_neuve(postgres, "rotation") as url:
        reglages = Reglages(url)
        cnam = creer_cle(url, Acces(0, Role.CNAM))
        editeur = creer_cle(url, Acces(0, Role.EDITEUR, "ortho-soft"))
        with Parc(tmp_path / "service", 2, reglages.avant) as parc:
            parc.instances[0].inscrire(cnam, registre_exemple())
            exemple = traces_exemple()[:1000]
            rejets = parc.instances[0].appeler("POST", "/traces", cnam, json=exemple).json()["rejets"]
            refusees = {rejet["index"] for rejet in rejets}
            recues = [une for rang, une in enumerate(exemple) if rang not in refusees]
            manquee = echec()
            assert parc.instances[1].appeler("POST", "/traces", cnam, json=manquee).status_code == 201
            arrete = sceller(parc.instances[0], cnam)
            with Emetteur(parc, cnam) as emetteur:
                changer(parc, reglages, emetteur, cnam)
            assert not emetteur.fautes
            assert len(emetteur.acquittees) > 100
            (lui,) = parc.instances.values()
            tous_doublons(lui, cnam, recues)
            tous_doublons(lui, cnam, emetteur.acquittees)
            avant = bilan(lui, cnam)
            suite = trace(ordonnance=manquee["ordonnance"], numero_am=manquee["numero_am"])
            assert lui.appeler("POST", "/traces", cnam, json=suite).status_code == 201
            apres = bilan(lui, cnam)
            assert apres["executions"] == {
                "total": avant["executions"]["total"],
                "enregistrees": avant["executions"]["enregistrees"] + 1,
                "tentatives": avant["executions"]["tentatives"] + 1,
            }
            verifier_l_arrete(lui, reglages, editeur, arrete, tmp_path / "arrete.json")
        verifier_la_base(reglages)


def changer(parc: Parc, reglages: Reglages, emetteur: Emetteur, cnam: str) -> None:
    """As docs/cles.md says, with a présérie registered by the first instance that has the new keys."""
    emetteur.attendre(20)
    parc.relancer(0, reglages.pendant)
    assert parc.instances[0].appeler("PUT", "/preseries/pendant-le-changement", cnam, json=AUTRE).status_code == 201
    assert parc.instances[1].appeler("POST", "/traces", cnam, json=trace()).status_code == 201
    emetteur.attendre(20)
    parc.relancer(1, reglages.pendant)
    emetteur.attendre(20)
    assert "2 sur 2" in commande(reglages.pendant, "maitresse", "reenvelopper")
    assert "Rien à faire" in commande(reglages.pendant, "maitresse", "reenvelopper")
    emetteur.attendre(20)
    parc.relancer(0, reglages.apres)
    emetteur.attendre(20)
    parc.retirer(1)  # what it would do, the first one does
    emetteur.attendre(20)


def bilan(lui: Serveur, cle: str) -> Corps:
    lu: Corps = lui.appeler("GET", f"/bilan/preseries/{PRESERIE}", cle).json()
    return lu


def verifier_l_arrete(lui: Serveur, reglages: Reglages, editeur: str, arrete: Corps, fichier: Path) -> None:
    """Sealed and approved by the Cnam under the former key, approved by the éditeur under the new one."""
    assert lui.appeler("GET", f"/bilan/arretes/{arrete['id']}", editeur).json() == arrete
    complet = approuver(lui, editeur, arrete["id"])
    ancienne, nouvelle = Signataire(SIGNATURE).cle, Signataire(NOUVELLE_SIGNATURE).cle
    assert complet["cle"] == ancienne
    assert {une["partie"]: une["cle"] for une in complet["approbations"]} == {"cnam": ancienne, "editeur": nouvelle}
    jwks = lui.appeler("GET", "/.well-known/jwks.json").json()
    assert [cle["kid"] for cle in jwks["keys"]] == [nouvelle, ancienne]
    fichier.write_text(json.dumps(complet))
    assert commande(reglages.apres, "arrete", "verifier", str(fichier)).endswith("Intact.\n")
    confiance = fichier.with_name("jwks.json")
    confiance.write_text(json.dumps(jwks))
    hors_ligne = ("arrete", "verifier", str(fichier), "--hors-ligne", "--cle-publique", str(confiance))
    assert commande({}, *hors_ligne).endswith("Intact.\n")


def verifier_la_base(reglages: Reglages) -> None:
    assert "sont ceux des traces" in commande(reglages.apres, "recompter")
    assert "Journal intact" in commande(reglages.apres, "journal", "verifier")
    depart = executer("serve", env=environnement(**reglages.avant))
    refus = lancer(reglages.avant, "maitresse", "reenvelopper")
    for code, sortie, dit in (
        (depart.returncode, depart.stdout, depart.stderr),
        (refus.exit_code, refus.stdout, refus.stderr),
    ):
        assert (code, sortie, len(dit.splitlines())) == (1, "", 1)
        assert "n'est pas la clé sous laquelle cette base a été remplie" in dit
        assert "TRACES_POSTES_CLES_MAITRESSES_ANCIENNES" in dit


def test_une_ancienne_cle_qui_n_en_est_pas_une_est_nommee_et_jamais_montree() -> None:
    reglages = Reglages("postgresql://personne@127.0.0.1:1/rien").avant
    fini = lancer(reglages | {"cles_maitresses_anciennes": f"{en_texte(ANCIENNE)},abc"}, "maitresse", "reenvelopper")
    assert (fini.exit_code, fini.stdout, len(fini.stderr.splitlines())) == (1, "", 1)
    assert "TRACES_POSTES_CLES_MAITRESSES_ANCIENNES" in fini.stderr
    assert "abc" not in fini.stderr
