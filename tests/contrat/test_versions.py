"""ETag and If-Match: two people never overwrite each other, and nobody is forced to care."""

from app.acces.roles import Role
from tests.contrat import monde
from tests.contrat.aides import cas, pilote, verifier_probleme
from tests.outils import PILOTES, PRESERIE, Corps, Service, ensemble

SERIE = f"/preseries/{PRESERIE}"
OBJETS: list[tuple[str, Corps]] = [
    ("/editeurs/ortho-soft", {"raison_sociale": "Autre nom", "solution_sesam_vitale": True}),
    ("/modules/mon-ortho", {"editeur": "ortho-soft", "nom": "Autre nom"}),
    ("/logiciels/ortho-plus", monde.LOGICIEL | {"editeur": "ortho-soft", "module": "mon-ortho", "nom": "Autre nom"}),
    (SERIE, {"logiciel": "ortho-plus", "categorie_ps": "lpp", "cpam": ["33", "38"], "fin_prevue_le": "2026-12-24"}),
    (f"{SERIE}/jalons/support", {"le": "2026-09-13"}),
    (f"{SERIE}/pilotes/{PILOTES[0]}", pilote(forme_le="2026-10-11")),
]


async def _etag(service: Service, chemin: str) -> str:
    reponse = await service.appeler("GET", chemin)
    assert reponse.status_code == 200
    return reponse.headers["etag"]


async def _changer(service: Service, chemin: str, corps: Corps, si: str) -> tuple[int, str | None]:
    reponse = await service.appeler("PUT", chemin, json=corps, headers={"If-Match": si})
    if reponse.status_code == 412:
        verifier_probleme(reponse, 412, "version-depassee")
    return reponse.status_code, reponse.headers.get("etag")


async def test_un_objet_n_est_change_que_s_il_est_reste_celui_qu_on_a_lu(cnam: Service) -> None:
    for chemin, corps in OBJETS:
        with cas(chemin):
            lu = await _etag(cnam, chemin)
            statut, change = await _changer(cnam, chemin, corps, lu)
            assert statut == 200
            assert change == await _etag(cnam, chemin) != lu
            avant = await cnam.lire(chemin)
            assert await _changer(cnam, chemin, corps, lu) == (412, None)
            assert await cnam.lire(chemin) == avant
            assert (await _changer(cnam, chemin, corps, f'"autre", {change}'))[0] == 200
            assert (await _changer(cnam, chemin, corps, "*"))[0] == 200


async def test_un_objet_absent_n_a_pas_de_version(cnam: Service) -> None:
    for chemin, corps in (("/editeurs/neuf", OBJETS[0][1]), (f"{SERIE}/pilotes/999999999", pilote(installe_le=None))):
        for si in ("*", '"autre"'):
            assert await _changer(cnam, chemin, corps, si) == (412, None)
        assert (await cnam.appeler("GET", chemin)).status_code == 404


async def test_de_deux_personnes_une_seule_l_emporte(cnam: Service) -> None:
    lu = await _etag(cnam, SERIE)
    decisions = [{"sens": "prolongation", "motif": "À revoir.", "pilotes_max": n} for n in range(7, 15)]
    envois = [cnam.appeler("POST", f"{SERIE}/decision", json=d, headers={"If-Match": lu}) for d in decisions]
    statuts = sorted(reponse.status_code for reponse in await ensemble(*envois))
    assert statuts == [200, *[412] * 7]
    assert len((await cnam.lire(f"{SERIE}/decision"))["elements"]) == 1


async def test_une_etape_prend_la_version_de_sa_preserie(cnam: Service) -> None:
    vieux = await _etag(cnam, SERIE)
    assert (await cnam.appeler("PUT", f"{SERIE}/jalons/support", json={"le": "2026-09-11"})).status_code == 200
    for methode, suite, corps in (
        ("POST", "decision", {"sens": "abandon", "motif": "Assez."}),
        ("PUT", "traces-postes", {"actives": False}),
        ("POST", "cloture", None),
    ):
        with cas(suite):
            reponse = await cnam.appeler(methode, f"{SERIE}/{suite}", json=corps, headers={"If-Match": vieux})
            verifier_probleme(reponse, 412, "version-depassee")
    reponse = await cnam.appeler("POST", f"{SERIE}/demarrage", headers={"If-Match": await _etag(cnam, SERIE)})
    assert reponse.status_code == 200
    assert reponse.headers["etag"] == await _etag(cnam, SERIE)


async def test_ce_qui_est_deja_ainsi_ne_s_ecrit_pas(cnam: Service) -> None:
    """A registry replayed leaves no trace in the journal, and every version as it was."""
    avant = [await _etag(cnam, chemin) for chemin, _ in OBJETS]
    entrees = await cnam.lire("/journal?limite=1000")
    await cnam.inscrire()
    assert [await _etag(cnam, chemin) for chemin, _ in OBJETS] == avant
    assert await cnam.lire("/journal?limite=1000") == entrees


async def test_une_validite_ne_change_pas_la_version_d_un_logiciel(cnam: Service) -> None:
    editeur = await cnam.en(Role.EDITEUR, editeur="ortho-soft")
    assert await _etag(cnam, "/logiciels/ortho-plus") == await _etag(editeur, "/logiciels/ortho-plus")


async def test_une_etape_deja_prise_se_redemande_avec_sa_version_d_alors(cnam: Service) -> None:
    """A lost answer: who asks again is not told that somebody else has acted."""
    lu = await _etag(cnam, SERIE)
    decision = {"sens": "abandon", "motif": "Assez."}
    for _ in range(2):
        reponse = await cnam.appeler("POST", f"{SERIE}/decision", json=decision, headers={"If-Match": lu})
        assert reponse.status_code == 200
        assert reponse.headers["etag"] != lu
    autre = decision | {"motif": "Vraiment."}
    reponse = await cnam.appeler("POST", f"{SERIE}/decision", json=autre, headers={"If-Match": lu})
    verifier_probleme(reponse, 412, "version-depassee")


async def test_une_premiere_inscription_peut_l_exiger(cnam: Service) -> None:
    """« If-None-Match: * »: of two people who create the same object, one only does."""
    chemin, corps = f"{SERIE}/pilotes/999999999", pilote(installe_le=None, installation_prevue_le=None)
    envois = [cnam.appeler("PUT", chemin, json=corps, headers={"If-None-Match": "*"}) for _ in range(5)]
    assert sorted(r.status_code for r in await ensemble(*envois)) == [201, *[412] * 4]
    reponse = await cnam.appeler("PUT", chemin, json=corps, headers={"If-None-Match": '"autre"'})
    verifier_probleme(reponse, 422, "corps-invalide")
