"""The grounds of a use: what its record commits to of the manifest's row and the statements."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from models.ledger.commitments import encode_canonical

ROW = ("basis", "consent", "decided_by", "reasons")
"""What belongs to them of a manifest's row; its asset stands in the record itself."""


def digest_grounds(row: Mapping[str, Any], statements: Sequence[str]) -> str:
    """SHA-256, in hex, of the canonical JSON of a row's part and the statements it rests on.

    Args:
        row: of the manifest; what ``ROW`` does not name is left out.
        statements: everything that was said, as canonical JSON each, in the row's order.
    """
    grounds = {**{name: row[name] for name in ROW}, "statements": list(statements)}
    return hashlib.sha256(encode_canonical(grounds)).hexdigest()
