"""The dashboards of Grafana as code; ``make grafana`` writes them to ``dashboards/`` (docs/tableaux-de-bord.md)."""
