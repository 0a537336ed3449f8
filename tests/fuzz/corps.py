"""Bodies of ``POST /traces``: mutated traces, JSON that is hardly JSON, gzip that is hardly gzip, bytes at random."""

import gzip
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tests.fuzz.valeurs import HOSTILES, MARQUE, alterer, paires, texte, valide

MIO = 1024 * 1024
TOUT = frozenset({200, 201, 400, 403, 409, 410, 413, 415, 422})
_MALADES = frozenset({400, 422})


@dataclass(frozen=True, slots=True)
class Corps:
    """A body, whether it is said to be gzip, and the statuses that may answer it."""

    contenu: bytes
    gzip: bool = False
    statuts: frozenset[int] = TOUT


def une_valide(hasard: random.Random) -> Corps:
    return Corps(_octets(json.dumps(valide(hasard))), statuts=frozenset({200, 201}))


def _octets(document: str) -> bytes:
    return document.encode("utf-8", "surrogatepass")


def _alteree(hasard: random.Random) -> str:
    objet = paires(valide(hasard))
    for _ in range(hasard.choice((1, 1, 1, 2, 5))):
        objet = alterer(hasard, objet) or objet
    return texte(objet)


def mutee(hasard: random.Random) -> Corps:
    return Corps(_octets(_alteree(hasard)))


def tableau(hasard: random.Random) -> Corps:
    """Valid neighbours around mutated traces and things that are no traces."""
    elements = [
        hasard.choice((_alteree, lambda h: json.dumps(valide(h)), lambda h: h.choice(HOSTILES)))(hasard)
        for _ in range(hasard.randrange(12))
    ]
    return Corps(_octets("[" + ",".join(elements) + "]"), statuts=frozenset({200, 400}))


def repetee(hasard: random.Random) -> Corps:
    """The same trace twice, then its id with another content."""
    une = valide(hasard)
    autre = une | {"duree_ms": 10_001}
    return Corps(_octets(json.dumps([une, une, autre, une])), statuts=frozenset({200}))


def profonde(hasard: random.Random) -> Corps:
    profondeur = hasard.choice((100, 1_000, 20_000, 100_000))
    ouvre, ferme = hasard.choice((("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")))
    fermes = hasard.choice((0, profondeur // 2, profondeur))
    return Corps(_octets(ouvre * profondeur + hasard.choice(("", "1")) + ferme * fermes), statuts=TOUT)


def nue(hasard: random.Random) -> Corps:
    """No object at all, or nothing but white space."""
    document = hasard.choice((*HOSTILES, "", " \t\r\n", "nul", "{", "}", "[,]", "[1,]", "{} {}", "[] []", "//", "'a'"))
    return Corps(_octets(document))


def encodee(hasard: random.Random) -> Corps:
    """Not UTF-8, or UTF-8 behind a mark."""
    document = json.dumps(valide(hasard) | {"poste": f"é{MARQUE}"}, ensure_ascii=False)
    codage = hasard.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp037"))
    return Corps(document.encode(codage), statuts=_MALADES)


def binaire(hasard: random.Random) -> Corps:
    """A valid body with some bytes flipped, cut, doubled or inserted."""
    contenu = bytearray(_octets(json.dumps([valide(hasard) for _ in range(hasard.randrange(1, 4))])))
    for _ in range(hasard.randrange(1, 6)):
        place = hasard.randrange(len(contenu) + 1)
        bout = hasard.randrange(30)
        geste = hasard.randrange(5)
        if geste == 0 and place < len(contenu):
            contenu[place] ^= 1 << hasard.randrange(8)
        elif geste == 1:
            contenu[place:place] = hasard.randbytes(bout)
        elif geste == 2:
            del contenu[place : place + bout]
        elif geste == 3:
            contenu[place:place] = contenu[place : place + bout]
        else:
            del contenu[place:]
    return Corps(bytes(contenu))


def hasardeuse(hasard: random.Random) -> Corps:
    return Corps(hasard.randbytes(hasard.randrange(2_000)), gzip=hasard.random() < 0.5)


def limite_taille(hasard: random.Random) -> Corps:
    """One byte less than 1 MiB, 1 MiB, one byte more; plain or gzipped."""
    taille = MIO + hasard.randrange(-1, 2)
    contenu = json.dumps([valide(hasard)]).encode().ljust(taille)
    statuts = frozenset({413}) if taille > MIO else frozenset({200})
    return Corps(gzip.compress(contenu, 1), True, statuts) if hasard.random() < 0.5 else Corps(contenu, False, statuts)


def limite_nombre(hasard: random.Random) -> Corps:
    nombre = 1_000 + hasard.randrange(-1, 2)
    contenu = b"[" + b",".join([hasard.choice((b"1", b"{}", b'"a"', b"[]"))] * nombre) + b"]"
    return Corps(contenu, statuts=frozenset({413}) if nombre > 1_000 else frozenset({200}))


@cache
def bombe(mio: int, couches: int) -> bytes:
    """So many MiB of spaces, gzipped so many times."""
    compresseur = zlib.compressobj(9, wbits=31)
    contenu = b"".join(compresseur.compress(b" " * MIO) for _ in range(mio)) + compresseur.flush()
    for _ in range(couches - 1):
        contenu = gzip.compress(contenu)
    return contenu


def gzippee(hasard: random.Random) -> Corps:
    """Gzip as it should be, in members, cut, corrupted, nested, followed by something, or not gzip at all."""
    contenu = _octets(json.dumps([valide(hasard), {"id": MARQUE}]))
    serre = gzip.compress(contenu, 1)
    coupe = hasard.randrange(1, len(serre))
    gate = bytearray(serre)
    gate[coupe] ^= 1 << hasard.randrange(8)
    membres = hasard.choice((2, 50, 100, 101, 5_000))
    bien, mal, gros = frozenset({200}), frozenset({400}), frozenset({413})
    cas: list[Callable[[], Corps]] = [
        lambda: Corps(serre, True, bien),
        lambda: Corps(gzip.compress(contenu[:coupe]) + gzip.compress(contenu[coupe:]), True, bien),
        lambda: Corps(serre[:coupe], True, mal),
        lambda: Corps(bytes(gate), True),
        lambda: Corps(serre + hasard.randbytes(5), True, mal),
        lambda: Corps(gzip.compress(serre), True, mal),
        lambda: Corps(contenu, True, mal),
        lambda: Corps(serre, False, mal),
        lambda: Corps(zlib.compress(contenu), True, mal),
        lambda: Corps(b"", True, mal),
        lambda: Corps(gzip.compress(b"") * membres + serre, True, bien if membres < 100 else mal),
        lambda: Corps(bombe(200, 1), True, gros),
        lambda: Corps(bombe(200, 2), True, frozenset({400, 413})),
    ]
    return hasard.choice(cas)()
