"""The policy that a release was made under, as a file: whole, or without what it says of people."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from models.canonical import digest_bytes

FILE: Final = "policy.toml"
WITHHELD: Final = "withheld"
_SAFE = frozenset(
    {
        *("purposes", "issued", "expires", "attribution", "overrides_refusals"),
        *("document_sha256", "sha256", "standard", "chain", "from_block"),
    }
)
"""What of an entry about somebody's licence or collection tells nothing about them."""
_PLAIN = frozenset({"profile", "opt_out_name", "opt_in_target", "purposes"})
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def write_policy(said: bytes, *, whole: bool) -> bytes:
    """``policy.toml`` from the policy's canonical JSON.

    Args:
        said: ``models.releases.audited.encode_policy``.
        whole: word for word, so that reading it gives the same digest; else every text that may
            name a person, a place or a contract is replaced by ``withheld``.
    """
    value = json.loads(said)
    head = [
        "# The policy in force when the release was made.",
        f"# Its digest, over its canonical JSON and not over this file, is {digest_bytes(said)}",
    ]
    if not whole:
        value = _withhold(value)
        head.append('# What names people, places and contracts is replaced by "withheld".')
    return ("\n".join([*head, "", *_write_table((), value)]) + "\n").encode("utf-8", "replace")


def _withhold(value: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(value)
    kept["consent"] = {
        key: each if key in _PLAIN or isinstance(each, int) else _hide(each)
        for key, each in value.get("consent", {}).items()
    }
    if isinstance(value.get("nouns"), dict):
        kept["nouns"] = {
            key: _hide(each) if key == "license" else each for key, each in value["nouns"].items()
        }
    return kept


def _hide(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: each if name in _SAFE else _hide(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_hide(each, key) for each in value]
    return WITHHELD if isinstance(value, str) and value else value


def _write_table(path: tuple[str, ...], value: Mapping[str, Any]) -> list[str]:
    """A table's own values first: TOML reads whatever follows a header as that header's."""
    lines: list[str] = []
    for key, each in value.items():
        if each is not None and not _is_table(each):
            lines.append(f"{_key(key)} = {_value(each)}")
    for key, each in value.items():
        if not _is_table(each):
            continue
        inner = (*path, _key(key))
        for table in each if isinstance(each, list) else [each]:
            written = _write_table(inner, table)
            name = ".".join(inner)
            if written or isinstance(each, list):
                lines += ["", f"[[{name}]]" if isinstance(each, list) else f"[{name}]", *written]
    return lines


def _is_table(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(each, dict) for each in value)
    return isinstance(value, dict)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)
