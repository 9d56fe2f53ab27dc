"""Records that were written once and are entered many times, each about another asset.

Most records of a release differ in their asset alone. Making and checking each of a million takes
minutes; a form is made and checked once, and the asset put in.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from models.errors import LedgerError
from models.ledger.payout_record import PayoutRecord
from models.ledger.records import RecordType, UsageRecord

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class WrittenRecord(NamedTuple):
    """A usage record as the log commits to it.

    Attributes:
        type: what it is about.
        owner_ref: pseudonym of the owner, or "".
        text: canonical JSON.
    """

    type: RecordType
    owner_ref: str
    text: bytes

    def canonical(self) -> bytes:
        """Canonical JSON (RFC 8785): what is committed to."""
        return self.text


AnyRecord = UsageRecord | WrittenRecord | PayoutRecord
"""What a batch can hold."""


class RecordForm:
    """A usage record in which another asset can be put.

    Args:
        record: about any asset.
    """

    def __init__(self, record: UsageRecord) -> None:
        self._type, self._owner_ref = record.type, record.owner_ref
        # The asset comes first in the text, after nothing but a media type.
        self._before, _, self._after = record.canonical().partition(record.asset_sha256.encode())

    def about(self, asset_sha256: str) -> WrittenRecord:
        """The same record about an asset.

        Raises:
            LedgerError: this is no asset's digest.
        """
        if not _SHA256.fullmatch(asset_sha256):
            raise LedgerError(
                "A usage record's asset is not named by 64 hex digits.", "Give the asset's id."
            )
        text = self._before + asset_sha256.encode() + self._after
        return WrittenRecord(self._type, self._owner_ref, text)
