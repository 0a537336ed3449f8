"""The keys that wrap and sign are changed beside a service that goes on."""
