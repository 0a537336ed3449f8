"""PURE. The addresses of the lists behind a bilan's figures, as known at the bilan's own instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from app.bilan.schemas import ListeLue


@dataclass(frozen=True, slots=True)
class Liens:
    """Lists of one présérie; ``depuis`` is where the criteria's window begins."""

    preserie: str
    depuis: date | None
    au: datetime | None

    def executions(self, libelle: str, nombre: int, **filtre: str) -> ListeLue:
        """Of the executions that the criteria count."""
        fenetre = {"depuis": self.depuis.isoformat()} if self.depuis is not None else {}
        return self._liste(
            libelle, nombre, "/executions", {"preserie": self.preserie, "ecartee": "false"} | filtre | fenetre
        )

    def ecartees(self, libelle: str, nombre: int, **filtre: str) -> ListeLue:
        """Of those that were set aside."""
        return self.executions(libelle, nombre, ecartee="true", **filtre)

    def traces(self, libelle: str, nombre: int, **filtre: str) -> ListeLue:
        return self._liste(libelle, nombre, "/traces", {"preserie": self.preserie} | filtre)

    def de_la_preserie(self, libelle: str, nombre: int, suite: str, **filtre: str) -> ListeLue:
        return self._liste(libelle, nombre, f"/preseries/{self.preserie}/{suite}", filtre)

    def _liste(self, libelle: str, nombre: int, chemin: str, filtre: Mapping[str, str]) -> ListeLue:
        au = {"au": self.au.isoformat().replace("+00:00", "Z")} if self.au is not None else {}
        requete = urlencode({**filtre, **au})
        return ListeLue(libelle=libelle, nombre=nombre, lien=f"{chemin}?{requete}" if requete else chemin)
