"""One answer per pilote, which it corrects until the bilan is sealed."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from tests.contrat.aides import NIR, cas, compter, mettre, verifier_probleme
from tests.outils import PILOTES, Service, ensemble
from tests.questionnaire.aides import (
    REPONSES,
    bloquee,
    entrees_du_journal,
    inviter_un,
    repondre,
    reponse,
)

N_AM = "38 939-14.22"
MASQUE = "[N° AM masqué]"


async def test_une_reponse_se_donne_se_redit_et_se_corrige(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    jeton = await inviter_un(cnam)
    donnee = await repondre(pilote, jeton, reponse(commentaire="  Bien.  "))
    assert donnee == reponse(commentaire="Bien.") | {"le": donnee["le"]}
    assert await repondre(pilote, jeton, reponse(commentaire="Bien."), 200) == donnee
    assert await repondre(pilote, jeton, reponse(commentaire="Bien.", frein=...), 200) == donnee
    assert (await compter(base, "reponse"), len(await entrees_du_journal(cnam))) == (1, 1)
    corrigee = await repondre(pilote, jeton, bloquee(commentaire=""), 200)
    assert corrigee == bloquee() | {"le": corrigee["le"]}
    assert donnee["le"] <= corrigee["le"]
    assert (await pilote.lire(f"/questionnaire/{jeton}"))["reponse"] == corrigee
    assert await compter(base, "reponse") == 2
    assert [lue["satisfaction"] for lue in (await cnam.lire(REPONSES))["elements"]] == [2]


async def test_le_journal_dit_qu_on_a_repondu_et_rien_de_la_reponse(cnam: Service, pilote: Service) -> None:
    jeton = await inviter_un(cnam)
    await repondre(pilote, jeton, bloquee())
    await repondre(pilote, jeton, bloquee(commentaire="Autre chose."), 200)
    derniere, premiere = await entrees_du_journal(cnam)
    for entree, action in ((premiere, "creation"), (derniere, "modification")):
        assert (entree["action"], entree["auteur"], entree["code"]) == (
            action,
            {"role": "questionnaire", "cle": None},
            None,
        )
        assert (entree["avant"], entree["apres"]) == (None, None)
        assert entree["personnel"] == {"numero_am": PILOTES[0]}


FAUTES: list[tuple[Any, str | None]] = [
    (reponse(satisfaction=0), "satisfaction"),
    (reponse(satisfaction=6), "satisfaction"),
    (reponse(satisfaction="4"), "satisfaction"),
    (reponse(satisfaction=...), "satisfaction"),
    (reponse(operations={"execution": 6}), "operations"),
    (reponse(operations={"execution": True}), "operations"),
    (reponse(operations={"execution": None}), "operations"),
    (reponse(operations={"zq7x9": 3}), "operations"),
    (reponse(operations={"zq7x9": "zq7x9"}), "operations"),
    (reponse(operations=["zq7x9"]), "operations"),
    (reponse(operations=...), "operations"),
    (reponse(frein_bloquant=1), "frein_bloquant"),
    (reponse(frein_bloquant=...), "frein_bloquant"),
    (reponse(frein_bloquant=True), "frein"),
    (reponse(frein_bloquant=True, frein="  "), "frein"),
    (reponse(frein_bloquant=True, frein=...), "frein"),
    (reponse(frein="x" * 2001), "frein"),
    (reponse(commentaire="é" * 2001), "commentaire"),
    (reponse(commentaire="a\0b"), "commentaire"),
    (reponse(commentaire=f"zq7x9 {NIR}"), "commentaire"),
    (reponse(commentaire=["zq7x9"]), "commentaire"),
    (reponse(zq7x9="zq7x9"), None),
]


async def test_une_reponse_mal_remplie_dit_quel_champ(cnam: Service, pilote: Service, base: asyncpg.Connection) -> None:
    jeton = await inviter_un(cnam)
    for corps, champ in FAUTES:
        with cas(corps):
            recue = await pilote.appeler("POST", f"/questionnaire/{jeton}", json=corps)
            refus = verifier_probleme(recue, 422, "corps-invalide")
            assert champ in [faute["champ"] for faute in refus["erreurs"]]
            assert "zq7x9" not in recue.text
            assert NIR not in recue.text
    for brut in (b"", b"{", b"[]", b"null", b'{"satisfaction": 1e400}', b"\xff"):
        with cas(brut):
            entetes = {"Content-Type": "application/json"}
            recue = await pilote.appeler("POST", f"/questionnaire/{jeton}", content=brut, headers=entetes)
            assert recue.status_code in (400, 415, 422), recue.text
    assert await compter(base, "reponse") == 0
    await repondre(pilote, jeton, reponse(commentaire="é" * 2000, operations={}))


async def test_un_lien_inconnu_est_un_404(cnam: Service, pilote: Service) -> None:
    jeton = await inviter_un(cnam)
    for inconnu in (jeton[:-1], jeton + "A", jeton.swapcase(), "x", "%00", "é" * 50, "a" * 5000):
        with cas(inconnu):
            verifier_probleme(await pilote.appeler("GET", f"/questionnaire/{inconnu}"), 404, "introuvable")
            refus = await pilote.appeler("POST", f"/questionnaire/{inconnu}", json=reponse())
            verifier_probleme(refus, 404, "introuvable")


async def test_un_questionnaire_clos_ne_prend_plus_de_reponse(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    jeton = await inviter_un(cnam)
    await repondre(pilote, jeton, reponse())
    for colonnes in ({"bilan_arrete_le": datetime.now(UTC)}, {"statut": "cloturee"}, {"statut": "abandonnee"}):
        with cas(colonnes):
            await mettre(base, **{"bilan_arrete_le": None, "statut": "en_cours"} | colonnes)
            verifier_probleme(await pilote.appeler("GET", f"/questionnaire/{jeton}"), 409, "questionnaire-clos")
            refus = await pilote.appeler("POST", f"/questionnaire/{jeton}", json=reponse(satisfaction=1))
            verifier_probleme(refus, 409, "questionnaire-clos")
    await mettre(base, bilan_arrete_le=None, statut="validee")
    await repondre(pilote, jeton, reponse(satisfaction=1), 200)


async def test_deux_envois_a_la_fois_ne_font_qu_une_reponse(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    jeton = await inviter_un(cnam)
    envois = [pilote.appeler("POST", f"/questionnaire/{jeton}", json=reponse()) for _ in range(20)]
    statuts = sorted(recue.status_code for recue in await ensemble(*envois))
    assert statuts == [200] * 19 + [201]
    assert (await compter(base, "reponse"), len(await entrees_du_journal(cnam))) == (1, 1)


async def test_qui_n_a_pas_d_invitation_n_attend_pas_le_registre(
    cnam: Service, pilote: Service, base: asyncpg.Connection
) -> None:
    await inviter_un(cnam)
    async with base.transaction():
        await base.execute("SELECT * FROM registre FOR UPDATE")
        async with asyncio.timeout(3):
            refus = await pilote.appeler("POST", "/questionnaire/inconnu", json=reponse())
        verifier_probleme(refus, 404)


async def test_un_numero_am_n_est_montre_nulle_part(cnam: Service, pilote: Service, base: asyncpg.Connection) -> None:
    jeton = await inviter_un(cnam)
    corps = reponse(frein_bloquant=True, frein=f"Demandez à {N_AM}.", commentaire="Ou à 3B7580488.")
    donnee = await repondre(pilote, jeton, corps)
    assert (donnee["frein"], donnee["commentaire"]) == (f"Demandez à {MASQUE}.", f"Ou à {MASQUE}.")
    assert await repondre(pilote, jeton, corps, 200) == donnee
    lu = await pilote.lire(f"/questionnaire/{jeton}")
    renvoyee = {champ: valeur for champ, valeur in lu["reponse"].items() if champ != "le"}
    assert await repondre(pilote, jeton, renvoyee, 200) == donnee
    assert await compter(base, "reponse") == 1
    page = await pilote.appeler("GET", f"/questionnaire/{jeton}", headers={"Accept": "text/html"})
    liste = await cnam.appeler("GET", REPONSES)
    for recue in (page, liste):
        assert MASQUE in recue.text
        assert "14.22" not in recue.text
        assert "7580488" not in recue.text
        assert not [numero for numero in PILOTES if numero in recue.text]


@pytest.mark.parametrize("media", ["text/plain", "multipart/form-data; boundary=x", "application/xml"])
async def test_un_autre_media_est_refuse(cnam: Service, pilote: Service, media: str) -> None:
    jeton = await inviter_un(cnam)
    entetes = {"Content-Type": media}
    refus = await pilote.appeler("POST", f"/questionnaire/{jeton}", content=b"x", headers=entetes)
    verifier_probleme(refus, 415, "type-de-media-refuse")
