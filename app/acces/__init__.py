"""Access keys: who may do what. 256-bit keys of which only the SHA-256 is kept, roles, bounds, expiry."""
