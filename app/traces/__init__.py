"""From the body of a POST to traces on disk, folded into executions and counted.

``corps`` reads bytes, ``lecture`` parses them, ``tri`` accepts or refuses (pure), ``ecriture`` groups commits,
``depot`` holds the one statement that dedupes, folds and counts.
"""
