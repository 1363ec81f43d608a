"""Runs all rules over a series, keeps what the patch introduced, suppresses, counts."""
