"""A report to one output format a file; pure functions."""
