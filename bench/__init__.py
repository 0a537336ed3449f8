"""Throughput of `POST /traces`, against a textbook endpoint on the same machine.

`python -m bench` plays a few contenders in turn (`concurrents.py` says what a contender is and which there
are), each on a database of its own, made for that turn, and prints the medians. Nothing of the service is
imported except the embedded PostgreSQL that the textbook endpoint runs on: the service is driven from
outside.
"""
