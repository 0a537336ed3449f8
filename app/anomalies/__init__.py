"""Anomalies of a logiciel: opened by traces, declared, corrected, contested and set aside by people.

What people did has its table here, and the fold its pure rule; ``bilan`` reads the counters that it needs, and writes.
"""
