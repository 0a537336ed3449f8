"""``journal verifier`` and ``journal effacer``, and the commands of keys, as an operator runs them."""

import asyncpg

from app.journal.verification import Tete
from app.reglages import Reglages
from app.stockage.base import Base
from tests.contrat.aides import compter
from tests.journal.aides import NUMEROS_AM, commande, ecrire, fait, verifier


async def test_un_journal_intact_donne_sa_tete_seule_sur_la_derniere_ligne(base: Base, reglages: Reglages) -> None:
    await ecrire(base, fait(0), fait(1))
    premiere = await commande(reglages, "journal", "verifier")
    assert premiere.returncode == 0, premiere.stderr
    assert "2 entrées" in premiere.stdout
    notee = premiere.stdout.splitlines()[-1]
    assert notee == str((await verifier(base))[1])
    await ecrire(base, fait(2))
    seconde = await commande(reglages, "journal", "verifier", "--attendu", notee)
    assert seconde.returncode == 0, seconde.stdout
    assert seconde.stdout.splitlines()[-1] != notee


async def test_un_journal_vide_est_intact(base: Base, reglages: Reglages) -> None:
    fini = await commande(reglages, "journal", "verifier", "--attendu", str(Tete()))
    assert (fini.returncode, fini.stdout.splitlines()[-1]) == (0, str(Tete()))


async def test_ce_qui_est_altere_est_nomme_et_le_code_est_1(
    base: Base, reglages: Reglages, proprietaire: asyncpg.Connection
) -> None:
    await ecrire(base, *(fait(rang) for rang in range(4)))
    _, tete = await verifier(base)
    await proprietaire.execute(
        "SET session_replication_role = replica; UPDATE journal SET apres = '{}' WHERE numero = 2; "
        "DELETE FROM journal WHERE numero = 4"
    )
    fini = await commande(reglages, "journal", "verifier", "--attendu", str(tete))
    assert fini.returncode == 1
    assert [ligne.partition(" : ")[0] for ligne in fini.stdout.splitlines()] == ["n° 2", "n° 4", "n° 4"]
    assert "altéré" in fini.stderr
    assert str(tete.numero) + ":" not in fini.stdout


async def test_une_tete_qui_n_en_est_pas_une_est_refusee(reglages: Reglages) -> None:
    fini = await commande(reglages, "journal", "verifier", "--attendu", "12")
    assert fini.returncode == 1
    assert "--attendu" in fini.stderr


async def test_effacer_ote_une_personne_et_laisse_la_chaine_intacte(
    base: Base, reglages: Reglages, proprietaire: asyncpg.Connection
) -> None:
    """Wherever it is named beside the chain, alone or within a text, whatever touches it there."""
    efface, autre = NUMEROS_AM
    textes = (f"retrait de {efface}, parti", f"Pilote :\n{efface}", f"nº{efface}", f"Am{efface}é", f"dossier {efface}0")
    await ecrire(
        base,
        fait(0),
        fait(1),
        fait(2, personnel={"avant": {"pilotes": [{"numero_am": efface}]}}),
        fait(3, personnel={"motif": "dossier 38939142"}),
        fait(4, personnel=None),
        *(fait(personnel={"motif": texte}) for texte in textes),
    )
    _, notee = await verifier(base)
    fini = await commande(reglages, "journal", "effacer", entree=f"{efface}\n")
    assert fini.returncode == 0, fini.stderr
    assert "7 entrées" in fini.stdout
    assert efface not in fini.stdout + fini.stderr
    restants = await proprietaire.fetch("SELECT numero, donnees::text FROM journal_personnel ORDER BY numero")
    assert [ligne["numero"] for ligne in restants] == [2, 4]
    assert autre in restants[0]["donnees"]
    entree = await proprietaire.fetchrow("SELECT *, j::text AS texte FROM journal AS j ORDER BY numero DESC LIMIT 1")
    assert entree is not None
    assert (entree["role"], entree["action"], entree["apres"]) == ("console", "effacement", '{"entrees": 7}')
    assert efface not in entree["texte"]
    verification, _ = await verifier(base, notee)
    assert (verification.constats, verification.effacees) == ([], 7)


async def test_effacer_trouve_un_numero_en_minuscules(
    base: Base, reglages: Reglages, proprietaire: asyncpg.Connection
) -> None:
    await ecrire(base, fait(1), fait(0, personnel={"motif": NUMEROS_AM[1].lower()}))
    assert "2 entrées" in (await commande(reglages, "journal", "effacer", entree=f"{NUMEROS_AM[1]}\n")).stdout
    assert await compter(proprietaire, "journal_personnel") == 0


async def test_effacer_ce_que_rien_ne_porte_ne_note_rien(
    base: Base, reglages: Reglages, proprietaire: asyncpg.Connection
) -> None:
    await ecrire(base, fait(0))
    fini = await commande(reglages, "journal", "effacer", entree="999999999\n")
    assert (fini.returncode, "rien n'est effacé" in fini.stdout) == (0, True)
    malforme = await commande(reglages, "journal", "effacer", entree=".*\n")
    assert (malforme.returncode, ".*" in malforme.stdout + malforme.stderr) == (1, False)
    assert await compter(proprietaire, "journal") == await compter(proprietaire, "journal_personnel") == 1


async def test_les_commandes_de_cle_sont_au_journal(
    base: Base, reglages: Reglages, proprietaire: asyncpg.Connection
) -> None:
    creee = await commande(reglages, "cle", "creer", "--role", "cnam", "--libelle", "essai")
    assert creee.returncode == 0, creee.stderr
    cle_id = await proprietaire.fetchval("SELECT id FROM cle_acces")
    assert (await commande(reglages, "cle", "revoquer", str(cle_id))).returncode == 0
    assert (await commande(reglages, "cle", "revoquer", str(cle_id))).returncode == 1
    actions = [ligne["action"] for ligne in await proprietaire.fetch("SELECT action FROM journal ORDER BY numero")]
    assert actions == ["creation", "revocation"]
