"""A report to where people are: hooks, forge comments, patchwork checks."""
