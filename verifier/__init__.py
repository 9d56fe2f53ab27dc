"""An independent verifier of usage ledgers, for people who trust neither their operator nor Kiyome.

It shares no line with the pipeline and needs only the standard library and ``cryptography``.
``verifier/js`` is the same in JavaScript, but for audits: same checks, same words, same exit codes.

- ``merkle``: roots and paths, written down from the definitions of RFC 6962
- ``canonical``: canonical JSON (RFC 8785), and reading fields strictly
- ``note``: keys, signed notes, checkpoints (C2SP signed-note and tlog-checkpoint)
- ``batch``: the signed statement about one batch
- ``proofs``: files that prove inclusion, consistency, completeness, absence
- ``chain``: receipts and heads on an EVM chain, over JSON-RPC
- ``folder``: a copy of a whole public folder
- ``heads``: whether the heads that several sources show are of one log
- ``requesting``, ``drawing``, ``bounds``: an auditor's request, drawn by a block
- ``auditing``, ``weighing``, ``entries``, ``consent``, ``manifest``: what an operator opened for it
- ``report``: what was checked, and how it ended
- ``cli``, ``audit_cli``: the command line
"""
