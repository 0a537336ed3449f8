"""GET /traces/consigne: what a workstation is told, cacheable, to its own key only."""

from datetime import UTC, datetime, timedelta

import asyncpg

from app.acces.roles import Role
from tests.contrat.aides import cas, etat_dit, inscrire_rival, mettre, verifier_probleme
from tests.outils import PILOTES, Service

CHEMIN = f"/traces/consigne?logiciel=ortho-plus&numero_am={PILOTES[0]}"


async def test_une_preserie_en_cours_veut_des_traces(poste: Service) -> None:
    consigne = await poste.lire(CHEMIN)
    assert set(consigne) == {"traces_postes", "depuis_le", "prochaine_consultation_s"}
    assert consigne["traces_postes"] == "actives"
    assert consigne["prochaine_consultation_s"] == 900
    depuis = datetime.fromisoformat(consigne["depuis_le"])
    assert timedelta() <= datetime.now(UTC) - depuis < timedelta(minutes=1)


async def test_un_poste_que_nul_ne_connait_n_envoie_rien(cnam: Service) -> None:
    for logiciel, numero_am in (("inconnu", PILOTES[0]), ("ortho-plus", "999999999")):
        consigne = await cnam.lire(f"/traces/consigne?logiciel={logiciel}&numero_am={numero_am}")
        assert consigne == {"traces_postes": "inactives", "depuis_le": None, "prochaine_consultation_s": 900}


async def test_les_etats_se_suivent(poste: Service, proprietaire: asyncpg.Connection) -> None:
    for statut, actives, etat in (
        ("validee", True, "actives"),
        ("validee", False, "desactivees"),
        ("validee", True, "actives"),
        ("cloturee", False, "desactivees"),
        ("abandonnee", False, "inactives"),
        ("preparation", False, "inactives"),
    ):
        await mettre(proprietaire, statut=statut, traces_actives=actives)
        await etat_dit(poste, etat)


async def test_l_etag_evite_de_relire(poste: Service, proprietaire: asyncpg.Connection) -> None:
    premiere = await poste.appeler("GET", CHEMIN)
    etag = premiere.headers["etag"]
    assert etag.strip('W/"')
    for condition in (etag, f"W/{etag}", f'"autre", {etag}', f"{etag},"):
        reponse = await poste.appeler("GET", CHEMIN, headers={"If-None-Match": condition})
        assert reponse.status_code == 304
        assert reponse.content == b""
        assert reponse.headers["etag"] == etag
    assert (await poste.appeler("GET", CHEMIN, headers={"If-None-Match": '"autre"'})).status_code == 200
    await mettre(proprietaire, statut="validee", traces_actives=False)
    await etat_dit(poste, "desactivees")
    changee = await poste.appeler("GET", CHEMIN, headers={"If-None-Match": etag})
    assert changee.status_code == 200
    assert changee.headers["etag"] != etag


async def test_un_meme_etat_depuis_un_autre_instant_est_une_autre_consigne(
    poste: Service, proprietaire: asyncpg.Connection
) -> None:
    avant = (await poste.appeler("GET", CHEMIN)).headers["etag"]
    await mettre(proprietaire, statut="validee", traces_actives=False)
    await etat_dit(poste, "desactivees")
    await mettre(proprietaire, traces_actives=True, traces_depuis_le=datetime(2026, 12, 1, tzinfo=UTC))
    await etat_dit(poste, "actives")
    assert (await poste.appeler("GET", CHEMIN)).headers["etag"] != avant


async def test_la_consigne_se_demande_avec_une_cle_qui_poste(cnam: Service) -> None:
    verifier_probleme(await Service(cnam.client, cnam.application).appeler("GET", CHEMIN), 401)
    for role in (Role.LECTURE, Role.SUPERVISION):
        verifier_probleme(await (await cnam.en(role)).appeler("GET", CHEMIN), 403)
    for role in (Role.EDITEUR, Role.POSTE):
        assert (await (await cnam.en(role, editeur="ortho-soft")).lire(CHEMIN))["traces_postes"] == "actives"


async def test_la_consigne_d_un_autre_ne_se_lit_pas(cnam: Service) -> None:
    await inscrire_rival(cnam)
    rival = await cnam.en(Role.POSTE, editeur="rival")
    verifier_probleme(await rival.appeler("GET", CHEMIN), 403, "logiciel-interdit")
    reservee = await cnam.en(Role.POSTE, editeur="ortho-soft", numero_am=PILOTES[1])
    verifier_probleme(await reservee.appeler("GET", CHEMIN), 403)
    sienne = f"/traces/consigne?logiciel=ortho-plus&numero_am={PILOTES[1]}"
    assert (await reservee.lire(sienne))["traces_postes"] == "actives"


MAL_POSEES = [
    "",
    "logiciel=ortho-plus",
    f"numero_am={PILOTES[0]}",
    f"logiciel=%00&numero_am={PILOTES[0]}",
    "logiciel=ortho-plus&numero_am=%00",
    f"logiciel=%ED%A0%80&numero_am={PILOTES[0]}",
    f"logiciel={'x' * 5000}&numero_am={PILOTES[0]}",
]


async def test_une_question_mal_posee_est_refusee_et_jamais_une_erreur_interne(cnam: Service) -> None:
    for question in MAL_POSEES:
        with cas(question):
            reponse = await cnam.appeler("GET", f"/traces/consigne?{question}")
            verifier_probleme(reponse, 422, "corps-invalide")
