"""Request bytes, made before the clock starts.

A request is kept cut at each place where its number goes (in every id and every ordonnance), so that making
the next distinct request of up to 1,000 traces is one `bytes.join`. The ids are spread like random UUIDs:
their first digits differ from trace to trace and do not grow with time, so that no contender gains from an
ordered index. The traces of one array mix all the pilotes, days and versions, which is harder than what one
workstation sends.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from bench.registre import JOURS_OBSERVES, LOGICIEL, PILOTES

NUMERO = "@NUMERO12345"
_LARGEUR = 12
assert len(NUMERO) == _LARGEUR

_VERSIONS = ("4.2.1",) * 62 + ("4.2.0",) * 37 + ("4.1.9",)
_TYPES = ("dispositifs_medicaux",) * 87 + ("medicaments",) * 9 + ("kinesitherapie",) * 4
_ERREURS = (
    {"code": "TLS-0042", "origine": "teleservice", "bloquante": False, "message": "délai dépassé"},
    {"code": "RES-0003", "origine": "reseau", "bloquante": False, "message": "échec de l'appel"},
    {"code": "UTI-0007", "origine": "utilisateur"},
)
_PART_ECHECS = 0.04
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class Cible:
    """Where the requests go."""

    port: int
    cle: str | None = None
    hote: str = "127.0.0.1"
    chemin: str = "/traces"
    entete: str = ""
    """One more line of the head."""


@dataclass(frozen=True)
class Gabarit:
    """One HTTP request, cut where its number goes."""

    morceaux: tuple[bytes, ...]
    taille: int
    numero: bytes = b"%012d"

    def requete(self, numero: int) -> bytes:
        return (self.numero % numero).join(self.morceaux)


def traces(alea: Random, aujourd_hui: date, logiciel: str = LOGICIEL) -> Iterator[dict[str, Any]]:
    """Endless consultations, each followed by its execution; a failed one is tried again."""
    sequence = 0
    echec = False
    ordonnance = numero_am = ""
    while True:
        if not echec:
            ordonnance = "".join(alea.choices(_ALPHABET, k=8)) + NUMERO
            numero_am = alea.choice(PILOTES)
        echec = not echec and alea.random() < _PART_ECHECS
        jour = aujourd_hui - timedelta(days=alea.randint(1, JOURS_OBSERVES))
        emise_le = datetime.combine(jour, time(8, tzinfo=UTC)) + timedelta(seconds=alea.randrange(36_000))
        for operation in ("consultation", "execution"):
            sequence += 1
            emise_le += timedelta(milliseconds=alea.randint(5_000, 60_000))
            yield {
                "id": _identifiant(alea),
                "emise_le": emise_le.isoformat(timespec="milliseconds"),
                "numero_am": numero_am,
                "poste": f"poste-{alea.randint(1, 2)}",
                "sequence": sequence,
                "logiciel": logiciel,
                "version": alea.choice(_VERSIONS),
                "operation": operation,
                "ordonnance": ordonnance,
                **(_suite_execution(alea, echec) if operation == "execution" else {"resultat": "succes"}),
                "duree_ms": alea.randint(150, 2500),
            }


def _suite_execution(alea: Random, echec: bool) -> dict[str, Any]:
    suite: dict[str, Any] = {
        "type_prescription": alea.choice(_TYPES),
        "resultat": "echec" if echec else "succes",
        "scor_envoye": alea.random() < 0.4,
    }
    if echec:
        suite["erreur"] = alea.choice(_ERREURS)
    return suite


def _identifiant(alea: Random) -> str:
    chiffres = f"{alea.getrandbits(56):014x}"
    return f"{chiffres[:8]}-{chiffres[8:12]}-4{chiffres[12:]}0-a{alea.getrandbits(12):03x}-{NUMERO}"


def gabarits(cible: Cible, *, taille: int, nombre: int, graine: int, logiciel: str = LOGICIEL) -> list[Gabarit]:
    """`nombre` different requests of `taille` traces: an object for 1, an array for more."""
    alea = Random(graine)  # noqa: S311 (test data, not a secret)
    suite = traces(alea, datetime.now(UTC).date(), logiciel)
    resultat = []
    for _ in range(nombre):
        contenu: Any = next(suite) if taille == 1 else [next(suite) for _ in range(taille)]
        corps = json.dumps(contenu, ensure_ascii=False, separators=(",", ":")).encode()
        requete = entete(cible, "application/json", len(corps)) + corps
        resultat.append(Gabarit(tuple(requete.split(NUMERO.encode())), taille))
    return resultat


def entete(cible: Cible, genre: str, longueur: int) -> bytes:
    """The head of a request whose body has this type and length."""
    autorisation = f"Authorization: Bearer {cible.cle}" if cible.cle else ""
    autres = "".join(f"{ligne}\r\n" for ligne in (autorisation, cible.entete) if ligne)
    return (
        f"POST {cible.chemin} HTTP/1.1\r\nHost: {cible.hote}\r\n{autres}"
        f"Content-Type: {genre}\r\nContent-Length: {longueur}\r\n\r\n"
    ).encode("ascii")
