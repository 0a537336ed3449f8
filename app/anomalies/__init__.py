"""Anomalies of a logiciel: opened by traces, declared, corrected, contested and set aside by people."""
