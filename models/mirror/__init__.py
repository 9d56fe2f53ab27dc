"""Releases and the usage ledger's public part, mirrored to object storage after publication.

target.py      an fsspec URL that objects are written to and read from
shelf.py       a dataset's releases there: immutable folders, and one pointer
tiles.py       the ledger there: what the copy lacks, and its checkpoint last
pushing.py     both, under one lock, and what it came to
"""
