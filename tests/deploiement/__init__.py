"""The service behind a real nginx, and its replacement by another version while clients send."""
