"""One engine a file: a rule and code to findings."""
