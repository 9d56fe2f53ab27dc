"""Owners in the usage ledger: a key for each, their proofs, and their erasure.

- ``keys``: 32 random bytes per owner, in a file that forgets them when told to
- ``sealed``: the records of a batch on disk, each encrypted for its owner's key
- ``ring``: which owner's key opens which sealed record
- ``index``: the owner index tree of a batch, as a formula and as a private file
- ``book``: who has which records in the batch that is being staged
- ``erasure``: destroys what an owner's key opens, and the key
- ``completeness``: "these are all my records in this batch", as a file
- ``absence``: "I have nothing in this batch", as a file
- ``proving``: makes one or the other from the ledger's folders
"""
