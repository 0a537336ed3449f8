"""Words in which a présérie is told: what each side does over HTTP, and what it is answered."""

from dataclasses import dataclass
from typing import Any

from tests.contrat.aides import verifier_probleme
from tests.outils import Corps, Service


@dataclass(frozen=True, slots=True)
class Partie:
    """One side of a présérie: the Cnam, the éditeur, a workstation."""

    service: Service
    preserie: str

    async def inscrit(self, chemin: str, corps: Corps, statut: int = 201) -> Corps:
        """Registers something that is accepted, the first time (201) or again (200)."""
        reponse = await self.service.appeler("PUT", chemin, json=corps)
        assert reponse.status_code == statut, reponse.text
        lu: Corps = reponse.json()
        return lu

    async def se_voit_refuser(
        self, methode: str, chemin: str, corps: object, *, code: str, mots: tuple[str, ...], statut: int = 409
    ) -> Corps:
        """A call that is refused with this code, for a reason that names these words."""
        reponse = await self.service.appeler(methode, chemin, json=corps)
        probleme = verifier_probleme(reponse, statut, code)
        for mot in mots:
            assert mot in probleme["detail"], (mot, probleme["detail"])
        return probleme

    async def engage(self, numero_am: str, corps: Corps) -> None:
        await self.inscrit(f"/preseries/{self.preserie}/pilotes/{numero_am}", corps)

    async def ne_peut_engager(self, numero_am: str, corps: Corps, modalite: str, *mots: str) -> None:
        """The modalité that refuses this pilote, and what its explanation names."""
        chemin = f"/preseries/{self.preserie}/pilotes/{numero_am}"
        code = "modalite-non-respectee"
        assert (await self.se_voit_refuser("PUT", chemin, corps, code=code, mots=mots))["modalite"] == modalite

    async def date(self, **jalons: str) -> None:
        for jalon, le in jalons.items():
            await self.inscrit(f"/preseries/{self.preserie}/jalons/{jalon}", {"le": le})

    async def fait(self, methode: str, suite: str, corps: Corps | None = None) -> Corps:
        """A step of the présérie that is taken."""
        reponse = await self.service.appeler(methode, f"/preseries/{self.preserie}/{suite}", json=corps)
        assert reponse.status_code == 200, reponse.text
        lue: Corps = reponse.json()
        return lue

    async def ne_peut(self, methode: str, suite: str, corps: Corps | None, code: str, *mots: str) -> Corps:
        """A step that the présérie's state or its bilan refuses."""
        return await self.se_voit_refuser(methode, f"/preseries/{self.preserie}/{suite}", corps, code=code, mots=mots)

    async def lit(self, suite: str = "") -> Any:
        return await self.service.lire(f"/preseries/{self.preserie}{suite}")

    async def bilan(self) -> Corps:
        lu: Corps = await self.service.lire(f"/bilan/preseries/{self.preserie}")
        return lu
