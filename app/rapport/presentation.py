"""PURE. The whole report of a présérie, for the page and for the PDF, from what its JSON bilan is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.bilan.faits import Faits
from app.bilan.liens import Liens
from app.bilan.schemas import BilanLu, CriterePrerequis, CritereSatisfaction, Etat, LigneVentilee, Verdict
from app.francais import enumerer
from app.preseries.annuaire import PARIS
from app.rapport import annexes, courbe, sections
from app.rapport.annexes import BilanArrete
from app.rapport.courbe import Jour
from app.rapport.criteres_montres import NOMS, montrer
from app.rapport.formats import instant, le_jour, part, typographier
from app.rapport.formes import Figure, Rapport, Section
from app.rapport.schemas import QualiteLue
from app.rapport.sections import Ecartee, PrerequisDecrit
from app.referentiels import Fraction

STATUTS = {
    "preparation": "en préparation",
    "en_cours": "en cours",
    "validee": "validée",
    "cloturee": "clôturée",
    "abandonnee": "abandonnée",
}
_VERDICTS = {
    Verdict.FAVORABLE: "✓ Verdict proposé : favorable",
    Verdict.DEFAVORABLE: "✗ Verdict proposé : défavorable",
    Verdict.EN_ATTENTE: "? Verdict proposé : en attente",
}


@dataclass(frozen=True, slots=True)
class Noms:
    """What people call the éditeur, the module and the logiciel of a présérie; ``cnda`` is its authorisation."""

    editeur: str
    module: str
    logiciel: str
    cnda: str | None


@dataclass(frozen=True, slots=True)
class Complements:
    """What the report tells beside the bilan. ``ventiles`` by day; ``qualite`` is None once raw traces are purged."""

    noms: Noms
    ventiles: Sequence[LigneVentilee]
    ecartees: Sequence[Ecartee]
    prerequis: Sequence[PrerequisDecrit]
    qualite: QualiteLue | None
    arretes: Sequence[BilanArrete]


def presenter(faits: Faits, bilan: BilanLu, complements: Complements) -> Rapport:
    """``bilan`` is what the facts amount to."""
    noms = complements.noms
    dossier = faits.dossier
    jours = [Jour(date.fromisoformat(v.cle), v.executions, v.enregistrees) for v in complements.ventiles]
    return Rapport(
        fichier=f"bilan-{dossier.preserie}-{faits.instant.astimezone(PARIS):%Y-%m-%d}",
        le=dossier.lu_le,
        titre=f"Bilan de la présérie {dossier.preserie}",
        resume=f"{noms.logiciel} — {noms.editeur}",
        entete=_entete(faits, bilan, noms),
        code_verdict=bilan.verdict.value,
        verdict=typographier(_VERDICTS[bilan.verdict]),
        verdict_dit=_dire(bilan),
        criteres=montrer(bilan, faits),
        figure=_figure(jours, dossier.referentiel.enregistrement.seuil),
        jours=annexes.par_jour(jours),
        sections=[
            *_sections(faits, bilan, complements),
            annexes.qualite(complements.qualite, dossier.purgee_le),
            annexes.arretes(complements.arretes),
        ],
        manque=sections.a_faire(bilan.a_faire),
        listes=annexes.listes(bilan),
    )


def _sections(faits: Faits, bilan: BilanLu, complements: Complements) -> list[Section]:
    """What the bilan itself says, in the order of the page."""
    dossier = faits.dossier
    liens = Liens(dossier.preserie, dossier.observee_depuis, faits.au)
    par_code = {critere.code: critere for critere in bilan.criteres}
    prerequis, satisfaction = par_code["prerequis"], par_code["satisfaction"]
    assert isinstance(prerequis, CriterePrerequis)  # noqa: S101 — each code has its class
    assert isinstance(satisfaction, CritereSatisfaction)  # noqa: S101
    return [
        sections.executions(bilan, liens),
        sections.ecartees(complements.ecartees),
        sections.anomalies(faits.anomalies, liens),
        sections.pilotes(faits, liens),
        sections.modalites(bilan),
        sections.prerequis(prerequis, complements.prerequis),
        sections.satisfaction(satisfaction, faits.reponses, dossier.referentiel.questionnaire.notes),
    ]


def _entete(faits: Faits, bilan: BilanLu, noms: Noms) -> list[tuple[str, str]]:
    dossier = faits.dossier
    referentiel = dossier.referentiel
    cnda = f"n° {noms.cnda}, du {le_jour(dossier.cnda_le)}" if noms.cnda is not None else "aucune"
    return [
        ("Logiciel", f"{noms.logiciel} ({dossier.logiciel})"),
        ("Éditeur", f"{noms.editeur} ({dossier.editeur})"),
        ("Module", f"{noms.module} ({dossier.module})"),
        ("Autorisation du CNDA", cnda),
        ("Catégorie", f"{referentiel.libelle} ({dossier.categorie_ps})"),
        ("Référentiel", f"{dossier.categorie_ps}, version {dossier.referentiel_version}"),
        ("Statut", STATUTS[dossier.statut]),
        ("Première exécution", instant(bilan.debut_le)),
        ("Critères comptés depuis", le_jour(bilan.observee_depuis) if bilan.observee_depuis else "le début"),
        ("Fin prévue", le_jour(dossier.fin_prevue_le)),
        ("Tel que connu au", instant(faits.instant)),
        ("Lu dans la base le", instant(bilan.calcule_le)),
    ]


def _dire(bilan: BilanLu) -> str:
    def nommes(etat: Etat) -> list[str]:
        return [f"« {NOMS[c.code]} »" for c in bilan.criteres if c.etat is etat]

    match bilan.verdict:
        case Verdict.FAVORABLE:
            dit = "Les cinq critères sont atteints."
        case Verdict.DEFAVORABLE:
            manques = nommes(Etat.NON_ATTEINT)
            dit = ("Ne sont pas atteints : " if len(manques) > 1 else "N'est pas atteint : ") + f"{enumerer(manques)}."
        case Verdict.EN_ATTENTE:
            dit = f"Rien ne permet encore de trancher : {enumerer(nommes(Etat.INDETERMINE))}."
    return typographier(f"{dit} Le verdict propose ; l'Assurance Maladie et l'éditeur décident.")


def _figure(jours: Sequence[Jour], seuil: Fraction) -> Figure | None:
    if not jours:
        return None
    legende = (
        "Taux d'enregistrement par jour. Point plein : jour au seuil ou au-dessus ; point creux : en dessous. Trait "
        f"vertical : intervalle à 95 % (Wilson). Tirets : seuil de {part(seuil.numerateur, seuil.denominateur)}. Un "
        "jour sans exécution interrompt la courbe."
    )
    return Figure(courbe.dessiner(jours, seuil), courbe.alternative(jours, seuil), typographier(legende))
