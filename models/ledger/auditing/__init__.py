"""Answering an auditor: entries that a block drew are opened, and nothing else.

- ``request``: reading what an auditor asks for, and drawing it again
- ``opening``: the drawn entries with their paths, and revocations that stand before them
- ``writing``: the folder that the auditor gets

``verifier`` holds the auditor's side and shares no line with this one.
"""
