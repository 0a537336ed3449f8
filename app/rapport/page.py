"""The report as a page: no script, one style that the policy names by its digest, nothing from another host."""

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from app.rapport.formes import Rapport

_env = Environment(
    loader=PackageLoader("app.rapport", ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = _env.get_template("rapport.css").render()
_EMPREINTE = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLITIQUE = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_EMPREINTE}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def page(rapport: Rapport, lien_pdf: str) -> str:
    """``lien_pdf`` is the address of the same report as a PDF."""
    return _env.get_template("rapport.html.j2").render(
        style=Markup(_STYLE),  # noqa: S704 — our own file
        svg=Markup(rapport.figure.svg) if rapport.figure is not None else None,  # noqa: S704 — drawn by us
        rapport=rapport,
        lien_pdf=lien_pdf,
    )
