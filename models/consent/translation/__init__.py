"""Notes, carriers and sources in Japanese, for owners who have to see why a verdict was reached.

Notes are evidence: they are stored in English and never change. What a reader sees is put into
their language when it is shown.
"""
