"""A cluster of three under Patroni: its primary is lost under load, and nothing that was acknowledged is."""
