"""Every query of every dashboard, as Grafana would ask it, of a real Prometheus that reads the real service.

The service is read under two names, as two replicas would be.
"""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.grafana.tableaux import FICHIERS, Requete, lire, question, remplir, requetes, variables
from tests.outils import Corps, echec, trace
from tests.processus.exemple import exemple
from tests.processus.lancement import Serveur, attendre, creer_cle, environnement, executer, serveur
from tests.supervision.prometheus import Prometheus, avec_prometheus, prometheus

pytestmark = [avec_prometheus, pytest.mark.timeout(180)]

ENVOIS_S = 4
REPLIQUES = ("une", "autre")
# Without a read standby its age is not a number.
SANS_CHIFFRE = {"exploitation-Retard de la base de lecture-A"}
par_requete = pytest.mark.parametrize("requete", list(requetes()), ids=str)


@dataclass(frozen=True, slots=True)
class Lu:
    """What Prometheus has read until an instant, and the bilan of the example then."""

    prometheus: Prometheus
    instant: float
    bilan: Corps

    def choix(self, tableau: Corps, *, tout: bool) -> dict[str, str]:
        """The variables as Grafana fills them in: all there is, or the example alone, as the first replica shows it."""
        exemple = self.bilan | {"instance": REPLIQUES[0]}
        choix: dict[str, str] = {}
        for variable in variables(tableau):
            series, etiquette = question(variable)
            parametres: dict[str, str | float] = {"match[]": remplir(series, choix), "start": self.instant - 60}
            assert exemple[etiquette] in self.prometheus.interroger(f"label/{etiquette}/values", **parametres)
            tous = tout and variable["includeAll"]
            choix[variable["name"]] = variable["allValue"] if tous else exemple[etiquette]
        return choix

    def demander(self, expr: str, choix: Mapping[str, str], *, instantanee: bool = True) -> list[Corps]:
        rempli = remplir(expr, choix)
        if instantanee:
            return self.prometheus.demander(rempli, time=self.instant)
        bornes = {"start": self.instant - 15, "end": self.instant, "step": 1}
        series: list[Corps] = self.prometheus.interroger("query_range", query=rempli, **bornes)["result"]
        return series


@pytest.fixture(scope="module")
def lu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lu]:
    dossier = tmp_path_factory.mktemp("grafana")
    with serveur(dossier / "donnees", workers=1, patience_s=120) as service:
        cle = creer_cle(service.dossier, "--role", "cnam")
        with prometheus(service, cle, dossier, REPLIQUES) as lui:
            preserie, appels, traces = exemple("ortho-plus")
            service.inscrire(cle, appels)
            service.inscrire(cle, exemple("ortho-jeune")[1])
            service.inscrire(cle, exemple("ortho-neuf")[1][:4])  # no pilote, not started
            attendre(lambda: len(lui.demander("up == 1")) == len(REPLIQUES))
            _envoyer(service, cle, traces)
            fini = executer("recompter", "--preserie", preserie, env=environnement(data_dir=str(service.dossier)))
            assert fini.returncode == 0, fini.stderr
            time.sleep(2.5)  # a reading is kept for a second, and read a second later
            bilan = service.appeler("GET", f"/bilan/preseries/{preserie}", cle).json()
            yield Lu(lui, time.time(), bilan)


def _envoyer(service: Serveur, cle: str, traces: list[Corps]) -> None:
    """All of the example over some seconds, some of it again; five executions of a logiciel, three of them lost."""
    jeunes = [trace(logiciel="ortho-jeune") for _ in range(2)] + [echec(logiciel="ortho-jeune") for _ in range(3)]
    toutes = [*jeunes, *traces]
    lots = [toutes[debut : debut + 100] for debut in range(0, len(toutes), 100)]
    for lot in [*lots, lots[1]]:
        assert service.appeler("POST", "/traces", cle, json=lot).status_code == 200
        assert service.appeler("POST", "/traces", cle, json=trace(numero_am="999999999")).status_code == 422
        time.sleep(ENVOIS_S / len(lots))


@pytest.fixture(params=[True, False], ids=["tout", "un"])
def tout(request: pytest.FixtureRequest) -> bool:
    """Whether all is chosen, or one thing of each kind."""
    choisi: bool = request.param
    return choisi


def _tableau(requete: Requete) -> Corps:
    return lire(next(fichier for fichier in FICHIERS if fichier.stem == requete.tableau))


@par_requete
def test_chaque_requete_montre_des_chiffres(lu: Lu, requete: Requete, tout: bool) -> None:
    series = lu.demander(requete.expr, lu.choix(_tableau(requete), tout=tout), instantanee=requete.instantanee)
    chiffres = [float(valeur) for serie in series for _, valeur in serie.get("values") or [serie["value"]]]
    assert chiffres
    assert all(math.isnan(chiffre) for chiffre in chiffres) == (str(requete) in SANS_CHIFFRE)


@pytest.mark.parametrize("requete", [r for r in requetes() if "{editeur=~" in r.expr], ids=str)
def test_deux_repliques_montrent_ce_qu_une_seule_montre(lu: Lu, requete: Requete) -> None:
    choix = lu.choix(_tableau(requete), tout=True)
    ensemble, seule = (
        {frozenset(serie["metric"].items()): float(serie["value"][1]) for serie in lu.demander(expr, choix)}
        for expr in (requete.expr, requete.expr.replace("{editeur=~", f'{{instance="{REPLIQUES[0]}", editeur=~'))
    )
    # What is extrapolated from the instants of readings differs a little from one replica to the other.
    assert ensemble == pytest.approx(seule, rel=0.3 if "delta(" in requete.expr else 0, nan_ok=True)


def _valeurs(lu: Lu, tableau: str, panneau: str, *etiquettes: str) -> dict[str, dict[tuple[str, ...], float]]:
    """What a panel shows of all the préséries: by query, by these labels."""
    siennes = [requete for requete in requetes() if (requete.tableau, requete.panneau) == (tableau, panneau)]
    choix = lu.choix(_tableau(siennes[0]), tout=True)
    return {
        requete.ref_id: {
            tuple(serie["metric"].get(nom, "") for nom in etiquettes): float(serie["value"][1])
            for serie in lu.demander(requete.expr, choix)
        }
        for requete in siennes
    }


def test_l_etat_d_une_preserie_est_celui_de_son_bilan(lu: Lu) -> None:
    lues = _valeurs(lu, "cnam", "État des préséries", "preserie")
    for critere in lu.bilan["criteres"]:
        attendu = {"atteint": 1, "non_atteint": 0, "indetermine": -1}[critere["etat"]]
        assert lues[critere["code"]][lu.bilan["preserie"],] == attendu
    assert lues["executions"][lu.bilan["preserie"],] == lu.bilan["executions"]["total"]
    assert lues["enregistrement"] == {("ortho-plus-lpp",): 1, ("ortho-jeune-lpp",): 0, ("ortho-neuf-lpp",): -1}
    assert math.isnan(lues["derniere"]["ortho-neuf-lpp",])
    statuts = _valeurs(lu, "cnam", "État des préséries", "preserie", "statut")["statut"]
    assert statuts.keys() >= {("ortho-plus-lpp", "en_cours"), ("ortho-neuf-lpp", "preparation")}


def test_un_editeur_voit_ce_qui_manque_au_verdict_de_chaque_preserie(lu: Lu) -> None:
    manquantes = _valeurs(lu, "editeur", "Ce qu'il reste à faire", "preserie")["manquantes"]
    # 2 of 5 are registered; 10 more make 12 of 15.
    assert manquantes == {("ortho-plus-lpp",): 0, ("ortho-jeune-lpp",): 10, ("ortho-neuf-lpp",): 0}
    a_acquerir = _valeurs(lu, "editeur", "Critères à acquérir", "preserie", "critere")["etat"]
    pas_atteints = {c["code"] for c in lu.bilan["criteres"] if c["etat"] != "atteint"}
    assert {critere for preserie, critere in a_acquerir if preserie == "ortho-plus-lpp"} == pas_atteints


def test_un_module_compte_toutes_ses_preseries(lu: Lu) -> None:
    lues = _valeurs(lu, "editeur", "Modules", "module")
    executions = lu.bilan["executions"]
    assert lues["preseries"] == {("mon-ortho",): 3}
    assert lues["total"] == {("mon-ortho",): executions["total"] + 5}
    assert lues["taux"]["mon-ortho",] == pytest.approx((executions["enregistrees"] + 2) / (executions["total"] + 5))
