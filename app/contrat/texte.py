"""The little Markdown of our own texts, as HTML: titles, paragraphs, lists, code, bold."""

import re

from markupsafe import Markup, escape

_EN_LIGNE = ((re.compile(r"`([^`]+)`"), r"<code>\1</code>"), (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"))

_ESPACES = re.compile("(?<=«) | (?=[;:!?»%])")
"""Where French keeps a sign with its word."""


def en_ligne(texte: str) -> Markup:
    """Code, bold and no-break spaces within a line."""
    html = _ESPACES.sub("\u00a0", str(escape(texte)))
    for motif, balise in _EN_LIGNE:
        html = motif.sub(balise, html)
    return Markup(html)  # noqa: S704 — escaped above


def en_html(texte: str, niveau: int = 3) -> Markup:
    """Blocks parted by empty lines; ``##`` becomes a title of this level."""
    return Markup("\n").join(_bloc(bloc.strip("\n"), niveau) for bloc in texte.split("\n\n") if bloc.strip())


def _bloc(bloc: str, niveau: int) -> Markup:
    if bloc.startswith("## "):
        balise = Markup("h{}").format(niveau)
        return Markup("<{0}>{1}</{0}>").format(balise, en_ligne(bloc[3:]))
    if bloc.startswith("- "):
        lignes = re.split(r"\n?^- ", bloc, flags=re.MULTILINE)[1:]
        return Markup("<ul>{}</ul>").format(Markup().join(Markup("<li>{}</li>").format(en_ligne(un)) for un in lignes))
    return Markup("<p>{}</p>").format(en_ligne(bloc))
