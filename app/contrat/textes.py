"""The document's own texts: its presentation, in ``presentation.md``, and its groups of operations."""

from importlib.resources import files

PRESENTATION = (files("app.contrat") / "presentation.md").read_text("utf-8")
ETIQUETTES = {
    "Traces": "Envoyer les traces d'un poste, et savoir s'il doit continuer.",
    "Registre": "Éditeurs, modules, logiciels, préséries, jalons, prérequis, pilotes. « PUT » crée (201) ou remplace "
    "(200).",
    "Vie d'une présérie": "La démarrer, décider de sa suite, désactiver ses traces, la clôturer.",
    "Bilan": "Les cinq critères d'une présérie, leurs chiffres, et les exécutions derrière chaque chiffre.",
    "Questionnaire": "Demander leur avis aux pilotes, lire leurs réponses, lever un frein bloquant.",
    "Journal": "Qui a changé quoi, et quand : une chaîne d'entrées qui ne se modifie pas.",
    "Supervision": "Savoir si le service vit et peut travailler.",
}
