"""Whatever is called in whatever order, a présérie only moves along the arrows of the drawing in ``docs/cycle.md``."""

import asyncio
import itertools
import re
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from app.acces.roles import Role
from tests.contrat.aides import mettre, pilote
from tests.outils import Corps, Service, trace
from tests.proprietes.test_equivalence import FACTEUR
from tests.test_documents import DOCS

pytestmark = pytest.mark.timeout(1800)  # a failure takes Hypothesis minutes to shrink
T = TypeVar("T")
JALONS = ("support", "kit_accompagnement", "reunion_deploiement", "autorisation_generalisation")
NUMEROS = tuple(f"33999990{n}" for n in range(8))
JOURS = st.sampled_from(["2026-10-12", "2026-10-15", "2026-10-20", None])
_vies = itertools.count()


def fleches() -> set[tuple[str, str, str]]:
    """From, call and to, as the page draws them."""
    page = (DOCS / "cycle.md").read_text("utf-8")
    return {(de, appel, vers) for de, vers, appel in re.findall(r"^    (\w+) --> (\w+): (.+)$", page, re.MULTILINE)}


class Vie(RuleBasedStateMachine):
    """Two préséries of one logiciel. Calls run on the service's own loop, the machine in a thread beside it."""

    service: Service
    proprietaire: asyncpg.Connection
    boucle: asyncio.AbstractEventLoop
    fleches: set[tuple[str, str, str]]
    suivies: set[tuple[str, str, str]]

    def __init__(self) -> None:
        super().__init__()
        self.nom = f"vie-{next(_vies)}"

    def attendre(self, tache: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(tache, self.boucle).result()

    def appeler(self, methode: str, chemin: str, corps: object = None) -> httpx.Response:
        return self.attendre(self.service.appeler(methode, chemin, json=corps))

    def etape(self, serie: str) -> str:
        lue = self.appeler("GET", f"/preseries/{serie}").json()
        coupees = lue["statut"] == "validee" and lue["traces_postes"] == "desactivees"
        return "validee_traces_desactivees" if coupees else str(lue["statut"])

    def tenter(self, serie: str, appel: str, methode: str, suite: str, corps: Corps | None = None) -> None:
        """A call that may move a présérie: along an arrow of its name, or not at all."""
        autre = self.autre(serie)
        avant, ailleurs = self.etape(serie), self.etape(autre)
        reponse = self.appeler(methode, f"/preseries/{serie}/{suite}", corps)
        apres = self.etape(serie)
        assert reponse.status_code in (200, 409), reponse.text
        assert apres == avant or (avant, appel, apres) in self.fleches, (avant, appel, apres)
        assert reponse.status_code == 200 or apres == avant
        if reponse.status_code == 200:
            self.suivies.add((avant, appel, apres))
        assert self.etape(autre) == ailleurs

    def autre(self, serie: str) -> str:
        return next(une for une in self.series if une != serie)

    @initialize(avancees=st.lists(st.integers(0, 4), min_size=2, max_size=2))
    def inscrire(self, avancees: list[int]) -> None:
        """Each présérie then goes so far along its usual way, that the rare calls are tried there, too."""
        self.series = (f"{self.nom}-a", f"{self.nom}-b")
        logiciel = {"editeur": self.nom, "module": self.nom, "nom": "Vie", "sesam_vitale": True}
        autorisation = {"numero": "ON-1", "date": "2026-09-02"}
        serie = {"logiciel": self.nom, "categorie_ps": "lpp", "cpam": ["33"], "fin_prevue_le": "2026-11-23"}
        for chemin, corps in (
            (f"/editeurs/{self.nom}", {"raison_sociale": "Vie", "solution_sesam_vitale": True}),
            (f"/modules/{self.nom}", {"editeur": self.nom, "nom": "Vie"}),
            (f"/logiciels/{self.nom}", logiciel | {"autorisation_cnda": autorisation}),
            *((f"/preseries/{une}", serie) for une in self.series),
        ):
            assert self.appeler("PUT", chemin, corps).status_code == 201
        assert [self.etape(une) for une in self.series] == ["preparation", "preparation"]
        for rang, avancee in enumerate(avancees):
            self._avancer(rang, avancee)

    def _avancer(self, rang: int, avancee: int) -> None:
        if avancee > 0:
            for jalon in JALONS:
                self.dater(rang, jalon)
            self.engager(rang, NUMEROS[rang], "2026-10-12", parti=False)
        if avancee > 1:
            self.demarrer(rang)
        if avancee > 2:
            self.valider_sous_http(rang)
        if avancee > 3:
            self.basculer(rang, actives=False)

    @rule(rang=st.integers(0, 1), jalon=st.sampled_from(JALONS))
    def dater(self, rang: int, jalon: str) -> None:
        self._sans_mouvement(rang, "PUT", f"jalons/{jalon}", {"le": "2026-09-12"})

    @rule(rang=st.integers(0, 1), numero=st.sampled_from(NUMEROS), le=JOURS, parti=st.booleans())
    def engager(self, rang: int, numero: str, le: str | None, parti: bool) -> None:
        corps = pilote(installe_le=le, installation_prevue_le=None, retire_le="2026-11-01" if parti else None)
        self._sans_mouvement(rang, "PUT", f"pilotes/{numero}", corps)

    @rule(rang=st.integers(0, 1))
    def demarrer(self, rang: int) -> None:
        self.tenter(self.series[rang], "POST demarrage", "POST", "demarrage")

    @rule(
        rang=st.integers(0, 1),
        termes=st.fixed_dictionaries(
            {
                "pilotes_max": st.sampled_from([None, 5, 7, 8]),
                "fin_prevue_le": st.sampled_from([None, "2026-11-01", "2026-12-14"]),
                "observee_depuis": st.sampled_from([None, "2026-11-24"]),
            }
        ),
    )
    def prolonger(self, rang: int, termes: Corps) -> None:
        corps = {"sens": "prolongation", "motif": "À revoir."} | termes
        self.tenter(self.series[rang], "POST decision, prolongation", "POST", "decision", corps)

    @rule(rang=st.integers(0, 1))
    def valider(self, rang: int) -> None:
        corps = {"sens": "validation", "motif": "Atteints."}
        self.tenter(self.series[rang], "POST decision, validation", "POST", "decision", corps)

    @rule(rang=st.integers(0, 1))
    def valider_sous_http(self, rang: int) -> None:
        """The arrow that asks for a sealed bilan, taken where none can be sealed."""
        serie = self.series[rang]
        if self.etape(serie) != "en_cours":
            return
        self.attendre(mettre(self.proprietaire, serie, statut="validee"))
        assert ("en_cours", "POST decision, validation", self.etape(serie)) in self.fleches

    @rule(rang=st.integers(0, 1), motif=st.sampled_from(["Assez.", "Vraiment."]))
    def abandonner(self, rang: int, motif: str) -> None:
        corps = {"sens": "abandon", "motif": motif}
        self.tenter(self.series[rang], "POST decision, abandon", "POST", "decision", corps)

    @rule(rang=st.integers(0, 1), actives=st.booleans())
    def basculer(self, rang: int, actives: bool) -> None:
        appel = f"PUT traces-postes, actives {str(actives).lower()}"
        self.tenter(self.series[rang], appel, "PUT", "traces-postes", {"actives": actives})
        lues = self.appeler("GET", f"/preseries/{self.series[rang]}/traces-postes").json()
        assert lues["actives"] is (lues["traces_postes"] == "actives")

    @rule(rang=st.integers(0, 1))
    def cloturer(self, rang: int) -> None:
        self.tenter(self.series[rang], "POST cloture", "POST", "cloture")

    @rule(numero=st.sampled_from(NUMEROS))
    def poster(self, numero: str) -> None:
        avant = [self.etape(une) for une in self.series]
        reponse = self.attendre(self.service.poster(trace(logiciel=self.nom, numero_am=numero)))
        assert reponse.status_code in (201, 409, 410, 422)
        assert reponse.status_code != 201 or {"en_cours", "validee"} & {*avant}
        assert [self.etape(une) for une in self.series] == avant

    def _sans_mouvement(self, rang: int, methode: str, suite: str, corps: Corps) -> None:
        avant = [self.etape(une) for une in self.series]
        reponse = self.appeler(methode, f"/preseries/{self.series[rang]}/{suite}", corps)
        assert reponse.status_code in (200, 201, 409), reponse.text
        assert [self.etape(une) for une in self.series] == avant


async def test_aucune_suite_d_appels_ne_quitte_le_dessin(service: Service, proprietaire: asyncpg.Connection) -> None:
    traits = {
        "service": await service.en(Role.CNAM),
        "proprietaire": proprietaire,
        "boucle": asyncio.get_running_loop(),
        "fleches": fleches(),
        "suivies": set(),
    }
    machine: type[Vie] = type("VieDuService", (Vie,), traits)
    profil = settings(
        max_examples=50 * FACTEUR,
        stateful_step_count=15,
        deadline=None,
        derandomize=FACTEUR == 1,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=profil)
    restent = {fleche for fleche in machine.fleches - machine.suivies if "validation" not in fleche[1]}
    assert not restent, "no sequence took these arrows: the test says nothing of them"
