"""What an operator relies on after a loss: backups taken beside the running service, and restored elsewhere."""
