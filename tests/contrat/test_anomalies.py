"""Anomalies over HTTP: opened by traces, declared, corrected, set aside, reopened; what was done stays."""

from itertools import permutations

import asyncpg
import pytest

from app.acces.roles import Role
from tests.contrat.aides import NIR, cas, compter, inscrire_rival, mettre, verifier_probleme
from tests.contrat.anomalies import (
    CORRECTION,
    DECLARATION,
    LISTE,
    LOGICIEL,
    MISE_A_L_ECART,
    UNE,
    critere_anomalies,
    dans,
    declarer,
    suivre,
)
from tests.outils import PILOTES, Service, echec, ensemble, trace, vider_les_traces


@pytest.fixture
async def editeur(cnam: Service) -> Service:
    return await cnam.en(Role.EDITEUR, editeur="ortho-soft")


async def _reussir(cnam: Service) -> None:
    """Each required operation, long ago."""
    for operation in ("execution", "consultation"):
        await cnam.poster(trace(operation=operation))


async def test_la_vie_d_une_anomalie(cnam: Service, editeur: Service) -> None:
    await _reussir(cnam)
    await cnam.poster(echec(erreur=LOGICIEL, emise_le=dans(-5), version="4.2.1", numero_am=PILOTES[1]))
    vue = await cnam.lire(UNE)
    assert (vue["statut"], vue["occurrences"], vue["versions"], vue["pilotes"], vue["historique"]) == (
        *("ouverte", 1, ["4.2.1"], [PILOTES[1]], []),
    )
    assert (await critere_anomalies(cnam))["etat"] == "non_atteint"
    corrigee = await suivre(editeur, CORRECTION)
    assert (corrigee["statut"], corrigee["version_corrective"], corrigee["motif"]) == (
        *("corrigee", "4.2.2", CORRECTION["motif"]),
    )
    assert (await critere_anomalies(cnam))["etat"] == "atteint"
    await cnam.poster(echec(erreur=LOGICIEL, emise_le=dans(1), version="4.2.1"))
    await cnam.poster(echec(erreur=LOGICIEL, emise_le=dans(-1), version="4.2.2"))
    assert (await cnam.lire(UNE))["statut"] == "corrigee"
    await cnam.poster(echec(erreur=LOGICIEL, emise_le=dans(1), version="4.2.2"))
    rouverte = await cnam.lire(UNE)
    assert (rouverte["statut"], rouverte["rouverte_par"], rouverte["occurrences"]) == ("ouverte", ["4.2.2"], 4)
    assert (await critere_anomalies(cnam))["etat"] == "non_atteint"
    ecartee = await suivre(cnam, MISE_A_L_ECART)
    assert (ecartee["statut"], ecartee["version_corrective"]) == ("ecartee", None)
    critere = await critere_anomalies(cnam)
    assert (critere["etat"], critere["etat_avec_ecartees"]) == ("atteint", "non_atteint")
    assert [a["code"] for a in critere["ecartees"]] == ["LOG-1"]
    contestee = await suivre(editeur, {"statut": "ouverte", "motif": "Nous la contestons."})
    assert [(acte["role"], acte["statut"]) for acte in contestee["historique"]] == [
        ("editeur", "corrigee"),
        ("cnam", "ecartee"),
        ("editeur", "ouverte"),
    ]


async def test_les_traces_la_rouvrent_dans_quelque_ordre_qu_elles_arrivent(
    cnam: Service, proprietaire: asyncpg.Connection
) -> None:
    await declarer(cnam)
    await suivre(cnam, CORRECTION)
    traces = [
        echec(erreur=LOGICIEL, emise_le=dans(-2), version="4.2.1", ordonnance="ORDRE"),
        trace(emise_le=dans(1), version="4.2.2", ordonnance="ORDRE"),
        echec(erreur=LOGICIEL, emise_le=dans(2), version="4.2.3", ordonnance="ORDRE", numero_am=PILOTES[1]),
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
    declaree = await declarer(editeur)
    assert (declaree["statut"], declaree["libelle"], declaree["origine"], declaree["bloquante"]) == (
        *("ouverte", DECLARATION["libelle"], "logiciel", True),
    )
    assert (declaree["occurrences"], declaree["premiere_le"], declaree["versions"]) == (0, None, [])
    assert (await critere_anomalies(cnam))["bloquantes"] == [declaree]
    assert await declarer(editeur, 200) == declaree
    await declarer(cnam)  # the Cnam confirms it
    for service in (cnam, editeur):
        assert (await declarer(service, 200))["statut"] == "ouverte"
    await suivre(editeur, CORRECTION)
    journal = await compter(proprietaire, "journal")
    for service in (cnam, editeur):
        assert (await suivre(service, CORRECTION))["statut"] == "corrigee"
    assert await compter(proprietaire, "journal") == journal
    assert await compter(proprietaire, "suite_anomalie") == 3
    encore = await declarer(cnam)
    assert (encore["statut"], len(encore["historique"])) == ("ouverte", 4)  # it is there again
    autre = await declarer(cnam, libelle="Écran figé, encore")
    assert (autre["statut"], autre["libelle"], len(autre["historique"])) == ("ouverte", "Écran figé, encore", 5)
    dites = [suite["libelle"] for suite in autre["historique"] if suite["statut"] == "declaree"]
    assert dites == [DECLARATION["libelle"]] * 3 + ["Écran figé, encore"]


async def test_deux_declarations_a_la_fois_n_en_font_qu_une(cnam: Service, editeur: Service) -> None:
    envois = [service.appeler("POST", LISTE, json=DECLARATION) for service in (cnam, editeur) * 4]
    statuts = sorted(reponse.status_code for reponse in await ensemble(*envois))
    assert statuts == [*[200] * 6, 201, 201]
    assert {suite["role"] for suite in (await cnam.lire(UNE))["historique"]} == {"cnam", "editeur"}


async def test_l_editeur_n_attenue_pas_ce_que_la_cnam_a_declare(cnam: Service, editeur: Service) -> None:
    await declarer(cnam)
    await declarer(editeur, libelle="Autrement dit")
    for champs in ({"bloquante": False}, {"origine": "poste"}):
        with cas(champs):
            reponse = await editeur.appeler("POST", LISTE, json=DECLARATION | champs)
            verifier_probleme(reponse, 403, "role-insuffisant")
    assert (await critere_anomalies(cnam))["etat"] == "non_atteint"
    await declarer(cnam, bloquante=False)
    await declarer(editeur, bloquante=False, origine="poste")
    assert (await critere_anomalies(cnam))["bloquantes"] == []


async def test_seule_la_cnam_ecarte(cnam: Service, editeur: Service) -> None:
    await declarer(cnam)
    verifier_probleme(await editeur.appeler("PATCH", UNE, json=MISE_A_L_ECART), 403, "role-insuffisant")
    assert (await cnam.lire(UNE))["statut"] == "ouverte"


async def test_ce_qui_manque_a_une_suite_est_nomme(cnam: Service) -> None:
    await declarer(cnam)
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
    await declarer(cnam)
    await mettre(proprietaire, statut="validee")
    await suivre(cnam, CORRECTION)
    for statut in ("cloturee", "abandonnee"):
        await mettre(proprietaire, statut=statut)
        verifier_probleme(await cnam.appeler("PATCH", UNE, json={"statut": "ouverte"}), 409, "etape-refusee")
        for libelle in (DECLARATION["libelle"], "Autre"):
            reponse = await cnam.appeler("POST", LISTE, json=DECLARATION | {"libelle": libelle})
            verifier_probleme(reponse, 409, "etape-refusee")
        assert (await suivre(cnam, CORRECTION))["statut"] == "corrigee"


async def test_la_base_refuse_de_changer_ce_qui_fut_fait(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    await declarer(cnam)
    for ordre in ("UPDATE suite_anomalie SET statut = 'ecartee'", "DELETE FROM suite_anomalie"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await proprietaire.execute(ordre)
