"""Watching: how a standing system is, in figures, and what of it needs a person."""
