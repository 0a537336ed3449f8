"""Sealed bilans: a bilan as of an instant, signed with a digest of its traces, and approved by both sides."""
