"""The bilan live: server-sent events, told by the database whenever something changes."""
