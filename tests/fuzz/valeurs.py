"""What traces are made of, good and bad, as JSON text. Every text bears a mark that no answer and no log may repeat."""

import json
import random
from uuid import UUID

from tests.outils import PILOTES

MARQUE = "zqx7kw"
CHIFFRES = "735197351"
INCONNU = "975991999"
SECRETS = (MARQUE, CHIFFRES, INCONNU, *PILOTES)
"""What must never come back; the ordonnances bear ``MARQUE``."""
NIR = "185057800608491"
Paires = list[tuple[str, str]]
"""An object as pairs of a key and the JSON text of its value, so that it can say what no dict can."""

_VERSIONS = ("4.2.0", "4.2.1", f"5 {MARQUE}")
_TYPES = ("dispositifs_medicaux", "biologie", "medicaments")
_ORIGINES = ("logiciel", "poste", "reseau", "teleservice", "utilisateur")
HOSTILES = (
    *("null", "true", "false", "0", "-1", "-0", "-0.0", "0.1", "1E+2", "1e400", "-1e400", "1e-400", "01", "0x10", "+1"),
    *(CHIFFRES, f"-{CHIFFRES}", CHIFFRES * 30, CHIFFRES * 600, f"1.{CHIFFRES * 600}", "NaN", "Infinity", "-Infinity"),
    *(str(2**31), str(2**53 + 1), str(2**63 - 1), str(2**63), str(2**64), '""', '" "', f'"{MARQUE}"'),
    *(f'"{MARQUE * 2000}"', f'"{MARQUE}\\u0000"', f'"{MARQUE}\x00"', f'"{MARQUE}\\ud800"', f'"\\udc00\\ud800{MARQUE}"'),
    *(f'"{MARQUE}\\ud83d\\ude00"', f'"{MARQUE}\x1f"', f'"{MARQUE}\\x41"', f'"{MARQUE}\u202e\U0001f600"', f'"{MARQUE}'),
    *(f'"{MARQUE}<script>alert(1)</script>"', f'"{MARQUE}{{0.__class__}}%s%n"', f'"{MARQUE}\\r\\nSet-Cookie: a=b"'),
    *(f'"{NIR}"', f'"{MARQUE} {NIR}"', "[]", "{}", "[[]]", f'["{MARQUE}"]', f'{{"{MARQUE}":"{MARQUE}"}}', '{"":""}'),
    *("[" * 300 + "]" * 300, "[" * 9_000 + "]" * 9_000, '{"a":' * 500 + "1" + "}" * 500, "[" * 2_000, "undefined"),
    *('"2026-13-45T99:00:00Z"', '"2026-10-20T09:12:44"', '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59-12:00"'),
    *('"2026-10-20T24:00:00Z"', '"2016-12-31T23:59:60Z"', '"2026-10-20t09:12:44z"', '"2026-10-20T09:12:44+25:99"'),
    *(f'"2026-10-20T09:12:44.{CHIFFRES * 3}Z"', f'"2026-10-20T09:12:44Z{MARQUE}"', "1792494764", '"1792494764"'),
    *('"{0199a3f0-7c1e-7b2a-9d51-4f5f3b1c2d3e}"', '"urn:uuid:0199a3f0-7c1e-7b2a-9d51-4f5f3b1c2d3e"', '"0199a3f0"'),
    *('"ortho-plus "', '"ORTHO-PLUS"', f'"{MARQUE}-plus"', f'"{INCONNU}"', '"٣٨٩٣٩١٤٢٢"', '"imagerie"', '"transports"'),
    *('"execution"', '"annulation"', '"succes"', '"echec"', f'{{"code":"{MARQUE}","origine":"{MARQUE}"}}'),
    *(f'{{"code":"A","origine":"poste","{MARQUE}":1}}', f'{{"code":"A","code":"{MARQUE}","origine":"poste"}}'),
)
_ETRANGES = (
    MARQUE,
    MARQUE * 3000,
    "",
    "__proto__",
    f"{MARQUE}\\u0000",
    f"{MARQUE}\\ud800",
    "ID",
    "id ",
    "numéro_am",
    "$ref",
)


def valide(hasard: random.Random) -> dict[str, object]:
    """A trace that is recorded, unless its id was used."""
    numero = hasard.randrange(10**6)
    corps: dict[str, object] = {
        "id": str(UUID(int=hasard.getrandbits(128), version=4)),
        "emise_le": f"2026-10-{hasard.randrange(16, 21)}T09:12:{hasard.randrange(60):02}.{numero:06}+02:00",
        "numero_am": hasard.choice(PILOTES),
        "poste": f"poste {MARQUE}",
        "sequence": numero,
        "logiciel": "ortho-plus",
        "version": hasard.choice(_VERSIONS),
        "operation": hasard.choice(("execution", "execution", "consultation", "annulation")),
        "ordonnance": f"{MARQUE}{numero}",
        "type_prescription": hasard.choice(_TYPES),
        "resultat": "succes",
        "scor_envoye": hasard.choice((True, False, None)),
        "duree_ms": hasard.randrange(10_000),
    }
    if hasard.random() < 0.3:
        origine = hasard.choice(_ORIGINES)
        erreur = {"code": f"{MARQUE}-{numero % 8}", "origine": origine, "bloquante": numero % 2 == 0, "message": MARQUE}
        corps |= {"resultat": "echec", "erreur": erreur}
    return corps


def paires(corps: dict[str, object]) -> Paires:
    return [(champ, json.dumps(valeur, ensure_ascii=False)) for champ, valeur in corps.items()]


def alterer(hasard: random.Random, objet: Paires) -> Paires:
    """One field hostile, gone, twice there, renamed, or one too many."""
    place = hasard.randrange(len(objet))
    champ, valeur = objet[place]
    hostile = hasard.choice(HOSTILES)
    change: list[Paires] = [
        [(champ, hostile)],
        [(champ, hostile)],
        [(champ, hostile)],
        [],
        [(champ, valeur), (champ, hostile)],
        [(champ, hostile), (champ, valeur)],
        [(hasard.choice(_ETRANGES), valeur)],
        [(champ, valeur), (hasard.choice(_ETRANGES), hostile)],
    ]
    return objet[:place] + hasard.choice(change) + objet[place + 1 :]


def texte(objet: Paires) -> str:
    return "{" + ",".join(f'"{champ}":{valeur}' for champ, valeur in objet) + "}"
