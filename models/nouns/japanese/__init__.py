"""Japanese: what a word is, by dictionary and by its surroundings."""
