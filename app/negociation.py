"""PURE. Which of two media types a caller would rather have, by its ``Accept`` (RFC 9110, 12.5.1)."""

import re

_QUALITE = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def prefere(accept: str, media: str, sinon: str) -> bool:
    """Whether ``media`` is wanted more than ``sinon``, which is for all who do not say."""
    return _qualite(accept, media) > _qualite(accept, sinon)


def _qualite(accept: str, media: str) -> float:
    """The weight of the range that fits most closely; one that is malformed weighs nothing."""
    poids: dict[str, float] = {}
    for gamme in accept.lower().split(","):
        nom, *parametres = (morceau.strip() for morceau in gamme.split(";"))
        dit = next((p for p in parametres if p.startswith("q=")), "q=1")
        lu = _QUALITE.fullmatch(dit)
        poids[nom] = float(lu[1]) if lu is not None else 0.0
    gammes = (media, media.partition("/")[0] + "/*", "*/*")
    return next((poids[gamme] for gamme in gammes if gamme in poids), 0.0)
