"""What the log holds instead of a record: a salted commitment, and the opening that explains it.

The commitment is ``C = SHA-256("com1" || salt || record)``, the leaf ``SHA-256(0x00 || C)``. The
salt is another for every record and follows from its owner's key (``models.ledger.owners.keys``):
without it, not even somebody who holds the image, and guesses everything else, can tell whether a
leaf is about it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from models.errors import LedgerError
from models.recursion import is_nested_deeper

SALT_BYTES = 32
MAX_OPENING_BYTES = 1 << 16
_MAX_DEPTH = 100
_DOMAIN = b"com1"
_LINE = re.compile(
    rb'\{"index":(0|[1-9][0-9]{0,15}),"record":(\{.*\}),"salt":"([0-9a-f]{64})"\}\n', re.DOTALL
)
_ENCODER = json.JSONEncoder(
    # Nothing that is read or written here holds itself: looking for that takes a tenth longer.
    check_circular=False,
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
)
_ERASED = re.compile(rb'\{"erased":(0|[1-9][0-9]{0,15}) +\}\n')

_INDEX = re.compile(rb'\{"index":(0|[1-9][0-9]{0,15}),')


def commit(salt: bytes, record: bytes) -> bytes:
    """The commitment to a record in canonical JSON.

    Raises:
        ValueError: the salt does not have 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise _not_a_salt(salt)
    return hashlib.sha256(_DOMAIN + salt + record).digest()


def leaf_of(salt: bytes, record: bytes) -> bytes:
    """The leaf hash of a record.

    Raises:
        ValueError: the salt does not have 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise _not_a_salt(salt)
    sha256 = hashlib.sha256  # both hashes written out: a release has a million leaves
    return sha256(b"\x00" + sha256(_DOMAIN + salt + record).digest()).digest()


def encode_canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of values made of objects with ASCII keys, lists, strings,
    booleans and integers below 2**53, which is all that a ledger file holds.

    ``models.canonical`` does the same for any value, in Python and several times slower.
    """
    return _ENCODER.encode(value).encode()


def decode_canonical(data: bytes) -> dict[str, Any]:
    """Read one object, refusing every spelling but the canonical one: no byte can change unseen.

    Raises:
        ValueError: it is not JSON, not an object, or not written canonically.
    """
    # Before the parser, which recurses: a library may have raised Python's recursion limit.
    brackets = data.count(b"[") + data.count(b"{")
    if brackets > _MAX_DEPTH and is_nested_deeper(data, _MAX_DEPTH):
        raise ValueError("it is nested too deeply")
    value = json.loads(data)
    canonical = encode_canonical(value)
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004  (a fault of the data)
    if canonical != data:
        raise ValueError("it is not written as canonical JSON")
    return value


@dataclass(frozen=True, slots=True)
class ErasedOpening:
    """What is left of an opening whose owner was erased: the leaf that it explained."""

    index: int

    @classmethod
    def parse(cls, line: bytes) -> ErasedOpening | None:
        """Read what ``blank_opening`` writes; None where the line is something else."""
        match = _ERASED.fullmatch(line)
        return None if match is None else cls(int(match[1]))


@dataclass(frozen=True, slots=True)
class Opening:
    """The record behind a leaf, with its salt: who holds it can show what the leaf says.

    Attributes:
        index: the leaf it explains.
        canonical: the record in canonical JSON, byte for byte as it was committed to.
        salt: 32 bytes.
    """

    index: int
    canonical: bytes
    salt: bytes

    @property
    def leaf(self) -> bytes:
        """The leaf hash that this opening explains."""
        return leaf_of(self.salt, self.canonical)

    @property
    def record(self) -> dict[str, Any]:
        """The record as a dictionary.

        Raises:
            ValueError: it is not canonical JSON.
        """
        return decode_canonical(self.canonical)

    @property
    def line(self) -> bytes:
        """One line of an openings file: canonical JSON and a newline."""
        return b'{"index":%d,"record":%s,"salt":"%s"}\n' % (
            self.index,
            self.canonical,
            self.salt.hex().encode(),
        )

    @classmethod
    def parse(cls, line: bytes) -> Opening:
        """Read what ``line`` writes. The record is taken as bytes: its leaf vouches for it.

        Raises:
            LedgerError: the line is not an opening.
        """
        match = _LINE.fullmatch(line)
        if match is None:
            raise LedgerError("A line is not an opening.", "Restore the file from a backup.")
        return cls(int(match[1]), match[2], bytes.fromhex(match[3].decode()))


def blank_opening(line: bytes) -> bytes:
    """What is written over an opening's line to erase it: as long, with the leaf's index only.

    Of a damaged line the index may be lost; then it is 0.
    """
    match = _INDEX.match(line)
    start = b'{"erased":' + (match[1] if match else b"0")
    return start.ljust(len(line) - 2) + b"}\n"


def _not_a_salt(salt: bytes) -> ValueError:
    return ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
