"""What this package raises on its own account. No message holds the content of a trace, an N° AM or the key.

ErreurPoste
├── ReglageInvalide       a setting, the address, the key or the certificate cannot work
├── TraceNonEncodable     a trace cannot be written as JSON
├── FichierInvalide       a file of traces cannot be read
├── ErreurSpool           the spool could not do what it was asked
│   ├── SpoolPlein            the trace is dropped; its number is counted as lost
│   ├── EcritureRefusee       the disk is full or failing; what was not kept is counted as lost
│   ├── SpoolOccupe           another process has it open, or the parent of this one
│   ├── SpoolIllisible        the file is not a spool, or is damaged beyond what can be mended as it stands
│   └── DejaRetirees          the traces to remove are not there: two sendings at once
└── EnvoiInterrompu       (interruptions.py) the sending stopped; carries its sums and what remains
    ├── CleRefusee            401 or 403
    ├── CertificatRefuse      403 of the proxy, which asks for the workstation's certificate
    ├── EnvoiImpossible       the service refuses the whole request, as the client made it
    └── ServiceInjoignable    no usable answer for as long as the client's patience lasts
"""

from pathlib import Path


class ErreurPoste(Exception):
    """The root; what reaches the caller has a text in French, meant for people."""


class ReglageInvalide(ErreurPoste):
    """A setting, the address, the key or the certificate cannot work."""


class TraceNonEncodable(ErreurPoste):
    """A trace cannot be written as JSON."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(
            f"La trace en position {position} ne peut pas être écrite en JSON : n'y mettez que des textes, "
            "des nombres finis, des booléens, des listes et des objets, puis relancez l'envoi."
        )


class FichierInvalide(ErreurPoste):
    """A file of traces cannot be read."""


class ErreurSpool(ErreurPoste):
    """The spool could not do what it was asked; `chemin` is its file."""

    modele = ""

    def __init__(self, chemin: Path) -> None:
        self.chemin = chemin
        super().__init__(self.modele.format(chemin=chemin))


class SpoolPlein(ErreurSpool):
    """The trace is dropped, and its number with it."""

    modele = (
        "Le spool {chemin} est plein : la trace n'est pas gardée, et compte parmi les perdues. Faites partir "
        "celles qui attendent, ou agrandissez-le."
    )


class EcritureRefusee(ErreurSpool):
    """The disk is full or failing, or may not be written. Nothing that was promised is lost."""

    modele = (
        "Le disque refuse d'écrire le spool {chemin} (plein, protégé ou en panne). Faites de la place, vérifiez "
        "les droits du dossier, puis recommencez : ce qui était déjà gardé l'est toujours."
    )


class SpoolOccupe(ErreurSpool):
    """Another process has it open, or the parent of this one."""

    modele = (
        "Le spool {chemin} est déjà ouvert par un autre programme, ou ailleurs dans celui-ci. Un seul à la fois "
        "s'en sert : fermez l'autre, ou passez par lui. Un processus fils (fork) ne garde pas celui de son père."
    )


class SpoolIllisible(ErreurSpool):
    """The file is not a spool, or is damaged beyond what can be mended while it is open, or at all."""

    modele = (
        "{chemin} n'est pas un spool, ou ne peut plus être lu ; il est laissé tel quel. S'il était déjà ouvert, "
        "fermez-le et rouvrez-le : ce qui peut en être lu sera repris. Sinon, vérifiez le chemin. Si c'était bien "
        "lui, mettez-le de côté et donnez au poste un autre nom : ses numéros repartiront de 1."
    )


class DejaRetirees(ErreurSpool):
    """The traces to remove are not there: two sendings at once."""

    modele = "Des traces ont déjà été retirées du spool {chemin} : ne faites qu'un envoi à la fois."
