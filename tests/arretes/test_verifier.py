"""``arrete verifier`` on files and databases that were altered, and on those that were not."""

import json
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from app.acces.roles import Role
from app.arretes.messages import message_arrete
from app.arretes.signature import Signataire, publique
from app.reglages import Reglages
from app.stockage.secrets_locaux import en_texte
from tests.arretes.aides import approuver, arreter, constats, editeur_de, rendre_favorable, verifier, verifier_ici
from tests.conftest import CLE_SIGNATURE
from tests.contrat.aides import cas
from tests.journal.aides import commande
from tests.outils import PILOTES, Corps, Service, echec, trace

AUTRE = bytes(range(64, 96))


@pytest.fixture
async def cnam(service: Service, proprietaire: asyncpg.Connection) -> Service:
    cnam = await service.en(Role.CNAM)
    await rendre_favorable(cnam, proprietaire)
    return cnam


@pytest.fixture
async def arrete(cnam: Service) -> Corps:
    """Sealed, and approved by both sides."""
    arrete = await arreter(cnam)
    await approuver(cnam, arrete)
    return await approuver(await editeur_de(cnam), arrete, motif="Conforme.")


async def test_un_arrete_intact_se_verifie_avec_la_base_et_sans_elle(
    arrete: Corps, reglages: Reglages, tmp_path: Path
) -> None:
    fini = await verifier(reglages, tmp_path, arrete)
    assert fini.returncode == 0, fini.stdout + fini.stderr
    for mot in ("la Cnam", "l'éditeur", "recalculé des traces brutes", "Les 7 traces", arrete["id"], arrete["cle"]):
        assert mot in fini.stdout
    assert fini.stdout.splitlines()[-1] == "Intact."
    seul = await verifier(reglages, tmp_path, arrete, "--hors-ligne", database_url=None)
    assert (seul.returncode, "n'a pas été consultée" in seul.stdout) == (0, True)


async def test_une_cle_publique_donnee_est_la_seule_de_confiance(arrete: Corps, tmp_path: Path) -> None:
    cle = Ed25519PrivateKey.from_private_bytes(CLE_SIGNATURE).public_key()
    jwks = Signataire(CLE_SIGNATURE).jwks()
    formes = {
        "pem": cle.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "jwks": json.dumps(jwks).encode(),
        "jwk": json.dumps(jwks["keys"][0]).encode(),
        "deux": json.dumps(Signataire(AUTRE, [publique(CLE_SIGNATURE)]).jwks()).encode(),
    }
    autre = json.dumps(Signataire(AUTRE).jwks()).encode()
    for nom, octets in {**formes, "autre": autre}.items():
        with cas(nom):
            fichier = tmp_path / nom
            fichier.write_bytes(octets)
            fini = verifier_ici(tmp_path, arrete, "--cle-publique", str(fichier))
            assert fini.exit_code == (1 if nom == "autre" else 0), fini.output
            assert ("clé de confiance" in fini.stdout) is (nom == "autre")
    for octets in (b"", b"{}", b'{"keys": []}', b"-----BEGIN PUBLIC KEY-----\n", b'{"kty": "RSA"}', b"\xff"):
        with cas(octets):
            (tmp_path / "fautive").write_bytes(octets)
            fini = verifier_ici(tmp_path, arrete, "--cle-publique", str(tmp_path / "fautive"))
            assert (fini.exit_code, len(fini.stderr.splitlines()), fini.stdout) == (1, 1, "")
            assert isinstance(fini.exception, SystemExit)


async def test_sans_cle_de_confiance_rien_ne_se_verifie_et_rien_ne_se_cree(
    arrete: Corps, reglages: Reglages, tmp_path: Path
) -> None:
    fini = await verifier(reglages, tmp_path, arrete, database_url=None, cle_signature=None, data_dir=tmp_path / "vide")
    assert fini.returncode == 1
    assert "--cle-publique" in fini.stderr
    assert not (tmp_path / "vide").exists()


async def test_un_fichier_signe_d_une_autre_cle_est_refuse_meme_s_il_la_porte(arrete: Corps, tmp_path: Path) -> None:
    autre = Signataire(AUTRE)
    contrefait = arrete | {"signature": en_texte(autre.signer(message_arrete(arrete["id"], arrete["empreinte"])))}
    porteur = verifier_ici(tmp_path, contrefait | {"jwk": autre.jwks()["keys"][0]})
    assert (porteur.exit_code, "d'autres champs" in porteur.stderr) == (1, True)
    for cle in (autre.cle, arrete["cle"]):
        fini = verifier_ici(tmp_path, contrefait | {"cle": cle})
        assert fini.exit_code == 1
        assert fini.stdout.splitlines()[1].startswith("cle :" if cle == autre.cle else "signature :")


async def test_une_ancienne_cle_verifie_encore_ce_qu_elle_a_signe(
    arrete: Corps, reglages: Reglages, tmp_path: Path
) -> None:
    nouvelle = {"cle_signature": SecretStr(en_texte(AUTRE))}
    oubliee = await verifier(reglages, tmp_path, arrete, "--hors-ligne", **nouvelle)
    assert (oubliee.returncode, "clé de confiance" in oubliee.stdout) == (1, True)
    anciennes = {"cles_publiques": f" {en_texte(publique(CLE_SIGNATURE))} ,"}
    fini = await verifier(reglages, tmp_path, arrete, **nouvelle, **anciennes)
    assert fini.returncode == 0, fini.stdout + fini.stderr
    cles = await commande(reglages.model_copy(update=nouvelle | anciennes), "arrete", "cles")
    jwks = json.loads(cles.stdout)
    assert [cle["kid"] for cle in jwks["keys"]] == [Signataire(AUTRE).cle, arrete["cle"]]


def test_ce_qui_n_est_pas_un_arrete_tient_en_une_ligne(tmp_path: Path) -> None:
    creux: Corps = {"id": "", "contenu": {}, "empreinte": "", "signature": "", "cle": "", "approbations": []}
    for octets in (
        *(b"", b"[]", b"{}", b"\xff\xfe", b"null", b"[" * 100_000, b'{"id": 1}', b'{"id": NaN}'),
        json.dumps(creux | {"contenu": {"a": "\ud800"}}).encode(),
        json.dumps(creux | {"contenu": {"a": 2**70}}).encode(),
        json.dumps(creux | {"approbations": None}).encode(),
    ):
        with cas(octets[:40]):
            fini = verifier_ici(tmp_path, octets)
            assert (fini.exit_code, len(fini.stderr.splitlines()), fini.stdout) == (1, 1, "")
            assert isinstance(fini.exception, SystemExit)
    fini = verifier_ici(tmp_path, creux | {"approbations": [1, {}, {"partie": []}]})
    assert (fini.exit_code, isinstance(fini.exception, SystemExit)) == (1, True)
    dossier = verifier_ici(tmp_path, creux, "--cle-publique", str(tmp_path))
    assert (dossier.exit_code, len(dossier.stderr.splitlines())) == (1, 1)


async def test_un_fichier_absent_se_dit_en_une_ligne(reglages: Reglages, tmp_path: Path) -> None:
    fini = await commande(reglages, "arrete", "verifier", str(tmp_path / "absent.json"))
    assert (fini.returncode, len(fini.stderr.splitlines())) == (1, 1)


async def test_une_base_absente_renvoie_a_hors_ligne(arrete: Corps, reglages: Reglages, tmp_path: Path) -> None:
    loin = {"database_url": SecretStr("postgresql://personne@127.0.0.1:1/rien")}
    fini = await verifier(reglages, tmp_path, arrete, **loin)
    assert (fini.returncode, fini.stdout, len(fini.stderr.splitlines())) == (1, "", 1)
    assert "--hors-ligne" in fini.stderr
    assert (await verifier(reglages, tmp_path, arrete, "--hors-ligne", **loin)).returncode == 0


async def test_chaque_champ_altere_du_fichier_est_nomme_a_cote_de_la_base(
    arrete: Corps, reglages: Reglages, tmp_path: Path
) -> None:
    altere = json.loads(json.dumps(arrete))
    altere["contenu"]["executions"]["total"] += 1
    altere["contenu"]["criteres"][0]["etat"] = "non_atteint"
    altere["approbations"][1]["motif"] = "Non conforme."
    fini = await verifier(reglages, tmp_path, altere)
    assert fini.returncode == 1
    noms = {ligne.partition(" : ")[0] for ligne in fini.stdout.splitlines()}
    assert {
        *("contenu ou empreinte", "approbations[1].signature", "contenu.executions.total"),
        *("contenu.criteres.enregistrement.etat", "approbations.editeur.motif"),
    } <= noms


async def test_une_approbation_donnee_ensuite_est_dite(cnam: Service, reglages: Reglages, tmp_path: Path) -> None:
    arrete = await arreter(cnam)
    await approuver(cnam, arrete, "refuse", "À revoir.")
    fini = await verifier(reglages, tmp_path, arrete)
    assert (fini.returncode, "la base a un refus (cnam)" in fini.stdout) == (0, True)


async def test_un_arrete_d_une_autre_base(arrete: Corps, reglages: Reglages, tmp_path: Path) -> None:
    ailleurs = "00000000-0000-4000-8000-000000000000"
    for identifiant in (ailleurs, "autre"):
        fini = await verifier(reglages, tmp_path, arrete | {"id": identifiant})
        assert fini.returncode == 1
        assert "n'a pas de bilan arrêté" in fini.stdout


ALTEREES: Mapping[str, str] = {
    "emise_le": "emise_le + interval '1 microsecond'",
    "recue_le": "recue_le - interval '1 microsecond'",
    "sequence": "sequence + 1",
    "pilote_id": "pilote_id + 1",
    "duree_ms": "NULL",
    "numero_execution": "numero_execution + 1",
    "succes": "NOT succes",
    "scor_envoye": "NULL",
    "erreur_bloquante": "NOT erreur_bloquante",
    "empreinte": "'\\x00'",
    "pseudonyme": "pseudonyme || '\\x00'",
    "version": "version || 'é'",
    "operation": "'modification'",
    "type_prescription": "'biologie'",
    "poste": "''",
    "erreur_code": "'X'",
    "erreur_origine": "'reseau'",
    "erreur_message": "'X'",
}


async def test_chaque_colonne_de_trace_alteree_nomme_sa_trace(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    visee = echec(numero_am=PILOTES[0], scor_envoye=True, duree_ms=3)
    await cnam.poster([visee])
    arrete = await arreter(cnam)
    requete = "SELECT attname FROM pg_attribute WHERE attrelid = 'trace'::regclass AND attnum > 0"
    colonnes = {ligne["attname"] for ligne in await proprietaire.fetch(requete)}
    assert colonnes == ALTEREES.keys() | {"id", "preserie_id", "cle_id"}
    await proprietaire.execute("CREATE TEMP TABLE copie AS TABLE trace")
    for colonne, valeur in ALTEREES.items():
        with cas(colonne):
            ordre = f"UPDATE trace SET {colonne} = {valeur} WHERE id = $1"  # noqa: S608 — written above
            await proprietaire.execute(ordre, visee["id"])
            nommees = [constat for constat in await constats(cnam, arrete) if constat.startswith("trace ")]
            assert nommees == [f"trace {visee['id']} : changée depuis l'arrêté."]
            await proprietaire.execute("TRUNCATE trace; INSERT INTO trace SELECT * FROM copie")
    assert await constats(cnam, arrete) == []


async def test_une_trace_d_un_autre_identifiant_ou_d_une_autre_preserie(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    visee = trace()
    await cnam.poster([visee])
    arrete = await arreter(cnam)
    nouvelle = "00000000-0000-4000-8000-000000000000"
    await proprietaire.execute("UPDATE trace SET id = $1 WHERE id = $2", nouvelle, visee["id"])
    assert await constats(cnam, arrete) == [
        f"trace {nouvelle} : ajoutée depuis l'arrêté.",
        f"trace {visee['id']} : manquante depuis l'arrêté.",
    ]
    await proprietaire.execute("UPDATE trace SET id = $2, preserie_id = 99 WHERE id = $1", nouvelle, visee["id"])
    assert f"trace {visee['id']} : manquante depuis l'arrêté." in await constats(cnam, arrete)


async def test_des_traces_ajoutees_ou_retirees_sont_nommees(
    cnam: Service, proprietaire: asyncpg.Connection, reglages: Reglages, tmp_path: Path
) -> None:
    retiree, glissee = trace(numero_am=PILOTES[1]), trace()
    await cnam.poster([retiree])
    arrete = await arreter(cnam)
    await cnam.poster([glissee, echec()])
    assert await constats(cnam, arrete) == []  # what comes later changes nothing
    await proprietaire.execute("DELETE FROM trace WHERE id = $1", retiree["id"])
    await proprietaire.execute("UPDATE trace SET recue_le = '2026-10-21' WHERE id = $1", glissee["id"])
    fini = await verifier(reglages, tmp_path, arrete)
    assert fini.returncode == 1
    nommees = {ligne for ligne in fini.stdout.splitlines() if ligne.startswith("trace ")}
    assert nommees == {
        f"trace {retiree['id']} : manquante depuis l'arrêté.",
        f"trace {glissee['id']} : ajoutée depuis l'arrêté.",
    }
    await proprietaire.execute("UPDATE feuilles_arrete SET feuilles = feuilles || '\\x00'")
    trouves = await constats(cnam, arrete)
    assert [constat.partition(" :")[0] for constat in trouves if "trace" in constat][-1:] == ["empreinte_traces"]


async def test_cinquante_traces_sont_nommees_au_plus(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await cnam.poster([trace() for _ in range(60)])
    arrete = await arreter(cnam)
    await proprietaire.execute("UPDATE trace SET version = 'autre'")
    trouves = await constats(cnam, arrete)
    assert len(trouves) == 51  # no figure of this bilan goes by the version
    assert trouves[-1] == "… et 17 autres traces."


async def test_ce_que_des_personnes_ont_declare_est_recalcule_aussi(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    arrete = await arreter(cnam)
    await proprietaire.execute("UPDATE reponse SET frein_bloquant = true")
    trouves = await constats(cnam, arrete)
    assert 'contenu.verdict : "favorable" arrêté, "defavorable" recalculé des traces brutes.' in trouves
    assert [constat for constat in trouves if constat.startswith("contenu.criteres.satisfaction.etat")]


async def test_des_compteurs_faux_n_y_changent_rien(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """What is sealed is worked out from raw traces."""
    await proprietaire.execute("UPDATE compteur_execution SET executions = 99; UPDATE compteur_trace SET nombre = 99")
    arrete = await arreter(cnam)
    assert arrete["contenu"]["executions"]["total"] == 6
    assert await constats(cnam, arrete) == []


async def test_une_ligne_de_la_base_alteree_est_trouvee(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    arrete = await approuver(cnam, await arreter(cnam))
    await proprietaire.execute("SET session_replication_role = replica")  # no trigger: the tables refuse this
    for ordre, retour, attendu in (
        (
            """UPDATE arrete SET contenu = replace(contenu, '"total":6', '"total":7')""",
            """UPDATE arrete SET contenu = replace(contenu, '"total":7', '"total":6')""",
            "contenu.executions.total : le fichier et la base diffèrent.",
        ),
        (
            "UPDATE arrete SET contenu = 'x' || contenu",
            "UPDATE arrete SET contenu = substr(contenu, 2)",
            "contenu : la base n'en garde plus rien de lisible.",
        ),
        (
            "UPDATE arrete SET au = au - interval '1 hour'",
            "UPDATE arrete SET au = au + interval '1 hour'",
            "au ou verdict : la base en garde d'autres à côté du contenu.",
        ),
        (
            "UPDATE approbation SET sens = 'refuse'",
            "UPDATE approbation SET sens = 'approuve'",
            "approbations.cnam.sens : le fichier et la base diffèrent.",
        ),
        (
            "UPDATE arrete SET signature = set_byte(signature, 0, 255 - get_byte(signature, 0))",
            "UPDATE arrete SET signature = set_byte(signature, 0, 255 - get_byte(signature, 0))",
            "signature : le fichier et la base diffèrent.",
        ),
    ):
        with cas(ordre):
            await proprietaire.execute(ordre)
            assert attendu in await constats(cnam, arrete)
            await proprietaire.execute(retour)
    assert await constats(cnam, arrete) == []
