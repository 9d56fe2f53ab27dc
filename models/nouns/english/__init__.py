"""English: what a word is, by dictionary."""
