"""Anomalies over HTTP: opened by traces, declared, corrected, set aside, reopened; what was done stays."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import permutations
from urllib.parse import quote

import asyncpg
import pytest

from app.acces.roles import Role
from tests.contrat.aides import NIR, cas, compter, inscrire_rival, mettre, verifier_probleme
from tests.contrat.semis import BILAN
from tests.outils import PILOTES, PRESERIE, Corps, Service, echec, trace, vider_les_traces
from tests.supervision.releves import lire

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


@pytest.fixture
async def editeur(cnam: Service) -> Service:
    return await cnam.en(Role.EDITEUR, editeur="ortho-soft")


def _dans(heures: float) -> str:
    """An emission, in hours from now: a correction is declared now."""
    return (datetime.now(UTC) + timedelta(hours=heures)).isoformat()


async def _declarer(service: Service, statut: int = 201, **champs: object) -> Corps:
    reponse = await service.appeler("POST", LISTE, json=DECLARATION | champs)
    assert reponse.status_code == statut, reponse.text
    lue: Corps = reponse.json()
    return lue


async def _suivre(service: Service, corps: Corps, chemin: str = UNE) -> Corps:
    reponse = await service.appeler("PATCH", chemin, json=corps)
    assert reponse.status_code == 200, reponse.text
    lue: Corps = reponse.json()
    assert lue == await service.lire(chemin)
    return lue


async def _critere(service: Service) -> Corps:
    critere: Corps = (await service.lire(BILAN))["criteres"][1]
    return critere


async def _ouvertes(cnam: Service) -> float:
    releve = lire((await cnam.appeler("GET", "/metrics")).text)
    return sum(releve.series("preserie_anomalies_ouvertes").values())


async def _reussir(cnam: Service) -> None:
    """Each required operation, long ago."""
    for operation in ("execution", "consultation"):
        await cnam.poster(trace(operation=operation))


async def test_la_vie_d_une_anomalie(cnam: Service, editeur: Service) -> None:
    await _reussir(cnam)
    await cnam.poster(echec(erreur=LOGICIEL, emise_le=_dans(-5), version="4.2.1", numero_am=PILOTES[1]))
    vue = await cnam.lire(UNE)
    assert (vue["statut"], vue["occurrences"], vue["versions"], vue["pilotes"], vue["historique"]) == (
        *("ouverte", 1, ["4.2.1"], [PILOTES[1]], []),
    )
    assert (await _critere(cnam))["etat"] == "non_atteint"
    corrigee = await _suivre(editeur, CORRECTION)
    assert (corrigee["statut"], corrigee["version_corrective"], corrigee["motif"]) == (
        *("corrigee", "4.2.2", CORRECTION["motif"]),
    )
    assert (await _critere(cnam))["etat"] == "atteint"
    await cnam.poster(echec(erreur=LOGICIEL, emise_le=_dans(1), version="4.2.1"))
    await cnam.poster(echec(erreur=LOGICIEL, emise_le=_dans(-1), version="4.2.2"))
    assert (await cnam.lire(UNE))["statut"] == "corrigee"
    await cnam.poster(echec(erreur=LOGICIEL, emise_le=_dans(1), version="4.2.2"))
    rouverte = await cnam.lire(UNE)
    assert (rouverte["statut"], rouverte["rouverte_par"], rouverte["occurrences"]) == ("ouverte", ["4.2.2"], 4)
    assert (await _critere(cnam))["etat"] == "non_atteint"
    ecartee = await _suivre(cnam, MISE_A_L_ECART)
    assert (ecartee["statut"], ecartee["version_corrective"]) == ("ecartee", None)
    critere = await _critere(cnam)
    assert (critere["etat"], critere["etat_avec_ecartees"]) == ("atteint", "non_atteint")
    assert [a["code"] for a in critere["ecartees"]] == ["LOG-1"]
    contestee = await _suivre(editeur, {"statut": "ouverte", "motif": "Nous la contestons."})
    assert [(acte["role"], acte["statut"]) for acte in contestee["historique"]] == [
        ("editeur", "corrigee"),
        ("cnam", "ecartee"),
        ("editeur", "ouverte"),
    ]


async def test_les_traces_la_rouvrent_dans_quelque_ordre_qu_elles_arrivent(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await _declarer(cnam)
    await _suivre(cnam, CORRECTION)
    traces = [
        echec(erreur=LOGICIEL, emise_le=_dans(-2), version="4.2.1", ordonnance="ORDRE"),
        trace(emise_le=_dans(1), version="4.2.2", ordonnance="ORDRE"),
        echec(erreur=LOGICIEL, emise_le=_dans(2), version="4.2.3", ordonnance="ORDRE", numero_am=PILOTES[1]),
    ]
    lues = []
    for ordre in permutations(traces):
        await vider_les_traces(proprietaire)
        for une in ordre:
            await cnam.poster(une)
        lues.append(await cnam.lire(UNE))
    assert (lues[0]["statut"], lues[0]["rouverte_par"]) == ("ouverte", ["4.2.3"])
    assert all(lue == lues[0] for lue in lues)


async def test_une_declaration_ouvre_et_la_meme_ne_change_rien(
    cnam: Service, editeur: Service, proprietaire: asyncpg.Connection
) -> None:
    declaree = await _declarer(editeur)
    assert (declaree["statut"], declaree["libelle"], declaree["origine"], declaree["bloquante"]) == (
        *("ouverte", DECLARATION["libelle"], "logiciel", True),
    )
    assert (declaree["occurrences"], declaree["premiere_le"], declaree["versions"]) == (0, None, [])
    assert (await _critere(cnam))["bloquantes"] == [declaree]
    assert await _declarer(editeur, 200) == declaree
    await _declarer(cnam)  # the Cnam confirms it
    for service in (cnam, editeur):
        assert (await _declarer(service, 200))["statut"] == "ouverte"
    await _suivre(editeur, CORRECTION)
    journal = await compter(proprietaire, "journal")
    for service in (cnam, editeur):
        assert (await _suivre(service, CORRECTION))["statut"] == "corrigee"
    assert await compter(proprietaire, "journal") == journal
    assert await compter(proprietaire, "suite_anomalie") == 3
    encore = await _declarer(cnam)
    assert (encore["statut"], len(encore["historique"])) == ("ouverte", 4)  # it is there again
    autre = await _declarer(cnam, libelle="Écran figé, encore")
    assert (autre["statut"], autre["libelle"], len(autre["historique"])) == ("ouverte", "Écran figé, encore", 5)
    dites = [suite["libelle"] for suite in autre["historique"] if suite["statut"] == "declaree"]
    assert dites == [DECLARATION["libelle"]] * 3 + ["Écran figé, encore"]


async def test_deux_declarations_a_la_fois_n_en_font_qu_une(cnam: Service, editeur: Service) -> None:
    envois = [service.appeler("POST", LISTE, json=DECLARATION) for service in (cnam, editeur) * 4]
    statuts = sorted(reponse.status_code for reponse in await asyncio.gather(*envois))
    assert statuts == [*[200] * 6, 201, 201]
    assert {suite["role"] for suite in (await cnam.lire(UNE))["historique"]} == {"cnam", "editeur"}


async def test_l_editeur_n_attenue_pas_ce_que_la_cnam_a_declare(cnam: Service, editeur: Service) -> None:
    await _declarer(cnam)
    await _declarer(editeur, libelle="Autrement dit")
    for champs in ({"bloquante": False}, {"origine": "poste"}):
        with cas(champs):
            reponse = await editeur.appeler("POST", LISTE, json=DECLARATION | champs)
            verifier_probleme(reponse, 403, "role-insuffisant")
    assert (await _critere(cnam))["etat"] == "non_atteint"
    await _declarer(cnam, bloquante=False)
    await _declarer(editeur, bloquante=False, origine="poste")
    assert (await _critere(cnam))["bloquantes"] == []


async def test_seule_la_cnam_ecarte(cnam: Service, editeur: Service) -> None:
    await _declarer(cnam)
    verifier_probleme(await editeur.appeler("PATCH", UNE, json=MISE_A_L_ECART), 403, "role-insuffisant")
    assert (await cnam.lire(UNE))["statut"] == "ouverte"


async def test_ce_qui_manque_a_une_suite_est_nomme(cnam: Service) -> None:
    await _declarer(cnam)
    for corps, champ in (
        ({"statut": "corrigee"}, "version_corrective"),
        ({"statut": "corrigee", "version_corrective": "x" * 33}, "version_corrective"),
        ({"statut": "corrigee", "version_corrective": ""}, "version_corrective"),
        ({"statut": "corrigee", "version_corrective": NIR}, "version_corrective"),
        ({"statut": "ouverte", "version_corrective": "4.2.2"}, "version_corrective"),
        ({"statut": "ecartee"}, "motif"),
        ({"statut": "ecartee", "motif": " "}, "motif"),
        ({"statut": "ouverte", "motif": f"Voir {PILOTES[0]}."}, "motif"),
        ({"statut": "declaree"}, "statut"),
        ({}, "statut"),
    ):
        with cas(corps):
            probleme = verifier_probleme(await cnam.appeler("PATCH", UNE, json=corps), 422, "corps-invalide")
            assert [faute["champ"] for faute in probleme["erreurs"]] == [champ]
            assert NIR not in str(probleme)
    for champ, valeur in (
        *(("operation", "impression"), ("code", "a b"), ("code", NIR), ("libelle", f"Patient {NIR}")),
        *(("libelle", ""), ("libelle", PILOTES[0]), ("origine", "ciel"), ("bloquante", "oui")),
    ):
        with cas((champ, valeur)):
            reponse = await cnam.appeler("POST", LISTE, json=DECLARATION | {champ: valeur})
            probleme = verifier_probleme(reponse, 422, "corps-invalide")
            assert [faute["champ"] for faute in probleme["erreurs"]] == [champ]
    assert (await cnam.lire(UNE))["historique"][1:] == []


async def test_une_anomalie_que_personne_ne_connait(cnam: Service) -> None:
    for chemin in (UNE, f"{LISTE}/consultation/LOG-1", "/preseries/inconnue/anomalies/execution/LOG-1"):
        with cas(chemin):
            verifier_probleme(await cnam.appeler("GET", chemin), 404, "introuvable")
            verifier_probleme(await cnam.appeler("PATCH", chemin, json=CORRECTION), 404, "introuvable")


async def test_celle_d_un_autre_n_existe_pas(cnam: Service, editeur: Service) -> None:
    await inscrire_rival(cnam)
    autre = "/preseries/rival-lpp/anomalies"
    assert (await cnam.appeler("POST", autre, json=DECLARATION)).status_code == 201
    verifier_probleme(await editeur.appeler("POST", autre, json=DECLARATION), 404, "introuvable")
    for methode, corps in (("GET", None), ("PATCH", CORRECTION)):
        reponse = await editeur.appeler(methode, f"{autre}/execution/LOG-1", json=corps)
        verifier_probleme(reponse, 404, "introuvable")
    assert (await cnam.lire(LISTE))["elements"] == []


async def test_en_preparation_rien_ne_s_y_oppose_et_a_la_fin_tout(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await mettre(proprietaire, statut="preparation")
    await _declarer(cnam)
    await mettre(proprietaire, statut="validee")
    await _suivre(cnam, CORRECTION)
    for statut in ("cloturee", "abandonnee"):
        await mettre(proprietaire, statut=statut)
        verifier_probleme(await cnam.appeler("PATCH", UNE, json={"statut": "ouverte"}), 409, "etape-refusee")
        for libelle in (DECLARATION["libelle"], "Autre"):
            reponse = await cnam.appeler("POST", LISTE, json=DECLARATION | {"libelle": libelle})
            verifier_probleme(reponse, 409, "etape-refusee")
        assert (await _suivre(cnam, CORRECTION))["statut"] == "corrigee"


async def test_les_filtres_de_la_liste_se_combinent(cnam: Service) -> None:
    codes = ("A", "B", "C", "D")
    for code in codes:
        await _declarer(cnam, code=code, bloquante=code != "B", origine="poste" if code == "C" else "logiciel")
    await _suivre(cnam, CORRECTION, f"{LISTE}/execution/A")
    await _suivre(cnam, MISE_A_L_ECART, f"{LISTE}/execution/D")
    for filtre, attendus in (
        ("", "ABCD"),
        ("statut=ouverte", "BC"),
        ("statut=corrigee", "A"),
        ("statut=ecartee&bloquante=true", "D"),
        ("origine=poste", "C"),
        ("statut=ouverte&origine=logiciel&operation=execution", "B"),
        ("operation=consultation", ""),
        ("bloquante=true&limite=1000", "ACD"),
    ):
        with cas(filtre):
            assert [a["code"] for a in (await cnam.lire(f"{LISTE}?{filtre}"))["elements"]] == [*attendus]
    for lien in (await _critere(cnam))["listes"]:
        if lien["lien"].startswith(LISTE):
            assert len((await cnam.lire(lien["lien"]))["elements"]) == lien["nombre"]
    for filtre in ("statut=declaree", "origine=ciel", "apres=A"):
        verifier_probleme(await cnam.appeler("GET", f"{LISTE}?{filtre}"), 422, "corps-invalide")


async def test_telle_que_connue_a_un_instant(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """Instants are moved into the past: what is read has to be 5 seconds old."""
    await cnam.poster(echec(erreur=LOGICIEL, emise_le=_dans(-5)))
    await _suivre(cnam, CORRECTION)
    await _suivre(cnam, {"statut": "ouverte", "motif": "À revoir."})
    await proprietaire.execute("SET session_replication_role = replica")
    for ordre in (
        "UPDATE version_registre SET depuis_le = now() - interval '9 hours'",
        "UPDATE trace SET recue_le = now() - interval '4 hours'",
        "UPDATE suite_anomalie SET le = now() - interval '1 hour' * (5 - id * 2)",
    ):
        await proprietaire.execute(ordre)
    for heures, attendu in ((-5, None), (-3.5, ("ouverte", 0)), (-2, ("corrigee", 1)), (-0.5, ("ouverte", 2))):
        with cas(heures):
            page = await cnam.lire(f"{LISTE}?au={quote(_dans(heures))}")
            lues = [(a["statut"], len(a["historique"])) for a in page["elements"]]
            assert lues == ([attendu] if attendu is not None else [])


async def test_le_journal_dit_qui_et_ne_nomme_aucun_pilote(cnam: Service, editeur: Service) -> None:
    await cnam.poster(echec(erreur=LOGICIEL | {"bloquante": False}, numero_am=PILOTES[1]))
    await _declarer(editeur)
    await _suivre(editeur, CORRECTION)
    corrigee, declaree = (await cnam.lire(f"/journal?preserie={PRESERIE}&objet=anomalie"))["elements"]
    assert [(e["action"], e["code"], e["auteur"]["role"]) for e in (declaree, corrigee)] == [
        ("modification", "LOG-1", "editeur"),
        ("modification", "LOG-1", "editeur"),
    ]
    assert (declaree["avant"]["bloquante"], declaree["apres"]["bloquante"]) == (False, True)
    assert corrigee["avant"] == declaree["apres"]
    assert corrigee["apres"] == corrigee["avant"] | {"statut": "corrigee", "version_corrective": "4.2.2"}
    assert (declaree["personnel"], corrigee["personnel"]) == (None, {"motif": CORRECTION["motif"]})
    assert PILOTES[1] not in str((corrigee, declaree))


async def test_les_mesures_ne_comptent_que_les_ouvertes_dues_au_logiciel(cnam: Service) -> None:
    for code in ("A", "B", "C"):
        await _declarer(cnam, code=code, origine="poste" if code == "C" else "logiciel")
    await _suivre(cnam, CORRECTION, f"{LISTE}/execution/A")
    assert await _ouvertes(cnam) == 1


async def test_la_base_refuse_de_changer_ce_qui_fut_fait(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await _declarer(cnam)
    for ordre in ("UPDATE suite_anomalie SET statut = 'ecartee'", "DELETE FROM suite_anomalie"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await proprietaire.execute(ordre)
