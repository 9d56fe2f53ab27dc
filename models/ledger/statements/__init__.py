"""Statements: what an owner is told about a period, with everything needed to check it.

- ``statement``: what a statement says
- ``gathering``: the owner's records, each batch with its proof
- ``building``: records, rules and payout become a statement
- ``signing``: signed with the log's key
- ``amounts``: minor units as people read them
- ``words``: English and Japanese
- ``page``, ``table``: HTML and CSV
- ``writing``: the folder that an owner gets
"""
