"""ISCC (ISO 24138): codes made from the content itself, and what is declared about them."""
