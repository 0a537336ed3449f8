"""What ``make openapi`` writes, as bytes that depend on the code alone."""

import json
from typing import Any

from pydantic import SecretStr

from app.contrat.exemples import lus, tous
from app.contrat.trace import schema_autonome
from app.erreurs import CleAbsente, probleme
from app.main import create_app
from app.reglages import Reglages
from app.reponses import REQUETE_EXEMPLE
from app.stockage.secrets_locaux import TAILLE, en_texte


def description() -> dict[str, Any]:
    """The document; it depends on no setting and needs no database."""
    secret = SecretStr(en_texte(bytes(TAILLE)))
    return create_app(Reglages(cle_maitresse=secret, cle_signature=secret)).openapi()


def fichiers() -> dict[str, bytes]:
    """Every file by its name within ``openapi/``."""
    exemples = {f"{schema}.{nom}": valeur for (schema, nom), valeur in tous().items()}
    exemples["TraceRecue.tableau"] = list(lus("TraceRecue").values())
    exemples["Probleme.cle-absente"] = probleme(CleAbsente(), REQUETE_EXEMPLE)
    return {
        "openapi.json": _octets(description()),
        "trace.schema.json": _octets(schema_autonome()),
        **{f"exemples/{nom}.json": _octets(valeur) for nom, valeur in sorted(exemples.items())},
    }


def _octets(valeur: object) -> bytes:
    return (json.dumps(valeur, ensure_ascii=False, indent=2) + "\n").encode()
