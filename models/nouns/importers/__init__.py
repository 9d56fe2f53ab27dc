"""Readers of lists of names and tags, one module a format.

A reader takes a file piece by piece and yields a ``ListRow`` for each of its rows, so that lists
of many gigabytes need no more memory than small ones. None of them writes anything:
``models.nouns.importing`` does.
"""
