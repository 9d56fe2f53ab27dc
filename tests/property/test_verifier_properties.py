"""Three implementations, one answer: models/ledger, the verifier in Python, and in JavaScript."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.ledger.commitments import decode_canonical, encode_canonical
from models.ledger.merkle import (
    prove_consistency,
    prove_inclusion,
    root_of,
    subtree_of,
    verify_consistency,
    verify_inclusion,
)
from tests.verifier_files import SampleLog, make_log, write
from tests.verifiers import Question, ask_javascript, ask_python
from verifier.canonical import decode_file, encode
from verifier.merkle import Edge, is_consistent, is_included
from verifier.merkle import root_of as root_again
from verifier.report import CheckError

LEAVES = [hashlib.sha256(b"\x00%d" % number).digest() for number in range(1100)]
SUBTREE = subtree_of(LEAVES)
ROOTS = [root_of([])]
_EDGE = Edge()
for _leaf in LEAVES:
    _EDGE.push(_leaf)
    ROOTS.append(_EDGE.root())
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
NEAR = st.sampled_from((0, 0, 0, 0, 1, -1, 2, 255, 2**31, 2**32, 2**52))


@dataclass(frozen=True)
class Case:
    """A claim: ``old`` is an index where it is about inclusion."""

    included: bool
    old: int
    first: bytes
    size: int
    root: bytes
    path: tuple[bytes, ...]

    def as_line(self) -> dict[str, Any]:
        """What the JavaScript side reads."""
        common = {"size": self.size, "root": self.root.hex(), "path": [p.hex() for p in self.path]}
        if self.included:
            return {"ask": "inclusion", "index": self.old, "leaf": self.first.hex(), **common}
        return {"ask": "consistency", "old": self.old, "oldRoot": self.first.hex(), **common}

    def ask_models(self) -> bool:
        """What the product says."""
        if self.included:
            return verify_inclusion(self.first, self.old, self.size, self.path, self.root)
        return verify_consistency(self.old, self.size, self.path, self.first, self.root)

    def ask_verifier(self) -> bool:
        """What the verifier in Python says."""
        if self.included:
            return is_included(self.first, self.old, self.size, self.path, self.root)
        return is_consistent(self.old, self.first, self.size, self.root, self.path)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A true claim, or one that differs from a true one in a single thing."""
    size = draw(st.integers(1, len(LEAVES)))
    included = draw(st.booleans())
    if included:
        old = draw(st.integers(0, size - 1))
        path, first = prove_inclusion(old, size, SUBTREE), LEAVES[old]
    else:
        old = draw(st.integers(1, size))
        path, first = prove_consistency(old, size, SUBTREE), ROOTS[old]
    root = ROOTS[size]
    change = draw(st.sampled_from(("", "", "old", "size", "add", "drop", "swap", "root", "first")))
    if change == "old":
        old = max(0, old + draw(NEAR))
    elif change == "size":
        size = max(0, size + draw(NEAR))
    elif change == "add":
        path.insert(draw(st.integers(0, len(path))), draw(st.sampled_from([*path, root])))
    elif change == "drop" and path:
        del path[draw(st.integers(0, len(path) - 1))]
    elif change == "swap" and path:
        at = draw(st.integers(0, len(path) - 1))
        path[at], path[0] = path[0], path[at]
    elif change == "root":
        root = draw(st.sampled_from((ROOTS[0], first, ROOTS[size - 1])))
    elif change == "first":
        first = draw(st.sampled_from((root, LEAVES[0], bytes(32))))
    return Case(included, old, first, size, root, tuple(path))


@settings(deadline=None, max_examples=5, suppress_health_check=SLOW)
@given(st.lists(cases(), min_size=100, max_size=200))
def test_three_implementations_agree_on_every_claim(claims: list[Case]) -> None:
    answers = ask_javascript([claim.as_line() for claim in claims])
    for claim, answer in zip(claims, answers, strict=True):
        assert claim.ask_models() == claim.ask_verifier() == answer, claim


@settings(deadline=None, max_examples=300)
@given(cases())
def test_the_product_and_the_verifier_agree_on_every_claim(claim: Case) -> None:
    assert claim.ask_models() == claim.ask_verifier()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(LEAVES)))
def test_the_product_and_the_verifier_come_to_the_same_root(size: int) -> None:
    assert root_of(LEAVES[:size]) == root_again(LEAVES[:size]) == ROOTS[size]


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
NAMES = st.text(st.characters(max_codepoint=127), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)


@settings(deadline=None, max_examples=300)
@given(OBJECTS)
def test_canonical_json_is_read_and_written_as_the_product_does(value: dict[str, Any]) -> None:
    data = encode_canonical(value)
    assert encode(value) == data
    assert decode_file(data + b"\n") == decode_canonical(data) == value


@settings(deadline=None, max_examples=300)
@given(OBJECTS, st.booleans(), st.booleans(), st.sampled_from((None, 0, 1)))
def test_no_other_spelling_of_the_same_value_is_read(
    value: dict[str, Any], escape: bool, ordered: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=escape, sort_keys=ordered, indent=indent)
    data = text.encode() + b"\n"
    if data != encode(value) + b"\n":
        try:
            decode_file(data)
        except CheckError:
            return
        raise AssertionError(text)


@settings(deadline=None, max_examples=4, suppress_health_check=SLOW)
@given(st.lists(OBJECTS, min_size=60, max_size=100))
def test_javascript_reads_the_same_json(values: list[dict[str, Any]]) -> None:
    # What is read is complained of for its fields, and what is not for its spelling.
    known = {"format": "kiyome.inclusion/1"}
    questions = [Question(write(value | known)) for value in values]
    questions += [Question(json.dumps(value | known).encode() + b"\n") for value in values]
    answers = ask_javascript([question.as_line() for question in questions])
    assert answers == [ask_python(question) for question in questions]


@st.composite
def files(draw: st.DrawFn) -> Question:
    """A good file of a random log, or one with a few bytes changed."""
    sizes = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    log = make_log(*sizes)
    data = draw(st.sampled_from(_make_files(draw, log)))
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2)))):
        at = draw(st.integers(0, len(data) - 1))
        other = bytes([draw(st.integers(0, 255))])
        data = draw(
            st.sampled_from((data[:at] + other + data[at + 1 :], data[:at] + other + data[at:]))
        )
    return Question(data, key=log.vkey if draw(st.booleans()) else None, leaf=log.leaves[0])


def _make_files(draw: st.DrawFn, log: SampleLog) -> list[bytes]:
    size = len(log.leaves)
    batch = draw(st.sampled_from(sorted(log.batches)))
    owner = draw(st.sampled_from(sorted(log.trees[batch].tags)))
    index = draw(st.integers(0, size - 1))
    return [
        write(log.inclusion(index)),
        write(log.consistency(draw(st.integers(1, size)))),
        write(log.completeness(batch, owner)),
        write(log.absence(batch, log.tag(draw(TEXTS) + "!", batch))),
        log.tlog_proof(index),
        log.checkpoint().encode(),
    ]


@settings(deadline=None, max_examples=4, suppress_health_check=SLOW)
@given(st.lists(files(), min_size=40, max_size=80))
def test_both_verifiers_say_the_same_of_every_file(questions: list[Question]) -> None:
    answers = ask_javascript([question.as_line() for question in questions])
    for question, answer in zip(questions, answers, strict=True):
        assert ask_python(question) == answer, question.data
