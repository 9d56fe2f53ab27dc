"""Backups: one archive of what cannot be made anew, and the way back from it."""
