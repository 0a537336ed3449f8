"""The connections of one worker: to the database, and to a standby where there is one; what takes long has its own."""

from collections.abc import Callable, Mapping

from pydantic import SecretStr

from app.reglages import Reglages
from app.stockage.base import Base
from app.stockage.generation import Generation
from app.stockage.lectures import Lectures, Repli, Secondaire


class Reserves:
    """All pools of a worker, and what reads through them; ``replier`` is told when the standby was not read."""

    def __init__(self, reglages: Reglages, url: SecretStr, replier: Callable[[Repli], None]) -> None:
        self.places = max(1, reglages.pool_taille // 4)
        """How many may read all the traces of a présérie again at a time."""
        self._reglages = reglages
        self.base, longues = self._pools(url)
        self.generation = Generation(self.base, reglages.registre_fraicheur_s)
        self.par_nom: Mapping[str, Base] = {"service": self.base, "relectures": longues}
        secondaires: tuple[Secondaire | None, Secondaire | None] = (None, None)
        if reglages.read_url is not None:
            pools = self._pools(reglages.read_url)
            self.par_nom = {**self.par_nom, "secondaire": pools[0], "secondaire_relectures": pools[1]}
            secondaires = Secondaire(pools[0], self.generation, replier), Secondaire(pools[1], self.generation, replier)
        self.lectures = Lectures(self.base, secondaires[0])
        self.lectures_longues = Lectures(longues, secondaires[1])

    async def fermer(self) -> None:
        for base in self.par_nom.values():
            await base.fermer()

    def _pools(self, url: SecretStr) -> tuple[Base, Base]:
        """A file « au » an instant keeps its connection once its place is another's: hence twice the places."""
        adresse, reglages = url.get_secret_value(), self._reglages
        base = Base(adresse, pool_taille=reglages.pool_taille, delai_s=reglages.ecriture_delai_s)
        return base, Base(adresse, pool_taille=2 * self.places, delai_s=reglages.relecture_delai_s, avec=base)
