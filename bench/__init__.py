"""Throughput, latency and cost of `POST /traces`, against a textbook endpoint and the bare database.

`python -m bench` plays the contenders in turn (`concurrents.py` says what one is and `liste.py` which there are),
each on a database of its own, made for that turn, and prints the medians. The service is driven from outside; only
the contenders without HTTP (`direct.py`) import the part of it that they measure.
"""
