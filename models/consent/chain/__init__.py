"""Consent on EVM chains: tokens, collection defaults and commits, read at one finalized block."""
