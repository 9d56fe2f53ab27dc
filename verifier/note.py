"""Keys, signed notes and checkpoints, as C2SP signed-note and tlog-checkpoint define them."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verifier.canonical import MAX_NUMBER
from verifier.merkle import EMPTY_ROOT
from verifier.report import CheckError

MAX_NOTE_BYTES = 1 << 16
MAX_SIGNATURES = 100
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_UNNAMEABLE = re.compile(
    "[\\x00-\\x20+\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ud800-\\udfff]"
)
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """A log's public key with its name."""

    name: str
    public: bytes

    @property
    def vkey(self) -> str:
        """The key as text."""
        return (
            f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([1]) + self.public).decode()}"
        )

    @property
    def key_id(self) -> bytes:
        """What a signature line names the key by."""
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]

    @classmethod
    def parse(cls, vkey: str) -> Key:
        """Read ``name+id+base64``.

        Raises:
            CheckError: it is not an Ed25519 key, or its id does not fit.
        """
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        data = decode_base64(encoded)
        if data is not None and len(data) == 33 and data[0] == 1 and is_name(name):
            key = cls(name, data[1:])
            if key.key_id.hex() == key_id:
                return key
        raise CheckError(
            "key", "This is not an Ed25519 verifier key (name+id+base64), or it is damaged."
        )

    def signed(self, text: bytes, signature: bytes) -> bool:
        """Whether this key signed the text (RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Head:
    """Size and root of a log at some time."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint as it was read; nobody has looked at its signatures yet."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]
    origin: str
    head: Head

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Read a checkpoint, without its signatures.

        Raises:
            CheckError: it is not written as one.
        """
        text, lines = _split(data)
        rows = text.split("\n")
        if len(rows) < 4 or not all(rows[:-1]) or not _SIZE.fullmatch(rows[1]):
            raise _misshapen()
        size, root = int(rows[1]), decode_base64(rows[2])
        if root is None or len(root) != 32 or size > MAX_NUMBER:
            raise _misshapen()
        return cls(text, tuple(map(_parse_signature, lines)), rows[0], Head(size, root))

    def check(self, key: Key) -> Head:
        """The head, once the log's own signature holds. Signatures by others are passed over.

        Raises:
            CheckError: the key did not sign it, or it is of another log.
        """
        own = [
            blob
            for name, key_id, blob in self.signatures
            if (name, key_id) == (key.name, key.key_id)
        ]
        if not own:
            raise CheckError(
                "checkpoint", f"The checkpoint is not signed by the key of {key.name}."
            )
        if not all(key.signed(self.text.encode(), signature) for signature in own):
            raise CheckError(
                "checkpoint",
                f"The signature by {key.name} does not hold: the checkpoint was changed or forged.",
            )
        if self.origin != key.name:
            raise CheckError(
                "checkpoint", f"The checkpoint is of the log {self.origin}, not of {key.name}."
            )
        if self.head.size == 0 and self.head.root != EMPTY_ROOT:
            raise CheckError(
                "checkpoint", "The checkpoint gives the empty log a root that it cannot have."
            )
        return self.head


def open_checkpoint(data: bytes, key: Key) -> Head:
    """The head in a checkpoint signed by a key.

    Raises:
        CheckError: it does not verify.
    """
    return Note.parse(data).check(key)


def is_name(name: str) -> bool:
    """Whether a key can have this name."""
    return bool(name) and not _UNNAMEABLE.search(name)


def decode_base64(text: str) -> bytes | None:
    """Base64 in its only canonical spelling, else None."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


def _split(data: bytes) -> tuple[str, list[str]]:
    try:
        whole = data.decode()
    except ValueError:
        raise _misshapen() from None
    end = whole.rfind("\n\n")
    lines = whole[end + 2 :].split("\n")
    if len(data) > MAX_NOTE_BYTES or end < 0 or lines.pop() or _CONTROL.search(whole):
        raise _misshapen()
    if not 0 < len(lines) <= MAX_SIGNATURES:
        raise _misshapen()
    return whole[: end + 1], lines


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line[2:].partition(" ")
    blob = decode_base64(encoded)
    if not line.startswith("\N{EM DASH} ") or not is_name(name) or blob is None or len(blob) < 5:
        raise _misshapen()
    return name, blob[:4], blob[4:]


def _misshapen() -> CheckError:
    return CheckError(
        "checkpoint",
        "The checkpoint is not a signed note of origin, size and root: it was changed or cut off.",
    )
