"""Whole requests as bytes: good and bad bodies in good and bad HTTP."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.fuzz import corps
from tests.fuzz.corps import TOUT, Corps
from tests.fuzz.valeurs import CHIFFRES, MARQUE

DELAI_S = 2.0
"""What the server is told for ``TRACES_POSTES_CORPS_DELAI_S``."""
_ILLISIBLE = frozenset({400})


@dataclass(frozen=True, slots=True)
class Demande:
    """What is sent, piece by piece, and what may come back: at least and at most so many answers."""

    nature: str
    morceaux: tuple[bytes, ...]
    statuts: frozenset[int]
    reponses: tuple[int, int] = (1, 1)
    pause_s: float = 0
    fin: str = ""
    """``ecriture`` closes our side once all is sent, ``abandon`` drops the connection."""


class Requetes:
    """Makes the request of any number, always the same for a seed."""

    def __init__(self, cle: str, graine: int) -> None:
        self._cle = cle.encode()
        self._graine = graine
        self._natures, self._poids = zip(*_NATURES, strict=True)

    def faire(self, numero: int) -> Demande:
        hasard = random.Random(f"{self._graine}-{numero}")
        nature: Nature = hasard.choices(self._natures, self._poids)[0]
        return nature(self, hasard)

    def entete(self, *lignes: bytes, demande: bytes = b"POST /traces HTTP/1.1", media: bool = True) -> bytes:
        communes = [demande, b"Host: x", b"Authorization: Bearer " + self._cle]
        if media:
            communes.append(b"Content-Type: application/json")
        return b"\r\n".join([*communes, *lignes]) + b"\r\n\r\n"

    def entiere(self, envoi: Corps, *lignes: bytes) -> bytes:
        codage = [b"Content-Encoding: gzip"] if envoi.gzip else []
        taille = b"Content-Length: %d" % len(envoi.contenu)
        return self.entete(*codage, taille, *lignes) + envoi.contenu


Nature = Callable[[Requetes, random.Random], Demande]


def _de(fabrique: Callable[[random.Random], Corps]) -> Nature:
    def nature(requetes: Requetes, hasard: random.Random) -> Demande:
        envoi = fabrique(hasard)
        return Demande(fabrique.__name__, (requetes.entiere(envoi),), envoi.statuts)

    return nature


def _longueur(requetes: Requetes, hasard: random.Random) -> Demande:
    """A Content-Length that is not the body's."""
    contenu = b'["' + MARQUE.encode() + b'"]'
    taille = len(contenu)
    dites: list[tuple[bytes, tuple[int, int], str]] = [
        (b"Content-Length: %d" % (taille - 3), (1, 2), ""),
        (b"Content-Length: %d" % (taille + 5), (0, 1), "ecriture"),
        (b"Content-Length: -1", (1, 1), ""),
        (b"Content-Length: " + MARQUE.encode(), (1, 1), ""),
        (b"Content-Length: 0x10", (1, 1), ""),
        (b"Content-Length: 1" + b"0" * 30, (1, 1), ""),
        (b"Content-Length:", (1, 2), ""),
        (b"Content-Length: %d\r\nContent-Length: %d" % (taille, taille - 1), (1, 1), ""),
        (b"Content-Length: %d\r\nTransfer-Encoding: chunked" % taille, (1, 2), ""),
        (b"Content-Length: %d" % (1 << 40), (1, 1), ""),
    ]
    ligne, reponses, fin = hasard.choice(dites)
    return Demande("longueur", (requetes.entete(ligne) + contenu,), frozenset({400, 413}), reponses, fin=fin)


def _morcelee(requetes: Requetes, hasard: random.Random) -> Demande:
    """Chunks, small and many, as they should be."""
    envoi = hasard.choice((corps.une_valide, corps.mutee, corps.tableau))(hasard)
    reste, bouts = envoi.contenu, []
    while reste:
        taille = hasard.choice((1, 7, 100, 4_000, 100_000))
        bout, reste = reste[:taille], reste[taille:]
        bouts.append(b"%x%s\r\n%s\r\n" % (len(bout), hasard.choice((b"", b";a=b", b';x="y"')), bout))
        if len(bouts) > 300:
            bouts.append(b"%x\r\n%s\r\n" % (len(reste), reste) if reste else b"")
            break
    fin = hasard.choice((b"0\r\n\r\n", b"000\r\n\r\n", b"0\r\nX-Fin: 1\r\n\r\n"))
    tete = requetes.entete(b"Transfer-Encoding: chunked")
    return Demande("morcelee", (tete, b"".join(bouts), fin), envoi.statuts)


def _mal_morcelee(requetes: Requetes, hasard: random.Random) -> Demande:
    mauvais = hasard.choice(
        (
            b"zz\r\n[]\r\n0\r\n\r\n",
            b"-2\r\n[]\r\n0\r\n\r\n",
            b"2[]\r\n0\r\n\r\n",
            b"1\r\n[]\r\n0\r\n\r\n",
            b"ffffffffffffffffff\r\n[]\r\n",
            b"2 \r" + MARQUE.encode(),
            b"\r\n\r\n\r\n",
        )
    )
    return Demande("mal_morcelee", (requetes.entete(b"Transfer-Encoding: chunked") + mauvais,), _ILLISIBLE)


def _lente(requetes: Requetes, hasard: random.Random) -> Demande:
    """Drop by drop: in time, or not."""
    entiere = requetes.entiere(corps.une_valide(hasard))
    debut = entiere.index(b"\r\n\r\n") + 4
    pas = (len(entiere) - debut) // 8 + 1
    gouttes = tuple(entiere[i : i + pas] for i in range(debut, len(entiere), pas))
    a_temps = hasard.random() < 0.5
    statuts = frozenset({201}) if a_temps else frozenset({408})
    return Demande("lente", (entiere[:debut], *gouttes), statuts, pause_s=DELAI_S * (0.02 if a_temps else 0.2))


def _media(requetes: Requetes, hasard: random.Random) -> Demande:
    mauvais = hasard.choice(
        (
            b"Content-Type: text/" + MARQUE.encode(),
            b"Content-Type: application/json; charset=" + MARQUE.encode(),
            b"Content-Type: application/x-www-form-urlencoded",
            b"Content-Type: multipart/form-data; boundary=" + MARQUE.encode(),
            b"Content-Type: \xff\xfe",
            b"Content-Type:",
            b"Content-Type: application/json\r\nContent-Encoding: " + MARQUE.encode(),
            b"Content-Type: application/json\r\nContent-Encoding: gzip, gzip",
            b"Content-Type: application/json\r\nContent-Encoding: br",
        )
    )
    tete = requetes.entete(mauvais, b"Content-Length: 2", media=False)
    return Demande("media", (tete + b"[]",), frozenset({415}))


def _entetes(requetes: Requetes, hasard: random.Random) -> Demande:
    marque = MARQUE.encode()
    bonnes = (
        b"X-" + marque + b": " + marque * 100,
        b"X: " + bytes(hasard.randrange(0x80, 0x100) for _ in range(30)),
        b"Expect: 100-continue",
        b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk",
        b"Forwarded: for=" + marque + b"\r\nX-Forwarded-Proto: " + marque,
        b"X-Request-Id: " + marque + b"\r\nTraceparent: 00-" + marque,
        b"\r\n".join(b"X-%d: %s" % (i, marque) for i in range(500)),
        b"Cookie: " + marque * 500,
        b"Range: bytes=0-" + CHIFFRES.encode(),
    )
    envoi = Corps(b"[]", statuts=frozenset({200}))
    return Demande("entetes", (requetes.entiere(envoi, hasard.choice(bonnes)),), envoi.statuts)


def _entetes_mauvais(requetes: Requetes, hasard: random.Random) -> Demande:
    marque = MARQUE.encode()
    mauvaises = (
        b"X: " + marque * 12_000,
        b"\r\n".join(b"X-%d: %s" % (i, marque) for i in range(30_000)),
        b"X\x00" + marque + b": 1",
        marque,
        b": " + marque,
        b"X : " + marque,
        b"X: a\x00" + marque,
    )
    tete = requetes.entete(b"Content-Length: 2", hasard.choice(mauvaises))
    return Demande("entetes_mauvais", (tete + b"[]",), frozenset({400, 431}), (1, 2))


def _ligne(requetes: Requetes, hasard: random.Random) -> Demande:
    """A request line that is wrong, or of another version or protocol."""
    marque = MARQUE.encode()
    lignes = (
        b"post /traces HTTP/1.1",
        marque.upper() + b" /traces HTTP/1.1",
        b"POST /traces HTTP/9.9",
        b"POST /traces",
        b"POST  HTTP/1.1",
        b"POST /traces HTTP/1.1 " + marque,
        b"PRI * HTTP/2.0",
        b"\x16\x03\x01\x02" + marque,
        b"CONNECT " + marque + b":443 HTTP/1.1",
        b"GET /" + marque + b" HTTP/1.1",
        b"GET /editeurs/" + marque + b" HTTP/1.1",
        b"PUT /editeurs/%00" + marque + b" HTTP/1.1",
        b"DELETE /traces HTTP/1.1",
        b"GET /traces/consigne?logiciel=" + marque + b"&numero_am=" + marque + b" HTTP/1.1",
        b"GET /executions?preserie=" + marque + b"&apres=%ff%00 HTTP/1.1",
        b"GET /" + b"a" * 60_000 + b" HTTP/1.1",
        b"GET http://" + marque + b"/" + marque + b" HTTP/1.1",
        b"GET //" + marque + b"/..%2f..%2f HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
    )
    tete = requetes.entete(b"Connection: close", demande=hasard.choice(lignes))
    return Demande("ligne", (tete,), frozenset({400, 403, 404, 405, 422, 431}))


def _cle(requetes: Requetes, hasard: random.Random) -> Demande:
    marque = MARQUE.encode()
    cles = (
        b"Authorization: Bearer " + marque,
        b"Authorization: Bearer " + marque * 100,
        b"Authorization: Basic " + marque,
        b"Authorization: " + bytes(hasard.randrange(0x80, 0x100) for _ in range(20)) + marque,
        b"Authorization:",
        b"X: 1",
    )
    tete = b"POST /traces HTTP/1.1\r\nHost: x\r\n" + hasard.choice(cles) + b"\r\nContent-Length: 2\r\n\r\n"
    return Demande("cle", (tete + b"[]",), frozenset({401}))


def _a_la_file(requetes: Requetes, hasard: random.Random) -> Demande:
    """Several requests before the first answer."""
    envois = [hasard.choice((corps.une_valide, corps.mutee))(hasard) for _ in range(hasard.randrange(2, 12))]
    tout = b"".join(requetes.entiere(envoi) for envoi in envois)
    coupe = hasard.randrange(len(tout))
    return Demande("a_la_file", (tout[:coupe], tout[coupe:]), TOUT, (len(envois), len(envois)))


def _fermee(requetes: Requetes, hasard: random.Random) -> Demande:
    """Cut before the end: no answer can be asked for, and the server must live on."""
    entiere = requetes.entiere(corps.une_valide(hasard))
    coupe = hasard.randrange(len(entiere))
    fin = hasard.choice(("ecriture", "abandon"))
    return Demande("fermee", (entiere[:coupe],), frozenset({400}), (0, 1), fin=fin)


def _demi_fermee(requetes: Requetes, _: random.Random) -> Demande:
    """Whole, then our side is closed: the answer still comes."""
    return Demande("demi_fermee", (requetes.entiere(Corps(b"[]")),), frozenset({200}), (1, 1), fin="ecriture")


def _suivie(requetes: Requetes, hasard: random.Random) -> Demande:
    """Whole, then what is no request: one 400 may stand for both, so that nothing is sent that would be kept."""
    suite = hasard.choice((MARQUE.encode(), b"\x00\r\n\r\n", b"]]]]", hasard.randbytes(20)))
    return Demande("suivie", (requetes.entiere(Corps(b"[]")) + suite,), frozenset({200, 400}), (1, 2))


def _refusee_puis_suite(requetes: Requetes, hasard: random.Random) -> Demande:
    """A body too large, refused before it was all sent, then a good request on the same connection."""
    gros = b" " * (corps.MIO + hasard.randrange(1, corps.MIO))
    morceau = b"%x\r\n%s\r\n0\r\n\r\n" % (len(gros), gros)
    tete = requetes.entete(b"Content-Length: %d" % len(gros)) + gros
    debut = tete if hasard.random() < 0.5 else requetes.entete(b"Transfer-Encoding: chunked") + morceau
    suite = requetes.entiere(Corps(b"[]"))
    return Demande("refusee_puis_suite", (debut, suite), frozenset({200, 413}), (2, 2))


_NATURES: Sequence[tuple[Nature, float]] = (
    *((_de(fabrique), poids) for fabrique, poids in (
        (corps.une_valide, 6), (corps.mutee, 24), (corps.tableau, 14), (corps.repetee, 4), (corps.profonde, 2),
        (corps.nue, 6), (corps.encodee, 3), (corps.binaire, 10), (corps.hasardeuse, 3), (corps.limite_taille, 0.4),
        (corps.limite_nombre, 0.4), (corps.gzippee, 6),
    )),
    (_longueur, 3), (_morcelee, 4), (_mal_morcelee, 2), (_lente, 0.5), (_media, 3), (_entetes, 3),
    (_entetes_mauvais, 1), (_ligne, 3), (_cle, 2), (_a_la_file, 2), (_fermee, 2), (_demi_fermee, 1),
    (_suivie, 1), (_refusee_puis_suite, 0.3),
)  # fmt: skip
