"""The comparison of consent checkers: its cases are well-formed, and it counts what it sees."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.consent_cases import Answer, Case, Shape, Signal, as_message, make_cases
from benchmarks.consent_peers import (
    IMG2DATASET_DIRECTIVES,
    Checker,
    Outcome,
    ask,
    ask_img2dataset,
    ask_kiyome,
    find_checkers,
    is_disallowed,
    main,
)

CASES = make_cases()
REFUSING = Case(Signal.X_ROBOTS_TAG, "a case", Answer.REFUSE, "a source", headers=())


def checker(answer: Answer, *reads: Signal) -> Checker:
    return Checker("a peer", frozenset(reads), frozenset((Shape.MESSAGE,)), lambda *_: answer)


def test_every_case_gives_exactly_one_kind_of_input() -> None:
    for case in CASES:
        given = [each is not None for each in (case.headers, case.page, case.image)]
        assert sum(given) == 1, case.name
        assert case.sidecar is None or case.image is not None


def test_every_case_is_named_once_and_names_its_source() -> None:
    assert max(Counter((case.signal, case.name) for case in CASES).values()) == 1
    assert all(case.name.strip() and case.source for case in CASES)


def test_no_input_stands_twice() -> None:
    inputs = Counter(
        (c.signal, c.headers, c.shape, c.page, c.image, c.suffix, c.sidecar) for c in CASES
    )
    assert max(inputs.values()) == 1


@pytest.mark.parametrize("signal", list(Signal))
def test_every_signal_has_refusals_and_cases_without_one(signal: Signal) -> None:
    expected = {case.expected for case in CASES if case.signal is signal}
    assert {Answer.REFUSE, Answer.NOT_REFUSE} <= expected


def test_a_message_keeps_every_line_that_was_sent() -> None:
    message = as_message((("X-Robots-Tag", "noindex"), ("x-robots-tag", "noai")))
    assert message.get_all("X-Robots-Tag") == ["noindex", "noai"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], False),
        (["noai"], True),
        (["NoImageAI"], True),
        (["all, noindex"], True),
        (["nofollow", "noai"], True),
        (["us: noai"], True),
        (["Us: noai"], True),
        (["us : noai"], False),
        (["them: noai"], False),
        (["noai, them: nofollow"], False),
        (["none"], False),
        (["noaix"], False),
    ],
)
def test_the_rule_of_img2dataset_is_the_one_that_it_documents(
    lines: list[str], expected: bool
) -> None:
    headers = as_message(tuple(("X-Robots-Tag", line) for line in lines))
    assert is_disallowed(headers, "us", IMG2DATASET_DIRECTIVES) is expected


def test_what_a_checker_does_not_claim_to_read_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    outcome = ask(checker(Answer.NOT_REFUSE, Signal.PLUS), REFUSING, tmp_path)
    assert str(outcome) == "not read"
    assert [outcome.is_right, outcome.let_through, outcome.held_back] == [False] * 3


@pytest.mark.parametrize(
    ("expected", "answer", "kind"),
    [
        (Answer.REFUSE, Answer.NOT_REFUSE, "let_through"),
        (Answer.UNDETERMINED, Answer.NOT_REFUSE, "let_through"),
        (Answer.UNDETERMINED, Answer.REFUSE, "held_back"),
        (Answer.NOT_REFUSE, Answer.UNDETERMINED, "held_back"),
        (Answer.REFUSE, Answer.REFUSE, "is_right"),
        (Answer.NOT_REFUSE, Answer.NOT_REFUSE, "is_right"),
    ],
)
def test_every_answer_is_of_exactly_one_kind(expected: Answer, answer: Answer, kind: str) -> None:
    outcome = Outcome(Case(Signal.PLUS, "a case", expected, "a source"), answer)
    kinds = ("is_right", "let_through", "held_back")
    assert [name for name in kinds if getattr(outcome, name)] == [kind]


def test_an_exception_is_no_answer_and_is_shown(tmp_path: Path) -> None:
    def fail(case: Case, folder: Path) -> Answer:
        raise TypeError

    peer = Checker("a peer", frozenset(Signal), frozenset(Shape), fail)
    outcome = ask(peer, REFUSING, tmp_path)
    assert (outcome.answer, outcome.raised) == (Answer.UNDETERMINED, "TypeError")
    assert str(outcome) == "! raised"


@pytest.mark.parametrize("signal", list(Signal))
def test_kiyome_is_asked_for_a_refusal_and_for_silence(signal: Signal, tmp_path: Path) -> None:
    of_signal = [case for case in CASES if case.signal is signal]
    for expected in (Answer.REFUSE, Answer.NOT_REFUSE):
        case = next(case for case in of_signal if case.expected is expected)
        assert ask_kiyome(case, tmp_path) is expected


def test_a_case_leaves_nothing_behind_for_the_next(tmp_path: Path) -> None:
    refused = next(case for case in CASES if case.sidecar and case.expected is Answer.REFUSE)
    silent = next(case for case in CASES if case.name == "PNG without credentials")
    assert ask_kiyome(refused, tmp_path) is Answer.REFUSE
    assert ask_kiyome(silent, tmp_path) is Answer.NOT_REFUSE


def test_img2dataset_is_asked_for_its_own_directives(tmp_path: Path) -> None:
    noindex = next(case for case in CASES if case.name == "noindex" and case.headers)
    assert ask_img2dataset(noindex, tmp_path) is Answer.REFUSE


def test_kiyome_stands_first_and_claims_every_signal() -> None:
    first, *others = find_checkers()
    assert first.name == "Kiyome"
    assert first.reads == frozenset(Signal)
    assert "img2dataset's rule" in [other.name for other in others]


def test_the_script_prints_each_case_and_the_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", Signal.ROBOTS_META.value]) == 0
    printed = capsys.readouterr().out
    for case in CASES:
        if case.signal is Signal.ROBOTS_META:
            assert f"\n{case.name}  " in printed
    assert "PLUS IN XMP" not in printed
    assert "of 9 " in printed


def test_the_script_can_leave_out_the_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", Signal.TDM_HEADER.value, "--totals"]) == 0
    printed = capsys.readouterr().out
    assert "RIGHT, OF THOSE IT CLAIMS TO READ" in printed
    assert "1 with a policy" not in printed
