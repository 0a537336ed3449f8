"""The service on which a présérie of the ordonnance numérique is judged: traces in, bilan out.

Packages are named after nouns of the domain and share the same role files:
``schemas`` (wire), pure rules, ``modeles`` (tables), ``depot`` (SQL), ``service`` (use cases), ``routes`` (HTTP).
"""
