"""Posts histories to the service within this process, and compares every figure with the oracle's."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Any

import asyncpg

from app.acces.roles import Role
from tests.outils import Service, ensemble, vider_les_traces
from tests.proprietes.histoires import Histoire
from tests.proprietes.oracle import AXES, Oracle, Registre
from tests.proprietes.recompte import ecarts
from tests.proprietes.registre import OUVERTES, PILOTES, Appel, appels, pilote

Corps = dict[str, Any]


@dataclass
class Confrontation:
    """The service and what it is compared with; ``bornees`` are callers whose key is bound to an éditeur."""

    cnam: Service
    bornees: dict[str, Service]
    proprietaire: asyncpg.Connection

    @classmethod
    async def ouvrir(cls, service: Service, proprietaire: asyncpg.Connection) -> "Confrontation":
        """Registers the histories' registry."""
        cnam = await service.en(Role.CNAM)
        confrontation = cls(cnam, {"alpha": await service.en(Role.POSTE, editeur="alpha")}, proprietaire)
        for appel in appels():
            await confrontation.inscrire(appel)
        return confrontation

    async def inscrire(self, appel: Appel) -> None:
        methode, chemin, corps = appel
        reponse = await self.cnam.appeler(methode, chemin, json=corps)
        assert reponse.status_code in (200, 201), reponse.text

    async def dater_les_phases(self, phases: dict[tuple[str, str], date | None]) -> Registre:
        """Sets the ``phase_2_le`` of pilotes in the service, and gives the oracle the same registry."""
        suite = appels()
        for (preserie, numero_am), le in phases.items():
            appel = pilote(preserie, numero_am, le)
            await self.inscrire(appel)
            suite.append(appel)
        return Registre.de(suite)

    async def poster(self, traces: Sequence[object], editeur: str | None = None) -> Corps:
        """The answer to one array, in the oracle's form."""
        appelant = self.bornees[editeur] if editeur is not None else self.cnam
        contenu = json.dumps(list(traces)).encode()
        reponse = await appelant.appeler(
            "POST", "/traces", content=contenu, headers={"Content-Type": "application/json"}
        )
        assert reponse.status_code == 200, reponse.text
        accuse: Corps = reponse.json()
        sommes = {cle: accuse[cle] for cle in ("recues", "enregistrees", "doublons", "rejetees")}
        return sommes | {"rejets": [(rejet["index"], rejet["code"]) for rejet in accuse["rejets"]]}

    async def rejouer(self, histoire: Histoire) -> Oracle:
        """Receives a history in order, from no trace at all: each answer is the oracle's."""
        await vider_les_traces(self.proprietaire)
        oracle = Oracle(await self.dater_les_phases(histoire.phases))
        for lot in histoire.lots:
            accuse = await self.poster(lot.traces, lot.editeur)
            assert accuse == oracle.recevoir(lot.traces, lot.editeur)
        return oracle

    async def livrer(self, lots: Sequence[Sequence[object]], taches: int) -> Counter[str]:
        """Posts arrays from several tasks at once, each taking the next; gives the sums of the answers."""
        reste = iter(lots)
        sommes: Counter[str] = Counter()

        async def servir() -> None:
            for lot in reste:
                accuse = await self.poster(lot)
                sommes.update({cle: nombre for cle, nombre in accuse.items() if cle != "rejets"})

        await ensemble(*(servir() for _ in range(taches)))
        return sommes

    async def verifier(self, oracle: Oracle, *, receptions: bool = True) -> None:
        """Every figure of every présérie; without ``receptions``, all but doublons and refusals."""
        for code in PILOTES:
            bilan = await self.cnam.lire(f"/bilan/preseries/{code}")
            servi, attendu = figures(bilan), oracle.bilan(code)
            bornes, attendues = (f["enregistrement"].pop("intervalle") for f in (servi, attendu))
            assert (bornes is None) == (attendues is None)
            assert all(abs(a - b) < 1e-12 for a, b in zip(bornes or (), attendues or (), strict=True))
            if not receptions:
                servi["traces"] = attendu["traces"] = bilan["traces"]["enregistrees"]
                assert bilan["traces"]["enregistrees"] == len(oracle.traces(code))
            assert servi == attendu, code
            for axe in AXES:
                assert await self._ventilation(code, axe) == oracle.ventilation(code, axe), (code, axe)
            assert await self._executions(code) == sorted(_dites(oracle, code))
        assert await ecarts(self.proprietaire) == {}

    async def _ventilation(self, code: str, axe: str) -> Corps:
        lignes = (await self.cnam.lire(f"/bilan/preseries/{code}/ventilation?par={axe}"))["lignes"]
        cles = [ligne.pop("cle") for ligne in lignes]
        assert cles == sorted(cles)
        return dict(zip(cles, lignes, strict=True))

    async def _executions(self, code: str) -> list[tuple[object, ...]]:
        lues: list[Corps] = []
        suite: str | None = ""
        while suite is not None:
            page = await self.cnam.lire(f"/executions?preserie={code}&limite=1000" + (suite and f"&apres={suite}"))
            lues += page["elements"]
            suite = page["suivant"]
        assert len({e["id"] for e in lues}) == len(lues)
        instants = ("premiere_le", "derniere_le")
        return sorted(
            tuple(datetime.fromisoformat(e[champ]) if champ in instants else e[champ] for champ in _CHAMPS)
            for e in lues
        )


_CHAMPS = (
    *("pilote", "numero_execution", "enregistree", "phase", "conformite", "version", "type_prescription", "jour"),
    *("premiere_le", "derniere_le", "tentatives"),
)


def _dites(oracle: Oracle, code: str) -> list[tuple[object, ...]]:
    return [
        tuple(str(e.jour) if champ == "jour" else getattr(e, champ) for champ in _CHAMPS)
        for e in oracle.executions(code, fenetre=False)
    ]


def figures(bilan: Corps) -> Corps:
    """What the oracle says of a bilan, taken from the bilan as served."""
    criteres = {critere["code"]: critere for critere in bilan["criteres"]}
    premier = ("etat", "mesure", "intervalle", "solidite", "executions_restantes", "sensible_aux_pilotes")
    anomalies = criteres["anomalies"]
    return {
        "traces": {cle: bilan["traces"][cle] for cle in ("enregistrees", "doublons", "rejetees")},
        "debut_le": datetime.fromisoformat(bilan["debut_le"]) if bilan["debut_le"] else None,
        "executions": bilan["executions"],
        "scor": bilan["scor"],
        "enregistrement": {champ: criteres["enregistrement"][champ] for champ in premier},
        "anomalies": {
            "etat": anomalies["etat"],
            "bloquantes": {(a["operation"], a["code"]): a["occurrences"] for a in anomalies["bloquantes"]},
        },
        "scor_etat": criteres["scor"]["etat"],
    }


def tout_recu(oracle: Oracle) -> list[Corps]:
    """The accepted distinct traces of every présérie, in a form that can be posted."""
    return [
        trace | {"id": str(trace["id"]), "emise_le": trace["emise_le"].isoformat()}
        for code in OUVERTES
        for trace in oracle.traces(code)
    ]


def melanger(traces: Sequence[Corps], hasard: Random, taille_max: int) -> list[list[Corps]]:
    """The same traces in another order, some of them repeated, in arrays of up to ``taille_max``."""
    melees = [*traces, *(t for t in traces if hasard.random() < 0.2)]
    hasard.shuffle(melees)
    lots = []
    while melees:
        coupe = hasard.randint(1, taille_max)
        lots.append(melees[:coupe])
        melees = melees[coupe:]
    return lots
