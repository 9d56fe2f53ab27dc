"""Registered names in disguise: spellings that are meant to be missed, or slipped."""
