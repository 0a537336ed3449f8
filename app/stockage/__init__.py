"""PostgreSQL, the only store: engine, sessions, and the embedded server of laptops and tests."""
