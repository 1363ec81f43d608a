"""Rule files and tables to frozen rules; no matching here."""
