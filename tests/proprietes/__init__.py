"""Properties: whatever the history of receptions, the service says what an independent oracle says."""
