"""Whole processes: the real command line, on the embedded PostgreSQL of a directory of their own."""
