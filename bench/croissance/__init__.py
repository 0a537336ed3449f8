"""What grows with the number of traces: `python -m bench.croissance` (or: make bench-croissance).

One database of hundreds of préséries is brought to each size through `POST /traces`; at each, the reads are
timed one by one, and the write path under load. `lectures.py` says which reads, `base.py` fills the database
and lets it come to rest.
"""
