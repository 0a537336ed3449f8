"""The journal: who changed what and when, append-only and chained by hashes; personal data lie beside the chain."""
