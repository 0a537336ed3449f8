"""What people do to a présérie between its receptions, over HTTP, and an oracle of it from DOMAIN.md alone."""

from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any

from tests.outils import Service
from tests.proprietes import jugement
from tests.proprietes.histoires import VERSIONS
from tests.proprietes.oracle import Execution, Oracle
from tests.proprietes.registre import PILOTES, pilote

Corps = dict[str, Any]
Cle = tuple[str, str, int]
CODES = ("E-1", "DECLAREE")
PREREQUIS = ("reseau", "poste-a-jour")
FENETRES = (None, date(2026, 10, 25), date(2026, 11, 20), date(2027, 3, 28))
PHASES = (date(2026, 1, 5), date(2026, 10, 25), date(2027, 3, 28))
MOTIF = "Décidé en réunion."


@dataclass
class Faits:
    """What was done to one présérie, as the oracle remembers it."""

    ecartees: set[Cle] = field(default_factory=set)
    suites: list[Corps] = field(default_factory=list)
    jalon: bool = False
    prerequis: dict[str, bool] = field(default_factory=dict)
    reponses: dict[str, Corps] = field(default_factory=dict)


@dataclass
class Assemblee:
    """People around one présérie: each act goes through the service and is remembered."""

    cnam: Service
    oracle: Oracle
    preserie: str
    hasard: Random
    faits: Faits = field(default_factory=Faits)

    async def agir(self) -> None:
        """One act, whichever chance draws."""
        gestes = (
            *(self._ecarter, self._ecarter, self._suivre, self._suivre, self._declarer),
            *(self._prerequis, self._repondre, self._repondre, self._fenetre, self._phase),
        )
        await self.hasard.choice(gestes)()

    def bilan(self) -> Corps:
        """Every criterion and figure that people or traces decide."""
        return deepcopy(juger(self.oracle, self.preserie, self.faits))

    async def _faire(self, methode: str, chemin: str, corps: object) -> Any:
        reponse = await self.cnam.appeler(methode, chemin, json=corps)
        assert reponse.status_code in (200, 201), (chemin, reponse.text)
        return reponse.json()

    async def _ecarter(self) -> None:
        lues = (await self.cnam.lire(f"/executions?preserie={self.preserie}&limite=1000"))["elements"]
        if not lues:
            return
        identifiant = self.hasard.choice(lues)["id"]
        ecartee = self.hasard.choice((True, True, False))
        lue = await self._faire("PATCH", f"/executions/{identifiant}", {"ecartee": ecartee, "motif": MOTIF})
        siennes = {trace["id"] for trace in lue["traces"]}
        (cle,) = {
            (t["numero_am"], t["ordonnance"], t["numero_execution"])
            for t in self.oracle.traces(self.preserie)
            if str(t["id"]) in siennes
        }
        (self.faits.ecartees.add if ecartee else self.faits.ecartees.discard)(cle)

    async def _suivre(self) -> None:
        connues = sorted(
            {(a["operation"], a["code"]) for a in _anomalies(self.oracle.traces(self.preserie), self.faits)}
        )
        if not connues:
            return
        operation, code = self.hasard.choice(connues)
        statut = self.hasard.choice(("corrigee", "corrigee", "ecartee", "ouverte"))
        corps: Corps = {"statut": statut, "motif": MOTIF}
        if statut == "corrigee":
            corps["version_corrective"] = self.hasard.choice((*VERSIONS, "9.9"))
        chemin = f"/preseries/{self.preserie}/anomalies/{operation}/{code}"
        avant = await self.cnam.lire(chemin)
        lue = await self._faire("PATCH", chemin, corps)
        for suite in lue["historique"][len(avant["historique"]) :]:
            le = datetime.fromisoformat(suite["le"])
            self.faits.suites.append(corps | {"operation": operation, "code": code, "le": le})

    async def _declarer(self) -> None:
        corps: Corps = {
            "operation": self.hasard.choice(("execution", "consultation")),
            "code": self.hasard.choice(CODES),
            "libelle": "Écran figé",
            "origine": self.hasard.choice(("logiciel", "logiciel", "reseau")),
            "bloquante": self.hasard.choice((True, False)),
        }
        reponse = await self.cnam.appeler("POST", f"/preseries/{self.preserie}/anomalies", json=corps)
        assert reponse.status_code in (200, 201), reponse.text
        if reponse.status_code == 201:
            self.faits.suites.append(corps | {"statut": "declaree"})

    async def _prerequis(self) -> None:
        code = self.hasard.choice((None, *PREREQUIS))
        if code is None:
            await self._faire("PUT", f"/preseries/{self.preserie}/jalons/prerequis_identifies", {"le": "2026-11-02"})
            self.faits.jalon = True
            return
        valide = self.hasard.choice((True, False))
        corps = {"libelle": "Prérequis", "valide_le": "2026-11-03" if valide else None}
        await self._faire("PUT", f"/preseries/{self.preserie}/prerequis/{code}", corps)
        self.faits.prerequis[code] = valide

    async def _repondre(self) -> None:
        racine = f"/preseries/{self.preserie}/questionnaire"
        (invitation,) = await self._faire(
            "POST", f"{racine}/invitations", {"numeros_am": [self.hasard.choice(PILOTES[self.preserie])]}
        )
        frein = self.hasard.choice((True, False, False))
        corps = {
            "satisfaction": self.hasard.randint(1, 5),
            "operations": {"execution": self.hasard.randint(1, 5)},
            "frein_bloquant": frein,
            "frein": "Trop lent." if frein else None,
            "commentaire": None,
        }
        avant = {r["id"] for r in (await self.cnam.lire(f"{racine}/reponses"))["elements"]}
        await self._faire("POST", f"/questionnaire/{invitation['jeton']}", corps)
        nouvelles = [r for r in (await self.cnam.lire(f"{racine}/reponses"))["elements"] if r["id"] not in avant]
        leve = bool(frein and nouvelles and self.hasard.random() < 0.5)
        if leve:
            await self._faire("PATCH", f"{racine}/reponses/{nouvelles[0]['id']}", {"frein_leve": True, "motif": MOTIF})
        if nouvelles:
            self.faits.reponses[invitation["numero_am"]] = corps | {"ouvert": frein and not leve}

    async def _fenetre(self) -> None:
        depuis = self.hasard.choice(FENETRES[1:])
        preserie = self.oracle.registre.preseries[self.preserie]
        if preserie.observee_depuis == depuis:
            return
        corps = {"sens": "prolongation", "motif": MOTIF, "observee_depuis": depuis.isoformat() if depuis else None}
        await self._faire("POST", f"/preseries/{self.preserie}/decision", corps)
        preserie.observee_depuis = depuis

    async def _phase(self) -> None:
        numero_am, le = self.hasard.choice(PILOTES[self.preserie]), self.hasard.choice(PHASES)
        await self._faire(*pilote(self.preserie, numero_am, le))
        self.oracle.registre.preseries[self.preserie].pilotes[numero_am] = le


def juger(oracle: Oracle, code: str, faits: Faits) -> Corps:
    """The five criteria and the verdict, and the first three had nothing been set aside."""
    toutes, traces = oracle.executions(code), oracle.traces(code)
    comptees = [e for e in toutes if _cle(e) not in faits.ecartees]
    depuis_le_debut = oracle.executions(code, fenetre=False)
    anomalies = _anomalies(traces, faits)
    ouvertes = {(a["operation"], a["code"]) for a in anomalies if a["statut"] == "ouverte" and a["grave"]}
    ecartees = {(a["operation"], a["code"]) for a in anomalies if a["statut"] == "ecartee" and a["grave"]}
    premier = jugement.enregistrement([(e.pilote, e.enregistree) for e in comptees])
    premier.pop("intervalle")
    etats = {
        "enregistrement": premier["etat"],
        "anomalies": _etat_des_anomalies(traces, ouvertes),
        "scor": jugement.scor([e.conformite for e in comptees if e.phase == 2]),
        "prerequis": "atteint" if faits.jalon and all(faits.prerequis.values()) else "indetermine",
        "satisfaction": _satisfaction(faits),
    }
    partie = bool(faits.ecartees & {_cle(e) for e in depuis_le_debut}) or bool(
        oracle.registre.preseries[code].observee_depuis
    )
    return {
        "executions": [len(comptees), sum(e.enregistree for e in comptees), sum(e.tentatives for e in comptees)],
        "ensemble": [len(depuis_le_debut), sum(e.enregistree for e in depuis_le_debut)] if partie else None,
        "premier": premier,
        "etats": etats,
        "avec_ecartees": _avec(toutes, comptees),
        "anomalies_avec": _etat_des_anomalies(traces, ouvertes | ecartees),
        "ouvertes": ouvertes,
        "ecartees": ecartees,
        "notes": sorted(r["satisfaction"] for r in faits.reponses.values()),
        "verdict": _verdict(list(etats.values())),
    }


def figures(bilan: Corps) -> Corps:
    """The same, taken from the bilan as served."""
    un, deux, trois, quatre, cinq = bilan["criteres"]
    champs = ("etat", "mesure", "solidite", "executions_restantes", "sensible_aux_pilotes")
    executions, ensemble = bilan["executions"], bilan["ensemble"]
    avec = (un["avec_ecartees"], trois["avec_ecartees"])
    repartition = enumerate(cinq["satisfaction"]["repartition"], 1)
    return {
        "executions": [executions[nom] for nom in ("total", "enregistrees", "tentatives")],
        "ensemble": [ensemble["executions"][nom] for nom in ("total", "enregistrees")] if ensemble else None,
        "premier": {champ: un[champ] for champ in champs},
        "etats": {critere["code"]: critere["etat"] for critere in (un, deux, trois, quatre, cinq)},
        "avec_ecartees": [a["etat"] for a in avec] if None not in avec else None,
        "anomalies_avec": deux["etat_avec_ecartees"],
        "ouvertes": {(a["operation"], a["code"]) for a in deux["bloquantes"]},
        "ecartees": {(a["operation"], a["code"]) for a in deux["ecartees"]},
        "notes": [note for note, combien in repartition for _ in range(combien)],
        "verdict": bilan["verdict"],
    }


def _cle(e: Execution) -> Cle:
    return e.pilote, e.ordonnance, e.numero_execution


def _avec(toutes: Sequence[Execution], comptees: Sequence[Execution]) -> list[str] | None:
    if len(toutes) == len(comptees):
        return None
    premier = jugement.enregistrement([(e.pilote, e.enregistree) for e in toutes])
    return [premier["etat"], jugement.scor([e.conformite for e in toutes if e.phase == 2])]


def _anomalies(traces: Sequence[Corps], faits: Faits) -> list[Corps]:
    """« ouverte, corrigee (in a version) or ecartee »; reopened by what was emitted after its correction."""
    vues: defaultdict[tuple[str, str], list[Corps]] = defaultdict(list)
    for t in traces:
        if t.get("erreur") and t["erreur"]["origine"] == "logiciel":
            vues[t["operation"], t["erreur"]["code"]].append(t)
    suites: defaultdict[tuple[str, str], list[Corps]] = defaultdict(list)
    for s in faits.suites:
        suites[s["operation"], s["code"]].append(s)
    premieres: dict[str, datetime] = {}
    for t in traces:
        premieres[t["version"]] = min(t["emise_le"], premieres.get(t["version"], t["emise_le"]))
    lues = []
    for cle in vues.keys() | suites.keys():
        declarees = [s for s in suites[cle] if s["statut"] == "declaree"]
        grave = any(t["erreur"]["bloquante"] for t in vues[cle]) or bool(declarees and declarees[-1]["bloquante"])
        intrinseque = bool(vues[cle]) or declarees[-1]["origine"] == "logiciel"
        statut = _statut(suites[cle], vues[cle], premieres)
        lues.append({"operation": cle[0], "code": cle[1], "statut": statut, "grave": grave and intrinseque})
    return lues


def _statut(suites: Sequence[Corps], vues: Sequence[Corps], premieres: dict[str, datetime]) -> str:
    if not suites or suites[-1]["statut"] == "declaree":
        return "ouverte"
    derniere = suites[-1]
    if derniere["statut"] != "corrigee":
        return str(derniere["statut"])
    corrective = derniere["version_corrective"]
    repere = premieres[corrective] if corrective in premieres else derniere["le"]
    for t in vues:
        apres = t["version"] == corrective or premieres[t["version"]] > repere
        if t["emise_le"] > derniere["le"] and apres:
            return "ouverte"
    return "corrigee"


def _etat_des_anomalies(traces: Sequence[Corps], bloquantes: set[tuple[str, str]]) -> str:
    if bloquantes:
        return "non_atteint"
    reussies = {t["operation"] for t in traces if t["resultat"] == "succes"}
    return "atteint" if reussies.issuperset(jugement.REQUISES) else "indetermine"


def _satisfaction(faits: Faits) -> str:
    if any(reponse["ouvert"] for reponse in faits.reponses.values()):
        return "non_atteint"
    return "atteint" if len(faits.reponses) >= 3 else "indetermine"


def _verdict(etats: Sequence[str]) -> str:
    if "non_atteint" in etats:
        return "defavorable"
    return "favorable" if set(etats) == {"atteint"} else "en_attente"
