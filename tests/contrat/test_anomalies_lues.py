"""Anomalies as they are read: lists and their filters, an instant of before, the journal, the metrics."""

from urllib.parse import quote

import asyncpg

from app.acces.roles import Role
from tests.contrat.aides import cas, verifier_probleme
from tests.contrat.anomalies import (
    CORRECTION,
    LISTE,
    LOGICIEL,
    MISE_A_L_ECART,
    critere_anomalies,
    dans,
    declarer,
    suivre,
)
from tests.outils import PILOTES, PRESERIE, Service, echec
from tests.supervision.releves import lire


async def test_les_filtres_de_la_liste_se_combinent(cnam: Service) -> None:
    codes = ("A", "B", "C", "D")
    for code in codes:
        await declarer(cnam, code=code, bloquante=code != "B", origine="poste" if code == "C" else "logiciel")
    await suivre(cnam, CORRECTION, f"{LISTE}/execution/A")
    await suivre(cnam, MISE_A_L_ECART, f"{LISTE}/execution/D")
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
    for lien in (await critere_anomalies(cnam))["listes"]:
        if lien["lien"].startswith(LISTE):
            assert len((await cnam.lire(lien["lien"]))["elements"]) == lien["nombre"]
    for filtre in ("statut=declaree", "origine=ciel", "apres=A"):
        verifier_probleme(await cnam.appeler("GET", f"{LISTE}?{filtre}"), 422, "corps-invalide")


async def test_telle_que_connue_a_un_instant(cnam: Service, proprietaire: asyncpg.Connection) -> None:
    """Instants are moved into the past: what is read has to be 5 seconds old."""
    await cnam.poster(echec(erreur=LOGICIEL, emise_le=dans(-5)))
    await suivre(cnam, CORRECTION)
    await suivre(cnam, {"statut": "ouverte", "motif": "À revoir."})
    await proprietaire.execute("SET session_replication_role = replica")
    for ordre in (
        "UPDATE version_registre SET depuis_le = now() - interval '9 hours'",
        "UPDATE trace SET recue_le = now() - interval '4 hours'",
        "UPDATE suite_anomalie SET le = now() - interval '1 hour' * (5 - id * 2)",
    ):
        await proprietaire.execute(ordre)
    for heures, attendu in ((-5, None), (-3.5, ("ouverte", 0)), (-2, ("corrigee", 1)), (-0.5, ("ouverte", 2))):
        with cas(heures):
            page = await cnam.lire(f"{LISTE}?au={quote(dans(heures))}")
            lues = [(a["statut"], len(a["historique"])) for a in page["elements"]]
            assert lues == ([attendu] if attendu is not None else [])


async def test_le_journal_dit_qui_et_ne_nomme_aucun_pilote(cnam: Service) -> None:
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    await cnam.poster(echec(erreur=LOGICIEL | {"bloquante": False}, numero_am=PILOTES[1]))
    await declarer(editeur)
    await suivre(editeur, CORRECTION)
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


async def _ouvertes(cnam: Service) -> float:
    releve = lire((await cnam.appeler("GET", "/metrics")).text)
    return sum(releve.series("preserie_anomalies_ouvertes").values())


async def test_les_mesures_ne_comptent_que_les_ouvertes_dues_au_logiciel(cnam: Service) -> None:
    for code in ("A", "B", "C"):
        await declarer(cnam, code=code, origine="poste" if code == "C" else "logiciel")
    await suivre(cnam, CORRECTION, f"{LISTE}/execution/A")
    assert await _ouvertes(cnam) == 1
