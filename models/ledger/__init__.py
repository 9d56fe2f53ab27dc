"""The usage ledger: which asset was used, or kept out, for which release, provable from files.

- ``merkle``: hashes, roots, inclusion and consistency proofs (RFC 6962, RFC 9162)
- ``tiles``: the tree on disk (C2SP tlog-tiles)
- ``note``: signed notes, checkpoints and keys (C2SP signed-note, tlog-checkpoint)
- ``commitments``: what hides a record, and what opens it again
- ``records``: what a record may say: no free text at all
- ``references``: pseudonyms for owners and reviewers
- ``batches``: the public, signed description of one append
- ``journal``: one append, from its preparation to the signed head
- ``log``: the ledger itself: begin, append, read
- ``verification``: checks a ledger from its files alone
- ``walk``: recomputes the whole tree, once, for it
- ``report``: what a verification says
- ``inclusion``: one leaf's proof as a file of its own
"""
