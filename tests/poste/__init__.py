"""The reference workstation client, against a scripted stand-in of the remote service."""
