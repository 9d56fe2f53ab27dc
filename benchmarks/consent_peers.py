"""What consent checkers answer to the same inputs: Kiyome, datadiligence, and img2dataset's rule.

    python benchmarks/consent_peers.py
    python benchmarks/consent_peers.py --only "X-Robots-Tag"
    python benchmarks/consent_peers.py --totals

The inputs and what their specifications ask for are in ``consent_cases.py``. They are made anew in
each run, and every checker gets the same bytes and header lines through its public interface:

- Kiyome: ``ConsentStage`` for files and what lies beside them, ``read_web`` for headers and pages,
  then ``resolve`` under the opt-out profile, in which silence does not exclude, as with the others.
  (Under the profile that Kiyome comes with, an asset without a proven grant is excluded as well.)
- datadiligence: ``is_allowed(headers=...)``, or ``is_allowed(path=...)`` for a file.
- img2dataset: its rule for ``X-Robots-Tag`` with the directives that it disallows unless told
  otherwise. The rule is written anew here, so that the package need not be installed; it was held
  against ``is_disallowed`` of img2dataset 1.47.0 and agreed on every case and on random headers.

What a checker does not claim to read is ``not read`` and counts for nothing. An exception is no
answer: it counts as undetermined and is shown. The script succeeds whatever the figures are.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from email.message import Message
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.consent_cases import AGENT, Answer, Case, Shape, Signal, as_message, make_cases
from models.assets.asset import Asset, Location
from models.canonical import digest_bytes
from models.consent.resolution import resolve
from models.consent.stage import ConsentStage, statements_of
from models.consent.statements import Statement
from models.consent.terms import ConsentPolicy
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.reading import read_web
from models.verdicts import Verdict
from tests.consent_files import picture

IMG2DATASET_DIRECTIVES = frozenset(("noai", "noimageai", "noindex", "noimageindex"))
"""What img2dataset disallows unless it is told otherwise."""

_IMAGE_URL = "https://a.example/a.png"
_PAGE_URL = "https://a.example/"
_POLICY = ConsentPolicy(profile="opt-out", opt_out_name="benchmark", opt_in_target=date(2030, 1, 1))
_STAGE = ConsentStage(max_bytes=2**24)
_ANSWERS = {
    Verdict.CLEAR: Answer.NOT_REFUSE,
    Verdict.EXCLUDE: Answer.REFUSE,
    Verdict.REVIEW: Answer.UNDETERMINED,
    Verdict.ERROR: Answer.UNDETERMINED,
}
_NOT_READ = "not read"
_COLUMN = 21


@dataclass(frozen=True, slots=True)
class Checker:
    """One checker.

    Attributes:
        name: with its version.
        reads: the signals that it claims to read.
        shapes: the kinds of objects in which it takes headers.
        ask: its answer to one case; the folder is for the case's files.
    """

    name: str
    reads: frozenset[Signal]
    shapes: frozenset[Shape]
    ask: Callable[[Case, Path], Answer]

    def claims(self, case: Case) -> bool:
        """Whether it says of itself that it reads this."""
        return case.signal in self.reads and (case.headers is None or case.shape in self.shapes)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a checker made of one case.

    Attributes:
        case: the case.
        answer: its answer; None where it does not claim to read this.
        raised: the name of the exception in place of an answer, or "".
    """

    case: Case
    answer: Answer | None
    raised: str = ""

    @property
    def is_right(self) -> bool:
        """It is the answer that the specification gives."""
        return self.answer is self.case.expected

    @property
    def let_through(self) -> bool:
        """A refusal, or something that cannot be relied on, was taken for silence."""
        return self.answer is Answer.NOT_REFUSE and not self.is_right

    @property
    def held_back(self) -> bool:
        """It is wrong, and takes nothing for silence."""
        return self.answer not in (None, Answer.NOT_REFUSE, self.case.expected)

    def __str__(self) -> str:
        if self.answer is None:
            return _NOT_READ
        mark = "!! " if self.let_through else "! " if self.held_back else ""
        return mark + ("raised" if self.raised else self.answer.value)


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=[signal.value for signal in Signal], help="one signal")
    parser.add_argument("--totals", action="store_true", help="leave out the single cases")
    given = parser.parse_args(arguments)
    cases = [case for case in make_cases() if given.only in (None, case.signal.value)]
    checkers = find_checkers()
    logging.disable(logging.CRITICAL)  # datadiligence logs every file without credentials
    try:
        with tempfile.TemporaryDirectory() as folder:
            outcomes = {
                checker.name: [ask(checker, case, Path(folder)) for case in cases]
                for checker in checkers
            }
    finally:
        logging.disable(logging.NOTSET)
    if not given.totals:
        print_cases(cases, outcomes)
    print_totals(cases, outcomes)
    return 0


def find_checkers() -> list[Checker]:
    """Kiyome and the others, as far as they are installed."""
    found = [Checker("Kiyome", frozenset(Signal), frozenset(Shape), ask_kiyome)]
    peer = _import_datadiligence()
    if peer is None:
        print("datadiligence is not installed and is left out.")
    else:
        reads = frozenset((Signal.X_ROBOTS_TAG, Signal.TDM_HEADER, Signal.C2PA))
        name = f"datadiligence {version('datadiligence')}"
        found.append(Checker(name, reads, frozenset(Shape), partial(ask_datadiligence, peer)))
    only_tags, only_messages = frozenset((Signal.X_ROBOTS_TAG,)), frozenset((Shape.MESSAGE,))
    found.append(Checker("img2dataset's rule", only_tags, only_messages, ask_img2dataset))
    return found


def ask(checker: Checker, case: Case, folder: Path) -> Outcome:
    """One checker's outcome for one case."""
    if not checker.claims(case):
        return Outcome(case, None)
    try:
        return Outcome(case, checker.ask(case, folder))
    except Exception as error:  # noqa: BLE001  (whatever a checker raises is what it answers)
        return Outcome(case, Answer.UNDETERMINED, type(error).__name__)


def ask_kiyome(case: Case, folder: Path) -> Answer:
    """Kiyome's answer: the verdict of consent alone, under the opt-out profile."""
    image = _put(folder / f"a{case.suffix}", case.image or picture())
    sidecars = () if case.sidecar is None else (_put(folder / "a.json", case.sidecar),)
    asset = Asset(image.digest, (image,), sidecars=sidecars)
    [row] = _STAGE.examine([asset], lambda _: None).to_pylist()
    if row["fault_code"] is not None:
        return Answer.UNDETERMINED
    statements = (*statements_of(row["statements"]), *_web_statements(case))
    return _ANSWERS[resolve(asset, statements, _POLICY, int(time.time())).verdict]


def _web_statements(case: Case) -> list[Statement]:
    now = int(time.time())
    captures = []
    if case.headers is not None:
        captures.append(Capture(_IMAGE_URL, 200, case.headers, captured_at=now))
    if case.page is not None:
        html = (("content-type", "text/html"),)
        captures.append(Capture(_PAGE_URL, 200, html, case.page.encode(), now))
    page_url = _PAGE_URL if case.page is not None else ""
    return read_web(WebEvidence(_IMAGE_URL, page_url, tuple(captures)))


def ask_datadiligence(peer: ModuleType, case: Case, folder: Path) -> Answer:
    """The answer of datadiligence, which is a yes or a no."""
    if case.headers is not None:
        allowed = peer.is_allowed(headers=_shaped(case), user_agent=AGENT)
    else:
        place = _put(folder / f"a{case.suffix}", case.image or b"")
        allowed = peer.is_allowed(path=place.uri)
    return Answer.NOT_REFUSE if allowed else Answer.REFUSE


def ask_img2dataset(case: Case, folder: Path) -> Answer:  # noqa: ARG001  (headers are all it reads)
    """The answer of img2dataset's rule with the token and directives that it is given here."""
    refused = is_disallowed(as_message(case.headers or ()), AGENT, IMG2DATASET_DIRECTIVES)
    return Answer.REFUSE if refused else Answer.NOT_REFUSE


def is_disallowed(headers: Message, agent: str, directives: frozenset[str]) -> bool:
    """img2dataset's rule for response headers.

    Each ``X-Robots-Tag`` line is taken by itself. What stands before its first colon names whom it
    addresses; it counts for nobody else. Behind it stand directives between commas, in any case.
    """
    lines: list[Any] = headers.get_all("X-Robots-Tag", [])
    for line in lines:
        if not isinstance(line, str):
            continue  # a line that it cannot take apart counts as silent
        addressee, colon, rest = line.partition(":")
        if colon and addressee.lower() != agent:
            continue
        words = (rest if colon else line).split(",")
        if any(word.strip().lower() in directives for word in words):
            return True
    return False


def print_cases(cases: Sequence[Case], outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """A line for each case under the heading of its signal."""
    width = max(len(case.name) for case in cases)
    titles = _columns(outcomes)
    print("!! a refusal or a doubt was taken for silence    ! wrong in another way\n")
    for index, case in enumerate(cases):
        if index == 0 or case.signal is not cases[index - 1].signal:
            line_break = "\n" if index else ""
            print(f"{line_break}{case.signal.value.upper():{width}}  {'expected':12}  {titles}")
        answers = _columns(str(each[index]) for each in outcomes.values())
        print(f"{case.name:{width}}  {case.expected.value:12}  {answers}")
    print()
    for name, each in outcomes.items():
        for outcome in each:
            if outcome.raised:
                print(f"{name} raised {outcome.raised}: {outcome.case.name}\n")


def _columns(cells: Iterable[str]) -> str:
    return "".join(f"{cell:{_COLUMN}}" for cell in cells).rstrip()


def print_totals(cases: Sequence[Case], outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """How many each gets right for each signal and in all, and the ratio in a line."""
    print(f"{'RIGHT, OF THOSE IT CLAIMS TO READ':38}{_columns(outcomes)}")
    for signal in dict.fromkeys(case.signal for case in cases):
        cells = (_share(each, signal) for each in outcomes.values())
        print(f"{signal.value:38}{_columns(cells)}")
    for title, cell_of in (
        ("all", _share),
        (
            "refusals and doubts taken for silence",
            lambda each: str(sum(o.let_through for o in each)),
        ),
        ("wrong in other ways", lambda each: str(sum(o.held_back for o in each))),
        ("not read", lambda each: str(sum(o.answer is None for o in each))),
    ):
        print(f"{title:38}{_columns(map(cell_of, outcomes.values()))}")
    (own_name, own), *others = outcomes.items()
    parts = []
    for name, theirs in others:
        read = [(o, t) for o, t in zip(own, theirs, strict=True) if t.answer is not None]
        if read:
            ours, right = sum(o.is_right for o, _ in read), sum(t.is_right for _, t in read)
            ratio = f"{ours / right:.2f}" if right else "no ratio"
            parts.append(f"{ratio} to {name} ({ours} to {right} of {len(read)})")
    print(f"\nRatio of right answers, {own_name} to the other, where the other claims to read:")
    print(f"  {'; '.join(parts) or 'nothing was read by another'}")


def _share(outcomes: Sequence[Outcome], signal: Signal | None = None) -> str:
    read = [o for o in outcomes if o.answer is not None and signal in (None, o.case.signal)]
    return f"{sum(o.is_right for o in read)} of {len(read)}" if read else _NOT_READ


def _shaped(case: Case) -> Any:
    """The header lines of a case in the kind of object that it asks for."""
    lines = case.headers or ()
    if case.shape is Shape.MESSAGE:
        return as_message(lines)
    if case.shape is Shape.DICT:
        return dict(lines)
    from requests.structures import CaseInsensitiveDict

    return CaseInsensitiveDict(lines)


def _put(path: Path, data: bytes) -> Location:
    path.write_bytes(data)
    return Location(path.name, str(path), len(data), digest=digest_bytes(data))


def _import_datadiligence() -> ModuleType | None:
    try:
        version("datadiligence")
    except PackageNotFoundError:
        return None
    with contextlib.redirect_stdout(
        io.StringIO()
    ):  # it says there that it has no key for a service
        return importlib.import_module("datadiligence")


if __name__ == "__main__":
    sys.exit(main())
