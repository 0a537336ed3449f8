"""Workstation by workstation: heard of when, in which version, what was lost before it reached us, what still comes.

``attentes`` says who is expected to send (pure), ``depot`` reads receptions in one statement, gaps included.
"""
