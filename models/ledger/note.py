"""Signed notes, checkpoints and their keys, as C2SP signed-note and tlog-checkpoint ask for them.

A note is text, an empty line, and signature lines. A checkpoint is a note of three lines: origin,
size, root. Reading is strict: what is not written exactly as the specification says is refused,
so that no byte of a note can change unseen.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from models.errors import LedgerError

MAX_NOTE_BYTES = 1 << 16
MAX_SIGNATURES = 100
_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_DASH = "\N{EM DASH} "
_PRIVATE = "PRIVATE+KEY+"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name: what is needed to check a log's signatures."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public_key) != 32:
            raise LedgerError("An Ed25519 public key has 32 bytes.", "Copy the key again.")

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256 over name, newline, 0x01 and the public key."""
        return _key_id(self.name, self.public_key)

    @property
    def vkey(self) -> str:
        """The key as text: name, key id in hex, and the base64 of 0x01 and the key, joined by +."""
        return f"{self.name}+{self.key_id.hex()}+{_encode(_ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """Read what ``vkey`` writes.

        Raises:
            LedgerError: the text is not a verifier key, or its key id does not fit.
        """
        parts = vkey.split("+", 2)
        data = _decode(parts[2]) if len(parts) == 3 else None
        if data is None or len(data) != 33 or data[:1] != _ED25519:
            raise LedgerError(
                "This is not an Ed25519 verifier key.",
                "It has the form name+keyid+base64; copy all of it.",
            )
        verifier = cls(parts[0], data[1:])
        if parts[1] != verifier.key_id.hex():
            raise LedgerError(
                f"The verifier key of {parts[0]!r} is damaged: its id does not fit.",
                "Copy all of it again.",
            )
        return verifier

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is this key's 64-byte signature over ``text``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name."""

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.seed) != 32:
            raise LedgerError("An Ed25519 private key has 32 bytes.", "Restore the key file.")

    @classmethod
    def generate(cls, name: str) -> Signer:
        """A new random key."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return Verifier(self.name, key.public_key().public_bytes_raw())

    @property
    def skey(self) -> str:
        """The key as text; ``parse`` reads it back. Whoever reads it can sign as this log."""
        key_id = self.verifier.key_id.hex()
        return f"{_PRIVATE}{self.name}+{key_id}+{_encode(_ED25519 + self.seed)}"

    @classmethod
    def parse(cls, skey: str) -> Signer:
        """Read what ``skey`` writes.

        Raises:
            LedgerError: the text is not a signer key, or its key id does not fit. The message
                holds nothing of the key.
        """
        parts = skey.removeprefix(_PRIVATE).split("+", 2)
        data = _decode(parts[2]) if len(parts) == 3 and skey.startswith(_PRIVATE) else None
        if data is not None and len(data) == 33 and data[:1] == _ED25519:
            signer = cls(parts[0], data[1:])
            if parts[1] == signer.verifier.key_id.hex():
                return signer
        raise LedgerError("The signing key is damaged.", "Restore the key file from a backup.")

    def sign(self, text: bytes) -> bytes:
        """The 64-byte Ed25519 signature over ``text`` (RFC 8032); always the same one."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(text)


def sign_note(text: str, signers: Sequence[Signer]) -> bytes:
    """A signed note.

    Raises:
        LedgerError: the text cannot be a note's, or there is no signer.
    """
    if not signers or not text.endswith("\n") or _CONTROL.search(text):
        raise LedgerError(
            "This text cannot be signed as a note.",
            "It ends in a newline, holds no other control character, and has a signer.",
        )
    body = text.encode()
    lines = (
        f"{_DASH}{signer.name} {_encode(signer.verifier.key_id + signer.sign(body))}\n"
        for signer in signers
    )
    return body + b"\n" + "".join(lines).encode()


def open_note(note: bytes, verifiers: Sequence[Verifier]) -> str:
    """The text of a signed note, once a known key's signature over it holds.

    Signatures by unknown keys are passed over, as the specification asks: witnesses add theirs.

    Raises:
        LedgerError: the note is malformed, no known key signed it, or a known key's signature
            does not hold.
    """
    text, lines = _split_note(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    verified = False
    for line in lines:
        name, key_id, signature = _parse_signature(line)
        verifier = known.get((name, key_id))
        if verifier is None:
            continue
        if not verifier.verify(text.encode(), signature):
            raise LedgerError(
                f"The signature by {name!r} does not hold: the text was changed.",
                "Get the file again from the log's owner.",
            )
        verified = True
    if not verified:
        names = ", ".join(sorted(verifier.name for verifier in verifiers)) or "nobody"
        raise LedgerError(
            f"The note is not signed by a key that is trusted here ({names}).",
            "Check that the verifier key belongs to this log.",
        )
    return text


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head: its identity, number of leaves, and root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note text: origin, size and base64 root, a line each."""
        return f"{self.origin}\n{self.size}\n{_encode(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the note text. Extension lines are allowed, as long as they are not empty.

        Raises:
            LedgerError: it is not a checkpoint.
        """
        lines = text.split("\n")
        if len(lines) >= 4 and lines[-1] == "" and all(lines[:-1]):
            root = _decode(lines[2])
            if root is not None and len(root) == 32 and _SIZE.fullmatch(lines[1]):
                return cls(lines[0], int(lines[1]), root)
        raise LedgerError(
            "This is not a checkpoint: its lines are not origin, size and root.",
            "Get the file again from the log's owner.",
        )


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """A signed checkpoint, as published under ``checkpoint``."""
    return sign_note(checkpoint.text, [signer])


def open_checkpoint(note: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint in a note, once ``verifier``'s signature over it holds.

    Raises:
        LedgerError: the note does not verify, is not a checkpoint, or is of another log.
    """
    checkpoint = Checkpoint.parse(open_note(note, [verifier]))
    if checkpoint.origin != verifier.name:
        raise LedgerError(
            f"The checkpoint is of the log {checkpoint.origin!r}, not of {verifier.name!r}.",
            "Use the checkpoint and the key of the same log.",
        )
    return checkpoint


def create_key_file(path: Path, name: str) -> Signer:
    """Make a new key and keep it in a file that only its owner can read (mode 0600).

    Raises:
        FileExistsError: there is a file already; a key is never overwritten.
    """
    signer = Signer.generate(name)
    write_secret(path, signer.skey.encode() + b"\n")
    return signer


def write_secret(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read (mode 0600), whole or not at all.

    Raises:
        FileExistsError: there is a file already; a secret is never overwritten.
    """
    handle, temporary = tempfile.mkstemp(prefix=".secret.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        Path(temporary).unlink()


def read_key_file(path: Path) -> Signer:
    """The key in a file made by ``create_key_file``.

    Raises:
        LedgerError: the file is missing, damaged, or readable by others than its owner.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(
            f"The signing key {path} cannot be read.", "Restore it from a backup."
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise LedgerError(
            f"The signing key {path} can be read by others than its owner.",
            f"Run `chmod 600 {path}`, and think about whether somebody has copied it.",
        )
    try:
        if text.endswith("\n"):
            return Signer.parse(text[:-1])
    except LedgerError as error:
        raise LedgerError(f"{path}: {error.problem}", error.remedy) from None
    raise LedgerError(f"The signing key {path} is cut short.", "Restore it from a backup.")


def _split_note(note: bytes) -> tuple[str, list[str]]:
    problem = LedgerError(
        "This is not a signed note: text, an empty line, and signature lines.",
        "Get the file again from the log's owner.",
    )
    if len(note) > MAX_NOTE_BYTES:
        raise problem
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise problem from error
    text, separator, tail = whole.rpartition("\n\n")
    lines = tail.split("\n")
    if not separator or lines.pop() != "" or _CONTROL.search(whole):
        raise problem
    if not 0 < len(lines) <= MAX_SIGNATURES:
        raise problem
    return text + "\n", lines


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    blob = _decode(encoded)
    if not line.startswith(_DASH) or blob is None or len(blob) <= _KEY_ID_BYTES:
        raise LedgerError(
            "A signature line of the note is malformed.", "Get the file again from the log's owner."
        )
    _check_name(name)
    return name, blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:]


def _check_name(name: str) -> None:
    if not name or "+" in name or _CONTROL.search(name) or any(map(str.isspace, name)):
        raise LedgerError(
            f"{name!r} cannot name a log.",
            "Use a name without spaces and without +, such as example.com/usage-ledger.",
        )


def _key_id(name: str, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:_KEY_ID_BYTES]


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str) -> bytes | None:
    """Base64 in its one canonical spelling, else None: no two texts mean the same bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if _encode(data) == text else None
