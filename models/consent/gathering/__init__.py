"""Gathering: asking the sources outside the dataset what they say about its assets."""
