"""Searching many embeddings: a file that opens in milliseconds, changed while it is searched.

``opening`` is the way in. ``protocol`` says what an index is, ``live`` is ours, ``postgres`` one in
a database; ``scanning`` searches a dataset's cached embeddings instead of the register.
"""
