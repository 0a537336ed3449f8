"""What Prometheus reads: the technical metrics of all workers, and the figures of each présérie from the database.

``routes`` (HTTP), ``service`` (one scrape, and the gauges of this worker), ``lecture`` (one reading for all scrapes).
"""
