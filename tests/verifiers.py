"""Asks the verifiers in Python and JavaScript the same questions."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from verifier.heads import Trust, compare_heads
from verifier.note import Key
from verifier.proofs import examine

ROOT = Path(__file__).parents[1]
VERIFY_MJS = ROOT / "verifier" / "js" / "verify.mjs"
BATCH_MJS = ROOT / "tests" / "verifier_batch.mjs"


@dataclass(frozen=True)
class Question:
    """A file and what is given along with it."""

    data: bytes
    key: str | None = None
    leaf: bytes | None = None
    owner_key: bytes | None = None

    def as_line(self) -> dict[str, Any]:
        """What the JavaScript side reads."""
        return {
            "ask": "file",
            "name": "a file",
            "data": base64.b64encode(self.data).decode(),
            "key": self.key,
            "leaf": self.leaf.hex() if self.leaf else None,
            "ownerKey": self.owner_key.hex() if self.owner_key else None,
        }


def ask_python(question: Question) -> dict[str, Any]:
    """The report of the verifier in Python."""
    key = Key.parse(question.key) if question.key else None
    trust = Trust(key=key, leaf=question.leaf, owner_key=question.owner_key)
    examined = examine("a file", question.data, trust)
    compare_heads([examined], trust)
    report = examined.report().as_dict()
    return dict(json.loads(json.dumps(report)))


def find_node() -> str:
    """Where Node.js is; without it, or with one that is too old, the test is skipped."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js: put node 20 or newer on PATH")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 20:
        pytest.skip(f"Node.js is {version.strip()}: the verifier in JavaScript needs 20 or newer")
    return node


def ask_javascript(questions: Sequence[dict[str, Any]]) -> list[Any]:
    """What the verifier in JavaScript answers, from one process."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run(
        [find_node(), str(BATCH_MJS)], input=lines, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions)
    return answers


def failed(report: dict[str, Any]) -> list[str]:
    """The names of the checks that failed."""
    return [check["name"] for check in report["checks"] if check["status"] == "failed"]


def change_fields(value: Any, depth: int = 0) -> Iterator[Any]:
    """The same JSON with one thing changed: a field gone, of another type, or of another value."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield {key: kept for key, kept in value.items() if key != name}
            for changed in change_fields(part, depth + 1):
                yield {**value, name: changed}
        yield {**value, "surplus": 0}
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield value[:at] + value[at + 1 :]
            yield [*value[:at], part, *value[at:]]
            for changed in change_fields(part, depth + 1):
                yield [*value[:at], changed, *value[at + 1 :]]
        yield value[::-1] if value != value[::-1] else [*value, 0]
    elif type(value) is int:
        yield from (value + 1, value - 1, -value - 1, value + 2**40, str(value), [value])
    elif isinstance(value, str):
        yield from (value + "0", value[:-1], value.upper(), value[::-1], 0, [value], {value: value})
    if depth and value is not None:
        yield None
