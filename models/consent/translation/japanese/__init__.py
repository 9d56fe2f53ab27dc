"""Every note that the code can write, with its Japanese.

The English is as the code writes it, with a gap for each value: ``{key}`` keeps its text. A gap may
say more about what stands in it:

- ``{why:note}``: another note, which is translated where it is known;
- ``{why:known}``: another note; the line fits only where that one is known;
- ``{terms:list}``: several notes with commas between them;
- ``{address:word}``: a text without spaces; ``{count:number}``: digits.

A new note belongs into the module of its kind, without a full stop at its end.
``tests/unit/test_consent_translation.py`` tells which notes are missing.
"""

from __future__ import annotations

from models.consent.translation.japanese import (
    chains,
    fetching,
    files,
    ipfs,
    signatures,
    sites,
    terms,
    testimony,
)

NOTES: tuple[tuple[str, str], ...] = (
    *files.NOTES,
    *testimony.NOTES,
    *signatures.NOTES,
    *sites.NOTES,
    *terms.NOTES,
    *chains.NOTES,
    *fetching.NOTES,
    *ipfs.NOTES,
)
