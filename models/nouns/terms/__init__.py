"""Unknown terms: counted, listed, decided by people."""
