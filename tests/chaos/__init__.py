"""Chaos: the whole system at work while any part of it dies, and what has to be true afterwards.

``rounds`` plays them; ``worlds`` holds a dataset with its workspace and database, ``people`` rule
over HTTP and remember what they were answered, ``strikes`` are what can happen, and ``checks`` say
what has to hold. ``tests.forking`` starts `kiyome` without paying for its imports each time.
"""
