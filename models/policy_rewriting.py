"""A new version of a policy file in which one number is another; comments and order stay.

The text is changed in two places at most, and read again: what comes out says what the old file
says, with the new version and the new number, or nothing is written.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from models.canonical import digest_of
from models.errors import PolicyError, WorkspaceError
from models.files import write_atomically
from models.policy import Policy, parse_policy

_VERSION = re.compile(r"(?m)^(\s*version\s*=\s*)(\"[^\"\n]*\"|'[^'\n]*')")
_COUNTED = re.compile(r"^(.*?)(\d+)$")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A new version of a policy.

    Attributes:
        text: the whole file.
        policy: what it says.
        difference: the lines that differ, as a unified diff.
    """

    text: str
    policy: Policy
    difference: str


def rewrite_number(text: str, section: str, key: str, value: float, version: str) -> Rewritten:
    """Put another number and another version into the text of a policy.

    Raises:
        PolicyError: the file is written in a way in which this cannot be done for certain.
    """
    before = tomllib.loads(text)
    changed, count = _VERSION.subn(rf'\g<1>"{version}"', text, count=1)
    if count != 1:
        raise _unsure("version")
    changed = _put(changed, section, key, f"{value:g}")
    try:
        after = tomllib.loads(changed)
    except tomllib.TOMLDecodeError as error:
        raise _unsure(f"{section}.{key}") from error
    wanted = {**before, "version": version}
    wanted[section] = {**before.get(section, {}), key: float(f"{value:g}")}
    if digest_of(_plain(after)) != digest_of(_plain(wanted)):
        raise _unsure(f"{section}.{key}")
    lines = difflib.unified_diff(
        text.splitlines(), changed.splitlines(), "before", "after", lineterm="", n=1
    )
    return Rewritten(changed, parse_policy(changed), "\n".join(lines))


def count_version(version: str) -> str:
    """The version after this one: its last number counted up, or ".1" put behind it."""
    found = _COUNTED.match(version)
    return f"{found[1]}{int(found[2]) + 1}" if found else f"{version}.1"


def write_version(file: Path, rewritten: Rewritten) -> Path:
    """Write a new version beside the file of the old one; nothing is overwritten.

    Raises:
        WorkspaceError: the file is there already, or cannot be written.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", rewritten.policy.version)
    path = file.with_name(f"{file.stem}-{safe}{file.suffix}")
    if path.exists() and path.read_bytes() != rewritten.text.encode():
        raise WorkspaceError(
            f"{path} is there already, and says something else.",
            "Move it away, or give the policy in force another version, and propose anew.",
        )
    try:
        write_atomically(path, rewritten.text.encode())
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Make the policy's folder writable, or put the lines in by hand.",
        ) from error
    return path


def _put(text: str, section: str, key: str, value: str) -> str:
    """Set a key of a table that stands by itself; a table that is not there is put at the end."""
    lines = text.splitlines(keepends=True)
    inside, header = False, -1
    for number, line in enumerate(lines):
        if match := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$", line):
            inside = match[1] == section
            header = number if inside else header
        elif re.match(r"\s*\[\[", line):
            inside = False
        elif inside and (match := re.match(rf"(\s*{re.escape(key)}\s*=\s*)[0-9.eE+_-]+", line)):
            lines[number] = match[1] + value + line[match.end() :]
            return "".join(lines)
    if header >= 0:
        lines.insert(header + 1, f"{key} = {value}\n")
        return "".join(lines)
    end = "" if text.endswith("\n") else "\n"
    return f"{text}{end}\n[{section}]\n{key} = {value}\n"


def _plain(value: object) -> object:
    """TOML values as JSON takes them; whole numbers and decimals of the same value are equal."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, bool | str):
        return value
    return repr(float(value)) if isinstance(value, int | float) else str(value)


def _unsure(what: str) -> PolicyError:
    return PolicyError(
        f"The place of {what} in the policy file cannot be told for certain.",
        "Write the policy with one key a line, as `kiyome init` does, or change it by hand.",
    )
