"""Faults: what is broken under a service while clients send, what must hold afterwards, and how long that takes."""
