"""Searching many embeddings: a file that opens in milliseconds, changed while it is searched.

``serving`` chooses where the register's are searched. ``opening`` is the way into files, ``live``
what is searched there; ``postgres`` is an index in a database, and ``shared`` the one that several
machines fill. ``protocol`` says what an index is. ``scanning`` searches a dataset's cached
embeddings instead of the register.
"""
