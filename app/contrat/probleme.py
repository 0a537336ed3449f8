"""The schema of a problem (RFC 9457)."""

from typing import Any

PROBLEME: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "pattern": "^urn:traces-postes:probleme:[a-z][a-z0-9-]+$",
            "description": "Ce qui est arrivé : « urn:traces-postes:probleme: » suivi du code, stable, du problème.",
        },
        "title": {"type": "string", "description": "Le nom du problème, le même pour tous ceux de ce code."},
        "status": {"type": "integer", "description": "Le statut HTTP de la réponse."},
        "detail": {"type": "string", "description": "Ce qu'il faut faire, pour une personne."},
        "instance": {
            "type": "string",
            "format": "uri",
            "description": "« urn:uuid: » suivi du numéro de la requête, qui est aussi l'en-tête « X-Request-Id ».",
        },
        "erreurs": {
            "type": "array",
            "description": "Les fautes d'un corps, d'un paramètre ou d'une trace.",
            "items": {"$ref": "#/components/schemas/Faute"},
        },
        "id": {
            "type": "string",
            "format": "uuid",
            "description": "L'« id » de la trace refusée, quand c'est un UUID.",
        },
        "manquants": {
            "type": "array",
            "description": "Ce qui manque à une présérie pour démarrer, être validée ou être clôturée.",
            "items": {"type": "string"},
        },
        "modalite": {"type": "string", "description": "Le code de la modalité qui refuse le changement."},
    },
}
FAUTE: dict[str, Any] = {
    "type": "object",
    "required": ["champ", "message"],
    "properties": {
        "champ": {
            "anyOf": [{"type": "string"}, {"type": "null"}],
            "description": "Le nom du champ ou du paramètre, au format « erreur.code » ; null pour un nom imprévu.",
        },
        "ligne": {
            "type": "integer",
            "minimum": 1,
            "description": "D'un fichier, la ligne en faute ; l'en-tête est la ligne 1.",
        },
        "message": {"type": "string", "description": "Ce qui ne va pas ; ne répète jamais la valeur reçue."},
    },
}
