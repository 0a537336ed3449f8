"""What operators see: structured logs without personal data, a request id everywhere, health."""
