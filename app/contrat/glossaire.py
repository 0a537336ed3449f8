"""What fields and parameters mean, in ``glossaire.toml``: once for all who bear the same name."""

import tomllib
from importlib.resources import files
from typing import Any

_GLOSSAIRE = tomllib.loads((files("app.contrat") / "glossaire.toml").read_text("utf-8"))
_CHAMPS: dict[str, str] = _GLOSSAIRE["champs"]
_PROPRES: dict[str, dict[str, str]] = _GLOSSAIRE["propres"]
_PARAMETRES: dict[str, list[Any]] = _GLOSSAIRE["parametres"]


def decrire_champs(schemas: dict[str, Any]) -> None:
    """Gives every property that has no description that of its name; ``propres`` are those of one schema."""
    for nom, schema in schemas.items():
        for champ, propriete in schema.get("properties", {}).items():
            texte = _PROPRES.get(nom, {}).get(champ) or _CHAMPS.get(champ)
            if texte is not None:
                propriete.setdefault("description", texte)


def decrire_parametres(chemin: str, parametres: list[dict[str, Any]]) -> None:
    """The same for parameters, with an example; one of the path goes by the segment before it, too."""
    for parametre in parametres:
        nom = parametre["name"]
        avant = chemin.partition(f"/{{{nom}}}")[0].rpartition("/")[2]
        trouve = _PARAMETRES.get(f"{avant}/{nom}") or _PARAMETRES.get(nom)
        if trouve is not None:
            texte, exemple = trouve
            parametre.setdefault("description", texte)
            parametre.setdefault("example", exemple)
