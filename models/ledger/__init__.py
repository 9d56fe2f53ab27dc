"""The usage ledger: which asset was used, or kept out, for which release, provable from files.

- ``merkle``: hashes, roots, inclusion and consistency proofs (RFC 6962, RFC 9162)
- ``tiles``: the tree on disk (C2SP tlog-tiles)
- ``note``: signed notes, checkpoints and keys (C2SP signed-note, tlog-checkpoint)
- ``commitments``: what hides a record, and what opens it again
- ``records``: what a record may say: no free text at all
- ``references``: pseudonyms for owners and reviewers
- ``batches``: the public, signed description of one append
- ``owners``: a key for every owner, their proofs, their erasure
- ``openings``: reads what explains the leaves of a batch
- ``private_files``: where things lie in the private folder
- ``beginning``: a ledger's first files, and the lock of its writer
- ``journal``: one append, from its preparation to the signed head
- ``log``: the ledger itself: begin, append, read
- ``verification``: checks a ledger from its files alone
- ``private_checks``: and its private folder
- ``walk``: recomputes the whole tree, once, for it
- ``report``: what a verification says
- ``proof_file``: what all proof files have in common
- ``inclusion``: one leaf's proof as a file of its own
- ``consistency``: the proof that a log begins with an older one, as a file
- ``proofs``: checks a proof file of any format
"""
