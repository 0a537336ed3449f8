"""A workstation's program, for tests to stop at any moment: says each number once it is promised.

`+n`: deposited. `-n`: about to be removed, as if the service had answered.
"""

import os
import random
import sys

from app.poste import Resultat, Spool
from app.poste.lots import Lot


def dire(signe: str, numeros: list[int]) -> None:
    os.write(1, "".join(f"{signe}{numero}\n" for numero in numeros).encode())


def main(chemin: str) -> None:
    os.write(1, b"debut\n")
    with Spool(chemin) as spool:
        while True:
            if random.random() < 0.8:
                dire("+", [spool.deposer({"version": "x" * random.randrange(3_000)})])
            elif random.random() < 0.5:
                dire("+", [numero for numero in spool.deposer_tout([{}] * random.randrange(1, 100)) if numero])
            elif lues := spool.lire(random.randrange(1, 100)):
                lot = Lot(tuple(lues))
                dire("-", [lue.position for lue in lues])
                spool.retirer(lot, Resultat(recues=len(lot), enregistrees=len(lot)))


if __name__ == "__main__":
    main(sys.argv[1])
