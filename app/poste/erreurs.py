"""What this package raises on its own account. No message holds the content of a trace, an N° AM or the key.

ErreurPoste
├── ReglageInvalide       a setting, the address or the key cannot work
├── TraceNonEncodable     a trace cannot be written as JSON
├── FichierInvalide       a file of traces cannot be read
└── EnvoiInterrompu       (interruptions.py) the sending stopped; carries its sums and what remains
    ├── CleRefusee            401 or 403
    ├── EnvoiImpossible       the service refuses the whole request, as the client made it
    └── ServiceInjoignable    no usable answer for as long as the client's patience lasts
"""


class ErreurPoste(Exception):
    """The root; what reaches the caller has a text in French, meant for people."""


class ReglageInvalide(ErreurPoste):
    """A setting, the address or the key cannot work."""


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
