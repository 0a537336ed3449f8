"""PURE. Versions of what the registry holds: two people never overwrite each other (RFC 9110, ``ETag``, ``If-Match``).

A version is the hash of the object's own content, so that it needs no column, and an object that is changed back
bears its earlier version again.
"""

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from app.erreurs import VersionDepassee


def contenu(lu: BaseModel) -> dict[str, Any]:
    """The object's own fields as JSON; a logiciel's ``validites`` follow from others."""
    return lu.model_dump(mode="json", exclude={"validites"})


def etag(lu: BaseModel) -> str:
    """A strong entity tag."""
    texte = json.dumps(contenu(lu), sort_keys=True, separators=(",", ":"))
    return f'"{hashlib.sha256(texte.encode()).hexdigest()[:32]}"'


def verifier(si_match: str | None, present: BaseModel | None) -> None:
    """Raises VersionDepassee (412) unless the object is one that ``If-Match`` names; ``*`` is any that exists."""
    if si_match is None:
        return
    admises = {une.strip() for une in si_match.split(",")}
    if present is None or ("*" not in admises and etag(present) not in admises):
        raise VersionDepassee
