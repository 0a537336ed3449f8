"""No body of more than 1 MiB or of too slow a sender is read to its end."""

import asyncio

import pytest
from starlette.types import Message, Receive

from app.erreurs import CorpsTropGrand, CorpsTropLent, Surcharge
from app.observabilite import bornes
from app.observabilite.bornes import TAILLE_MAX, Bornes
from tests.observabilite.arrivees import arrivee


async def _tout_lire(receive: Receive, *, longueur: str | None = None, delai_s: float = 5) -> int:
    """How many bytes came through the bounds."""
    entetes = [] if longueur is None else [(b"content-length", longueur.encode())]
    borne = Bornes(delai_s).corps({"type": "http", "headers": entetes}, receive)
    recus = 0
    while (message := await borne())["type"] == "http.request":
        recus += len(message["body"])
        if not message["more_body"]:
            break
    return recus


async def test_un_mebioctet_passe_tout_juste() -> None:
    assert await _tout_lire(arrivee([bytes(TAILLE_MAX)])) == TAILLE_MAX
    assert await _tout_lire(arrivee([bytes(TAILLE_MAX // 4)] * 4), longueur=str(TAILLE_MAX)) == TAILLE_MAX


async def test_un_corps_annonce_trop_grand_n_est_pas_lu() -> None:
    for longueur in (str(TAILLE_MAX + 1), "9" * 12, "9" * 400):
        with pytest.raises(CorpsTropGrand):
            await _tout_lire(arrivee([], silence=True), longueur=longueur)


async def test_un_corps_trop_grand_sans_longueur_est_refuse_en_chemin() -> None:
    for longueur in (None, "10", "-5", "beaucoup", ""):
        with pytest.raises(CorpsTropGrand):
            await _tout_lire(arrivee([bytes(300_000)] * 4, silence=True), longueur=longueur)


async def test_un_octet_de_trop_est_de_trop() -> None:
    with pytest.raises(CorpsTropGrand):
        await _tout_lire(arrivee([bytes(TAILLE_MAX), b"x"]))


async def test_un_envoi_trop_lent_est_interrompu() -> None:
    for morceaux in ([], [b"["], [b"[", b"{"]):
        with pytest.raises(CorpsTropLent) as lent:
            await _tout_lire(arrivee(morceaux, silence=True), delai_s=0.02)
        assert lent.value.entetes["Connection"] == "close"


async def test_le_delai_porte_sur_tout_le_corps() -> None:
    """Not on each piece: one byte a second would hold a connection for days."""
    receive = arrivee([b"x"] * 50)

    async def goutte_a_goutte() -> Message:
        await asyncio.sleep(0.02)
        return await receive()

    with pytest.raises(CorpsTropLent):
        await _tout_lire(goutte_a_goutte, delai_s=0.1)


async def test_le_delai_ne_porte_pas_sur_ce_qui_suit_le_corps() -> None:
    borne = Bornes(0.02).corps({"type": "http", "headers": []}, arrivee([b"[]"]))
    assert (await borne())["body"] == b"[]"
    await asyncio.sleep(0.05)
    assert (await borne())["type"] == "http.disconnect"


async def test_ce_qui_arrive_a_la_fois_est_borne(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of bodies that are not whole; what is whole, or let go of, no longer counts."""
    monkeypatch.setattr(bornes, "INACHEVES_MAX", 350)
    du_service = Bornes(5)
    morceaux = [bytes(100), bytes(100), b""]
    un, autre, entier = (
        du_service.corps({"type": "http", "headers": []}, arrivee(envoi))
        for envoi in (morceaux, morceaux, [bytes(900)])
    )
    await un()
    await autre()
    await un()
    with pytest.raises(Surcharge):
        await autre()
    assert len((await entier())["body"]) == 900
    autre.lacher()
    assert du_service.inacheves == 200
    assert (await un())["more_body"] is False
    un.lacher()
    entier.lacher()
    assert du_service.inacheves == 0
