"""The connections of one worker: to the database, and to a standby where there is one; what takes long has its own."""

from collections.abc import Callable, Mapping

from pydantic import SecretStr

from app.reglages import Reglages
from app.stockage.base import Base, url_asyncpg
from app.stockage.generation import Generation
from app.stockage.lectures import Lectures, Repli, Secondaire


def url_de_lecture(reglages: Reglages) -> str | None:
    """The standby's; None where none is named. Raises ReglageInvalide."""
    if reglages.read_url is None or not (url := reglages.read_url.get_secret_value()):
        return None
    return url_asyncpg(url, "TRACES_POSTES_READ_URL")


class Reserves:
    """All pools of a worker, and what reads through them; ``replier`` is told when the standby was not read."""

    def __init__(self, reglages: Reglages, url: SecretStr, replier: Callable[[Repli], None]) -> None:
        self.places = max(1, reglages.pool_taille // 4)
        """How many may read all the traces of a présérie again at a time."""
        self._reglages = reglages
        self.base, longues = self._pools(url.get_secret_value())
        lue = url_de_lecture(reglages)
        self.generation = Generation(self.base, reglages.registre_fraicheur_s, pour_secondaire=lue is not None)
        self.par_nom: Mapping[str, Base] = {"service": self.base, "relectures": longues}
        secondaires: tuple[Secondaire | None, Secondaire | None] = (None, None)
        if lue is not None:
            pools = self._pools(lue)
            self.par_nom = {**self.par_nom, "secondaire": pools[0], "secondaire_relectures": pools[1]}
            secondaires = Secondaire(pools[0], self.generation, replier), Secondaire(pools[1], self.generation, replier)
        self.lectures = Lectures(self.base, secondaires[0])
        self.lectures_longues = Lectures(longues, secondaires[1])

    async def fermer(self) -> None:
        for base in self.par_nom.values():
            await base.fermer()

    def _pools(self, adresse: str) -> tuple[Base, Base]:
        """A file « au » an instant keeps its connection once its place is another's: hence twice the places."""
        reglages = self._reglages
        base = Base(adresse, pool_taille=reglages.pool_taille, delai_s=reglages.ecriture_delai_s)
        return base, Base(adresse, pool_taille=2 * self.places, delai_s=reglages.relecture_delai_s, avec=base)
