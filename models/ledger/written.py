"""Records that were written once and are entered many times, each about another asset.

Most records of a release differ in their asset alone. Making and checking each of a million takes
minutes; a form is made and checked once, and the asset put in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class FormedRecords:
    """Records about many assets, as the few forms that say them: each is written when asked for.

    So they are handed to another process in a tenth of the bytes.

    Attributes:
        forms: those that are put to one asset together.
        assets: digests.
        numbers: for each asset which of ``forms`` are put to it.
    """

    forms: Sequence[Sequence[RecordForm]]
    assets: Sequence[str]
    numbers: Sequence[int]

    def __iter__(self) -> Iterator[WrittenRecord]:
        """Write one after another.

        Raises:
            LedgerError: an asset is not named by its digest.
        """
        for asset, number in zip(self.assets, self.numbers, strict=True):
            for form in self.forms[number]:
                yield form.about(asset)
