"""Recount from the raw traces, compared with what is kept."""
