"""The archive: a ZIP file whose every byte follows from its members, and the signature over them.

``bundle.json`` lists every other member with its SHA-256, and ``bundle.note`` is a signed note
(C2SP signed-note) over the digest of ``bundle.json``. Members are stored, not compressed, in the
order of their names and without times, so that the same members always make the same file: whoever
checks one makes it again, and nothing can hide between members. docs/compliance.md describes the
format.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from models.canonical import canonical_json, digest_bytes
from models.errors import KiyomeError, LedgerError, ReleaseError
from models.ledger.note import Signer, Verifier, open_note, sign_note
from models.recursion import is_nested_deeper

FORMAT: Final = "kiyome/bundle/1"
INDEX: Final = "bundle.json"
NOTE: Final = "bundle.note"
MOST_BYTES: Final = 2 * 1024**3
"""A larger file is no bundle: it would have to be held in memory."""
MOST_MEMBERS: Final = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[a-z0-9][a-z0-9._-]{0,99})?", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE: Final = 0o100644 << 16
_UNIX: Final = 3
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a bundle, as its index names it."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CheckedBundle:
    """A bundle that holds.

    Attributes:
        release: its id.
        dataset, number: which release of which dataset it is about.
        is_confidential: it holds what is not for publishing.
        members: every file but the index and the note.
        signer: the name of the key that signed.
        key_was_given: whoever checked brought the key; else it is the one in the bundle, which
            shows only that the bundle agrees with itself.
    """

    release: str
    dataset: str
    number: int
    is_confidential: bool
    members: tuple[Member, ...]
    signer: str
    key_was_given: bool


def pack(
    members: Mapping[str, bytes],
    signer: Signer,
    *,
    release: str,
    dataset: str,
    number: int,
    is_confidential: bool,
) -> bytes:
    """The signed archive of some members; equal members give equal bytes.

    Raises:
        ReleaseError: a member cannot be named so.
    """
    for path in members:
        if not _NAME.fullmatch(path) or path in (INDEX, NOTE):
            raise ReleaseError(
                f"{path!r} cannot be the name of a file in a bundle.",
                "Use letters, digits, dots, hyphens and underscores.",
            )
    index = {
        "confidential": is_confidential,
        "dataset": dataset,
        "format": FORMAT,
        "members": [
            {"bytes": len(data), "path": path, "sha256": digest_bytes(data)}
            for path, data in sorted(members.items())
        ],
        "number": number,
        "release": release,
    }
    encoded = canonical_json(index) + b"\n"
    note = sign_note(_signed_text(signer.name, encoded), [signer])
    return _zip({**members, INDEX: encoded, NOTE: note})


def check(data: bytes, verifier: Verifier | None) -> CheckedBundle:
    """Make sure of every digest and of the signature.

    Args:
        verifier: the ledger's key, from a source that is trusted; None for the bundle's own.

    Raises:
        ReleaseError: the file is no bundle, or it was changed; the message says where.
    """
    members = _unzip(data)
    try:
        index, note = members.pop(INDEX), members.pop(NOTE)
    except KeyError as error:
        raise _refuse(f"{error.args[0]} is missing") from None
    used = verifier or _own_key(members)
    try:
        said = open_note(note, [used])
    except LedgerError as error:
        raise ReleaseError(
            f"The bundle is not what was signed: {error.problem}", error.remedy
        ) from (error)
    if said != _signed_text(used.name, index):
        raise _refuse(f"{INDEX} is not the one that was signed")
    try:
        value, listed = _read_index(index)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _refuse(f"{INDEX} cannot be read ({error})") from error
    _compare(members, listed)
    return CheckedBundle(
        value["release"],
        value["dataset"],
        value["number"],
        value["confidential"],
        listed,
        used.name,
        verifier is not None,
    )


def _compare(members: Mapping[str, bytes], listed: tuple[Member, ...]) -> None:
    by_path = {member.path: member for member in listed}
    for path in sorted(by_path.keys() - members.keys()):
        raise _refuse(f"{path} is missing")
    for path, data in sorted(members.items()):
        member = by_path.get(path)
        if member is None:
            raise _refuse(f"{path} is not listed in {INDEX}")
        if (len(data), digest_bytes(data)) != (member.size, member.sha256):
            raise _refuse(f"{path} was changed")


def _read_index(data: bytes) -> tuple[dict[str, Any], tuple[Member, ...]]:
    text = data.decode("utf-8")
    if is_nested_deeper(text, _DEEPEST):
        raise ValueError("it is nested deeper than an index is")
    value = json.loads(text)
    if rfc8785.dumps(value) + b"\n" != data:
        raise ValueError("it is not canonical JSON")
    keys = {"confidential", "dataset", "format", "members", "number", "release"}
    if value.keys() != keys or value["format"] != FORMAT:
        raise ValueError(f"it is not of the format {FORMAT}")
    sound = (
        type(value["confidential"]) is bool
        and type(value["number"]) is int
        and isinstance(value["dataset"], str)
        and isinstance(value["release"], str)
        and _DIGEST.fullmatch(value["release"])
    )
    listed = tuple(Member(each["path"], each["bytes"], each["sha256"]) for each in value["members"])
    paths = [member.path for member in listed]
    if not sound or paths != sorted(set(paths)):
        raise ValueError("it says something impossible")
    return value, listed


def _own_key(members: Mapping[str, bytes]) -> Verifier:
    try:
        vkey = json.loads(members["ledger.json"])["vkey"]
        return Verifier.parse(vkey)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError, LedgerError) as error:
        raise _refuse("ledger.json names no key") from error


def _signed_text(origin: str, index: bytes) -> str:
    # The second line is no number, so that this can never be read as a checkpoint.
    return f"{origin}\n{FORMAT}\n{digest_bytes(index)}\n"


def _zip(members: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for path, data in sorted(members.items()):
            entry = zipfile.ZipInfo(path, _FIRST_DAY)
            entry.external_attr, entry.create_system = _REGULAR_FILE, _UNIX
            archive.writestr(entry, data)
    return sink.getvalue()


def _unzip(data: bytes) -> dict[str, bytes]:
    if len(data) > MOST_BYTES:
        raise _refuse("it is larger than a bundle is")
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_MEMBERS:
                raise _refuse("it holds more files than a bundle does")
            for entry in entries:
                if entry.compress_type != zipfile.ZIP_STORED or not _NAME.fullmatch(entry.filename):
                    raise _refuse("a file in it has a name or a form that no bundle has")
                if entry.filename in members or entry.file_size > len(data):
                    raise _refuse(f"{entry.filename} is in it twice, or cut short")
                members[entry.filename] = archive.read(entry)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise _refuse(f"it is damaged ({error})") from error
    except RuntimeError as error:  # an encrypted member
        raise _refuse(f"it cannot be read ({error})") from error
    if _zip(members) != data:
        raise _refuse("there is something in it beside its files")
    return members


def _refuse(problem: str) -> KiyomeError:
    return ReleaseError(
        f"This is not a whole, unchanged bundle: {problem}.",
        "Get it again from whoever published the release.",
    )
