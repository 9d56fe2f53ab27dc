"""Fetching from the network: bounded, polite, and never from where it must not."""
