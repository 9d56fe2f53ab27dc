"""What an item asks, apart from the picture that it asks about: two items may ask the same.

Near-identical pictures are ruled on together only where the ruling answers one and the same
question: for the same reasons, about the same motifs, about the same words, on the same consent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, get_args

from models.canonical import digest_bytes

Aspect = Literal["reasons", "motifs", "names", "consent", "frames"]
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)

_NAMES = ("name_protected", "name_possible", "unknown_term")
_WHERE_IT_STOOD = ("source", "observed_at", "anchor", "sequence")
"""Keys of a statement that say where and when it was read, and not what it says."""


def digest_asked(evidence: Mapping[str, Any]) -> str:
    """SHA-256 of what evidence asks; the same digest may be ruled on together."""
    return digest_bytes(_write(read_asked(evidence)).encode())


def compare_asked(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Aspect, ...]:
    """In what the questions of two items differ; nothing where they ask the same."""
    first, second = read_asked(one), read_asked(other)
    return tuple(aspect for aspect in ASPECTS if first[aspect] != second[aspect])


def read_asked(evidence: Mapping[str, Any]) -> dict[Aspect, list[str]]:
    """What is asked, aspect by aspect, in an order of its own.

    Of a motif it counts which one was found and how, and not where in the picture. Of a name or a
    term the text that it stands in counts too: the same word may be a name in one sentence and not
    in another.
    """
    findings = _read_dicts(evidence, "findings")
    captions = _read_dicts(evidence, "captions")
    owners = {card.get("id"): card.get("owner", "") for card in _read_dicts(evidence, "references")}
    asked: dict[Aspect, list[str]] = {aspect: [] for aspect in ASPECTS}
    reasons = evidence.get("reasons")
    asked["reasons"] = [str(code) for code in reasons] if isinstance(reasons, list) else []
    for finding in findings:
        kind = str(finding.get("kind", ""))
        if kind in _NAMES:
            asked["names"].append(_describe_name(finding, captions))
        elif kind.startswith("motif_"):
            label = finding.get("label") or finding.get("reference")
            owner = owners.get(finding.get("reference"), "")
            asked["motifs"].append(_write([kind, label, finding.get("category"), owner]))
        else:
            asked["frames"].append(_write([kind, finding.get("explanation")]))
    asked["consent"] = [_describe_statement(s) for s in _read_dicts(evidence, "statements")]
    return {aspect: sorted(set(values)) for aspect, values in asked.items()}


def _describe_name(finding: Mapping[str, Any], captions: list[Mapping[str, Any]]) -> str:
    keys = ("kind", "reference", "category", "term", "surface", "source")
    index = finding.get("caption")
    known = isinstance(index, int) and 0 <= index < len(captions)
    text = captions[index].get("text") if known and isinstance(index, int) else None
    return _write([*(finding.get(key) for key in keys), text])


def _describe_statement(statement: Mapping[str, Any]) -> str:
    said = {key: value for key, value in statement.items() if key not in _WHERE_IT_STOOD}
    observed = statement.get("observed_at")
    if observed is not None and said.get("issued_at") == observed:
        said.pop("issued_at")
    return _write(said)


def _read_dicts(evidence: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = evidence.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _write(value: Any) -> str:
    """ASCII only: a caption may hold half a surrogate pair, which canonical JSON refuses."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
