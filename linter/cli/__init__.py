"""Arguments to an exit code; the only place that prints or exits."""
