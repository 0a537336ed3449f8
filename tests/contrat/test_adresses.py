"""What stands beside the body: query parameters, media types of the registry, HEAD, conditions."""

from app.acces.roles import Role
from tests.contrat.aides import verifier_probleme
from tests.outils import PRESERIE, Service, trace


async def test_un_parametre_inconnu_est_refuse_plutot_qu_ignore(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    for adresse in (
        f"/bilan/preseries/{PRESERIE}?as_of=2026-10-20T00:00:00Z",
        f"/executions?preserie={PRESERIE}&pilot=389391422",
        "/editeurs?page=2",
        "/sante/vivant?x=1",
    ):
        probleme = verifier_probleme(await cnam.appeler("GET", adresse), 422, "corps-invalide")
        assert "paramètres connus" in probleme["detail"]
    assert (await cnam.lire(f"/executions?preserie={PRESERIE}&pilote=389391422&limite=5"))["elements"] == []


async def test_un_parametre_double_ou_un_filtre_impossible_est_refuse(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    for adresse, champ in (
        ("/executions?preserie={}&enregistree=true&enregistree=false", "enregistree"),
        ("/executions?preserie={0}&preserie={0}", "preserie"),
        ("/executions?preserie={}&type_prescription=imagerie", "type_prescription"),
        ("/traces?preserie={}&operation=vente", "operation"),
        ("/traces?preserie={}&erreur_origine=zz", "erreur_origine"),
        ("/traces?preserie={}&erreur_code=a%20b", "erreur_code"),
        ("/bilan?apres=%C3%A9", "apres"),
        ("/editeurs?apres=A", "apres"),
        ("/preseries/{}/pilotes?apres=ortho", "apres"),
    ):
        reponse = await cnam.appeler("GET", adresse.format(PRESERIE))
        assert verifier_probleme(reponse, 422, "corps-invalide")["erreurs"][0]["champ"] == champ, adresse
    plusieurs = f"/executions?preserie={PRESERIE}&conformite=conforme&conformite=double_envoi"
    assert (await cnam.lire(plusieurs))["elements"] == []


async def test_le_registre_ne_prend_que_du_json(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    corps = b'{"raison_sociale": "Ortho Soft", "solution_sesam_vitale": true}'
    for entetes in (
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "br"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ):
        reponse = await cnam.appeler("PUT", "/editeurs/ortho-soft", content=corps, headers=entetes)
        verifier_probleme(reponse, 415, "type-de-media-refuse")
    entetes = {"Content-Type": "application/json; charset=UTF-8"}
    reponse = await cnam.appeler("PUT", "/editeurs/ortho-soft", content=corps, headers=entetes)
    assert reponse.status_code == 201


async def test_un_instant_ou_un_jour_hors_de_bornes_est_refuse(service: Service) -> None:
    """The ends of the calendar mean infinity to the database's driver."""
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    for instant in ("0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"):
        reponse = await cnam.poster(trace(emise_le=instant))
        assert verifier_probleme(reponse, 422, "trace-invalide")["erreurs"][0]["champ"] == "emise_le"
    for jour in ("0001-01-01", "9999-12-31"):
        reponse = await cnam.appeler("PUT", f"/preseries/{PRESERIE}/jalons/support", json={"le": jour})
        assert verifier_probleme(reponse, 422, "corps-invalide")["erreurs"][0]["champ"] == "le"
    assert (await cnam.poster(trace(emise_le="1970-01-01T00:00:00Z"))).status_code == 201


async def test_la_sante_et_la_description_se_lisent_aussi_par_head(service: Service) -> None:
    for chemin in ("/sante/vivant", "/sante/pret", "/openapi.json", "/docs"):
        reponse = await service.appeler("HEAD", chemin)
        assert (reponse.status_code, reponse.content) == (200, b"")


async def test_une_consigne_quelle_qu_elle_soit_est_deja_connue(service: Service) -> None:
    cnam = await service.en(Role.CNAM)
    await cnam.inscrire()
    adresse = "/traces/consigne?logiciel=ortho-plus&numero_am=389391422"
    assert (await cnam.appeler("GET", adresse, headers={"If-None-Match": "*"})).status_code == 304
