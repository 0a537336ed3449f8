"""PURE. What the jalons are called, for people."""

from types import MappingProxyType

_NOMS = MappingProxyType(
    {
        "support": "le support (installation et formation)",
        "kit_accompagnement": "le kit d'accompagnement",
        "reunion_deploiement": "la réunion de démarrage du déploiement",
        "autorisation_generalisation": "l'autorisation de généralisation par l'Assurance Maladie",
    }
)


def nom_du_jalon(jalon: str) -> str:
    """Its name in French; a référentiel may ask for jalons of its own."""
    return _NOMS.get(jalon, f"le jalon {jalon}")
