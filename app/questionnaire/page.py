"""The pages that a pilote sees: form, thanks, and why there is no form. No script, nothing from another host."""

import base64
import hashlib
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from app.questionnaire.formulaire import Saisie
from app.questionnaire.regles import NOTES
from app.questionnaire.schemas import TEXTE_MAX, QuestionnaireLu

_env = Environment(
    loader=PackageLoader("app.questionnaire", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = _env.get_template("page.css").render()
_EMPREINTE = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_env.globals |= {"style": Markup(_STYLE), "texte_max": f"{TEXTE_MAX:,}".replace(",", "\u202f")}  # noqa: S704 — our own file
ENTETES = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_EMPREINTE}'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept",
}
"""Of every answer under a token, which is a secret."""


def formulaire(lu: QuestionnaireLu, saisie: Saisie, fautes: Mapping[str, str]) -> str:
    """The form with what stands in it, and what to mend, by field."""
    return _env.get_template("formulaire.html.j2").render(
        lu=lu, saisie=saisie, fautes=fautes, notes=list(zip(NOTES, lu.notes, strict=True))
    )


def merci(lu: QuestionnaireLu, jeton: str) -> str:
    """What follows an answer; ``jeton`` leads back to it."""
    return _env.get_template("merci.html.j2").render(lu=lu, jeton=jeton)


def probleme(titre: str, detail: str) -> str:
    return _env.get_template("probleme.html.j2").render(titre=titre, detail=detail)
