"""The bilan as a report for people: HTML and PDF; the executions as CSV; the quality of the data."""
