"""Finding registered names in texts: compiled spellings, boundaries, evidence."""
